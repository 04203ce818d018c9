// Parts of several tabs: the output with its progress and errors, digits, bars and distributions.

import { entered, h, s, button, number, percent, randomSeed, saveBlob, toast } from "./dom.js";
import { file, latest } from "./api.js";

// Buttons that save, copy or link the result. They are off unless the shown result is that of the
// fields: `close` when a field changes, `open` with what `close` returned when its result is shown.
export function gate() {
  const buttons = [];
  let version = 0;
  const enable = (on) => buttons.forEach((button) => (button.disabled = !on));
  return {
    add(button) {
      button.disabled = true;
      buttons.push(button);
      return button;
    },
    close() {
      enable(false);
      return ++version;
    },
    version: () => version,
    open(own) {
      if (own === version) enable(true);
    },
  };
}

// The shape of a result that is being made: blocks of these heights, in rem.
const shape = (heights) => h("div", { class: "stack shape" }, h("p", { class: "soft small loading-note" }, "The models are still loading."), heights.map((height) => {
  const block = h("div", { "aria-hidden": "true" });
  block.style.height = `${height}rem`;
  return block;
}));

// The output of a tab. It keeps the last result while the next one is made, and shows progress and
// errors. `action` adds a button to its gate, `changed` closes the gate, `empty` shows a text instead
// of a result, `stop` ends the request, `saving` does something with the result. `heights` are the shape of the first result. A `lasting` result
// is usable after an error of the next one.
export function output(label, { heights = [], lasting = false } = {}) {
  const body = h("div", { class: "stack" });
  const fill = h("div");
  const bar = h("div", { class: "progress", role: "progressbar", "aria-label": "Progress" }, fill);
  const message = h("div", { role: "alert" });
  const element = h("section", { class: "card output", "aria-label": label, "aria-busy": "false" }, bar, message, body);
  const run = latest(), actions = gate();
  let timer, latestMade = 0, unsaved = null;

  function busy(on) {
    clearTimeout(timer);
    element.setAttribute("aria-busy", String(on));
    if (on) timer = setTimeout(() => bar.classList.add("on", "unknown"), 300);
    else bar.classList.remove("on", "unknown");
  }

  function progress(done, total) {
    bar.classList.remove("unknown");
    bar.setAttribute("aria-valuenow", Math.round((100 * done) / total));
    fill.style.width = `${(100 * done) / total}%`;
  }

  function show(...parts) {
    complain(null);
    body.replaceChildren(...parts);
    body.inert = false;
  }

  function complain(error, again) {
    unsaved = null;
    message.replaceChildren(...(error ? [h("div", { class: "message row between" }, h("p", {}, sentence(error.message)), error.temporary && button("Try again", again))] : []));
  }

  function fail(error, again, stays) {
    busy(false);
    // The result that is still there belongs to another request.
    body.inert ||= !stays;
    if (body.querySelector(":scope > .shape")) body.replaceChildren();
    complain(error, again);
  }

  // What is shown is about to change: another try would be one with the old fields.
  function change() {
    if (unsaved) complain(null);
    message.querySelector("button")?.remove();
    return actions.close();
  }

  // Does `job` with the shown result, such as saving it as `name`.
  async function saving(name, job) {
    const version = actions.version();
    try {
      await job();
      if (unsaved === name) complain(null);
    } catch (error) {
      if (version !== actions.version()) return toast(`${name} was not saved`);
      complain(error, () => { complain(null); saving(name, job); });
      unsaved = name;
    }
  }

  // Returns whether it has shown the result. After an error the last result stays usable if it `stays`.
  async function make(job, shown, stays = lasting) {
    const version = change(), own = ++latestMade;
    busy(true);
    fill.style.width = "";
    bar.removeAttribute("aria-valuenow");
    if (!body.firstChild) body.replaceChildren(shape(heights));
    try {
      const result = await run((signal) => job({ signal, progress }));
      if (result === undefined) return false;
      const parts = [await shown(result)].flat();
      if (own !== latestMade) return false;
      show(...parts);
      busy(false);
      actions.open(version);
      return true;
    } catch (error) {
      if (own === latestMade) fail(error, () => make(job, shown, stays), stays);
      return false;
    }
  }

  function stop() {
    latestMade++;
    run.stop();
    busy(false);
  }

  function empty(text) {
    change();
    stop();
    show(h("p", { class: "soft" }, text));
  }

  return { element, body, make, empty, stop, saving, action: actions.add, changed: change };
}

// A tab's output above its buttons: the main one, and those that save, copy or link the result.
export const outcome = (place, first, ...others) =>
  h("div", { class: "stack outcome" }, place.element, h("div", { class: "actions" }, first, h("div", { class: "row" }, others.map(place.action))));

// A seed; a field that is left empty gets a random one.
export function seedField(run) {
  const input = number({ min: 0, max: 2 ** 32 - 1, on: { input: () => run(entered(input)), blur: () => input.value || run(String(randomSeed())) } });
  return input;
}

// Fields show what they are set to. A field that shows it already is left alone: somebody may be typing.
export function setFields(values) {
  for (const [input, value] of values) if (entered(input) !== value) input.value = value ?? "";
}

// Saves a picture that the server makes.
export const saveFile = (place, name, path, parameters) => place.saving(name, async () => saveBlob(name, await file(path, parameters)));

export const sentence = (text) => text[0].toUpperCase() + text.slice(1);

export async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

// The digits of a grid, each on its own canvas.
export async function tiles(result, caption, { doubtful = () => false } = {}) {
  const sprite = await loadImage(result.picture);
  return result.digits.map((digit, index) => {
    const canvas = cut(sprite, index % result.columns, Math.floor(index / result.columns), result.size);
    const text = caption(digit, index);
    canvas.setAttribute("aria-label", `reads ${digit.reads}, ${percent(digit.confidence)}`);
    return h("figure", { class: doubtful(digit) ? "tile doubtful" : "tile" }, canvas, text && h("figcaption", {}, text));
  });
}

export function cut(sprite, column, row, size) {
  const canvas = h("canvas", { width: size, height: size, role: "img" });
  canvas.getContext("2d").drawImage(sprite, column * size, row * size, size, size, 0, 0, size, size);
  return canvas;
}

export function bars(probabilities, asked = []) {
  const most = probabilities.indexOf(Math.max(...probabilities));
  return h("ul", { class: "bars", "aria-label": "Probability of each digit" }, probabilities.map((share, digit) => {
    const fill = h("div", { class: "fill" });
    fill.style.width = `${100 * share}%`;
    const classes = [digit === most && "top-one", asked.includes(digit) && "asked"].filter(Boolean).join(" ");
    return h("li", { class: classes || null }, h("span", {}, String(digit)), h("span", { class: "track", "aria-hidden": "true" }, fill), h("span", { class: "percent" }, percent(share)));
  }));
}

export function sumChart({ distribution, sum, interval, probability }) {
  const shares = Object.entries(distribution).map(([total, share]) => [Number(total), share]);
  const totals = shares.map(([total]) => total);
  const low = Math.min(...totals, interval[0], sum - 6), high = Math.max(...totals, interval[1], sum + 6);
  const width = 460, height = 150, floor = 120, left = 8;
  const step = (width - 2 * left) / (high - low + 1), most = Math.max(...shares.map(([, share]) => share));
  const at = (total) => left + (total - low) * step;
  const every = Math.max(1, Math.ceil(34 / step));
  const marks = [];
  for (let total = low; total <= high; total++) if ((total - sum) % every === 0 && total >= 0) marks.push(total);
  return s("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `The sum is ${sum} (${percent(probability)}), 90% interval ${interval[0]} to ${interval[1]}` },
    s("rect", { class: "interval", x: at(interval[0]), y: 6, width: (interval[1] - interval[0] + 1) * step, height: floor - 6, rx: 4 }),
    shares.map(([total, share]) => s("rect", { class: total === sum ? "bar most" : "bar", x: at(total) + Math.min(step * 0.14, 6), width: Math.max(step - Math.min(step * 0.28, 12), 1), y: floor - (share / most) * (floor - 14), height: (share / most) * (floor - 14), rx: Math.min(4, step / 5) }, s("title", {}, `${total}: ${percent(share)}`))),
    s("line", { class: "axis", x1: 0, x2: width, y1: floor + .5, y2: floor + .5 }),
    marks.map((total) => s("text", { x: at(total) + step / 2, y: floor + 18, "text-anchor": "middle" }, String(total))));
}

export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)))));

export const intro = (title, lede) => h("div", { class: "intro" }, h("h2", {}, title), h("p", {}, lede));
