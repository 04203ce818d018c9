// Identify: draw, drop, paste or choose a picture; what it says is followed live.

import { h, s, blobOf, button, percent, randomSeed, segments } from "../dom.js";
import { ask } from "../api.js";
import { bars, facts, intro, output, sumChart } from "../parts.js";
import { Pad } from "../pad.js";

const PENS = [["thin", "Thin", 0.022], ["middle", "Medium", 0.04], ["thick", "Thick", 0.065]];
const LIVE_MILLISECONDS = 140;
// Larger photos are made smaller before they are sent: no digit gains by more.
const MOST_PIXELS = 4_000_000;

export function mount(panel) {
  const place = output("What it says");
  let mode = "row", pen = "middle", photo = null, chosen = 0, timer = 0, reading = null;

  const pad = new Pad({ label: "Sheet to draw digits on", changed: (drawing) => {
    leavePhoto();
    update();
    if (drawing) timer ||= setTimeout(() => { timer = 0; request(); }, LIVE_MILLISECONDS);
    else request();
  } });
  const overlay = s("svg", { class: "overlay", "aria-hidden": "true" });
  const picture = h("img", { class: "photo", alt: "The picture that you chose", hidden: true });
  const hint = h("p", { class: "pad-hint", "aria-hidden": "true" }, "Draw here", h("small", {}, "or drop or paste a picture"));
  const sheet = h("div", { class: "sheet-to-draw", data: { mode } }, pad.canvas, picture, overlay, hint);
  const kind = segments("What to draw", [["row", "A row"], ["one", "One digit"]], mode, (value) => {
    mode = value;
    sheet.dataset.mode = mode;
    fit();
    pad.clear();
  });
  const pens = segments("Pen", PENS.map(([key, label]) => [key, label]), pen, (value) => {
    pen = value;
    fit();
  });
  const undo = button("Undo", () => pad.undo(), { symbol: "undo", only: true });
  const clear = button("Clear", () => { leavePhoto(); pad.clear(); }, { symbol: "clear", only: true });
  const file = h("input", { type: "file", accept: "image/*", class: "hidden-label", tabindex: "-1", "aria-label": "A picture of digits", on: { change: () => file.files[0] && take(file.files[0]) } });
  const drop = h("div", { class: "drop row" }, button("Choose a photo", () => file.click(), { symbol: "photo" }), button("Show an example", example), file);

  panel.append(
    intro("Draw digits, and see them read", "One digit or a whole row, with mouse, pen or finger; or a photo of some. What the reader sees, how sure it is, and the exact distribution of the sum follow as you draw."),
    h("div", { class: "split identify" },
      h("div", { class: "stack" }, h("div", { class: "identify-tools" }, kind, h("div", { class: "row" }, undo, clear)), sheet, h("div", { class: "identify-more" }, pens, drop)),
      place.element));
  nothing();
  update();
  fit();

  function fit() {
    const share = PENS.find(([key]) => key === pen)[2];
    // A row's sheet is wider, and its digits smaller.
    pad.pen = mode === "one" ? 1.5 * share : 0.55 * share;
  }

  function update() {
    hint.hidden = !pad.empty || photo !== null;
    undo.disabled = pad.empty;
    clear.disabled = pad.empty && photo === null;
  }

  function nothing(told = "Nothing is drawn yet.") {
    reading = null;
    overlay.replaceChildren();
    place.body.replaceChildren(h("p", { class: "soft" }, told));
  }

  async function request() {
    if (photo === null && pad.empty) {
      place.make(async () => null, () => { nothing(); return place.body.firstChild; });
      return;
    }
    const parameters = mode === "one" && photo === null ? { length: 1 } : {};
    await place.make(async ({ signal, progress }) => {
      const body = photo ?? (await pad.picture(mode === "one" ? 320 : 800));
      // Not every drawing can be one digit: then it is read as what it is.
      try {
        return await ask("predict", parameters, { signal, body, progress });
      } catch (error) {
        if (parameters.length && error.status === 422) return ask("predict", {}, { signal, body });
        throw error;
      }
    }, shown);
  }

  function shown(told) {
    reading = told;
    chosen = Math.min(chosen, Math.max(told.digits.length - 1, 0));
    if (!told.digits.length) {
      drawBoxes();
      return h("p", { class: "soft" }, told.message === "no digits found" ? "No digits found." : "What is written is not a digit.");
    }
    const several = told.digits.length > 1;
    const detail = h("div", { class: "stack tight" });
    const cards = told.digits.map((digit, index) =>
      h("button", { type: "button", class: "read-digit", "aria-pressed": String(index === chosen), "aria-label": `${digit.digit}, ${percent(digit.confidence)}`, on: { click: () => choose(index) } },
        h("img", { src: digit.picture, alt: "", class: "seen", width: 28, height: 28 }), h("strong", {}, String(digit.digit)), h("span", { class: digit.confidence < 0.9 ? "bad" : "soft" }, percent(digit.confidence))));

    function choose(index) {
      chosen = index;
      cards.forEach((card, place) => card.setAttribute("aria-pressed", String(place === index)));
      const digit = told.digits[index];
      detail.replaceChildren(
        h("h3", { class: "title" }, several ? `Digit ${index + 1}: ${digit.digit}` : "How sure it is"),
        h("div", { class: "how-sure" }, h("figure", {}, h("img", { src: digit.picture, class: "seen large-seen", alt: `The 28 by 28 pixels that the network saw`, width: 28, height: 28 }), h("figcaption", { class: "soft small" }, "28 × 28, as seen")), bars(digit.probabilities)));
      drawBoxes();
    }

    choose(chosen);
    return [
      h("div", { class: "reading-head" }, h("p", { class: "read-text", "data-testid": "reading" }, told.rows.join(" · ")), several && h("p", { class: "sum-text" }, "sum ", h("strong", {}, String(told.sum)), h("span", { class: "soft" }, ` ${percent(told.probability)}`))),
      several && h("div", { class: "read-digits" }, cards),
      detail,
      several && h("div", { class: "stack tight" }, h("h3", { class: "title" }, "The sum"), sumChart(told), facts([["90% interval", `${told.interval[0]}–${told.interval[1]}`], ["Digits", told.digits.length]])),
    ].filter(Boolean);
  }

  function drawBoxes() {
    overlay.replaceChildren();
    if (!reading) return;
    overlay.setAttribute("viewBox", `0 0 ${reading.width} ${reading.height}`);
    const rim = reading.width / 160;
    const box = ([x, y, width, height], kind) => s("rect", { class: kind, x: x - rim, y: y - rim, width: width + 2 * rim, height: height + 2 * rim, rx: 1.5 * rim, "vector-effect": "non-scaling-stroke" });
    overlay.append(...reading.others.map((other) => box(other, "other")));
    reading.digits.forEach((digit, index) => overlay.append(box(digit.box, index === chosen && reading.digits.length > 1 ? "box chosen" : "box"),
      s("text", { x: digit.box[0], y: Math.max(digit.box[1] - 2.2 * rim, reading.width / 32), "font-size": reading.width / 34 }, String(digit.digit))));
  }

  function leavePhoto() {
    if (photo === null) return;
    photo = null;
    URL.revokeObjectURL(picture.src);
    picture.hidden = true;
    sheet.classList.remove("with-photo");
  }

  async function take(blob) {
    leavePhoto();
    pad.strokes = [];
    pad.draw();
    chosen = 0;
    photo = await smaller(blob);
    picture.hidden = false;
    picture.src = URL.createObjectURL(photo);
    sheet.classList.add("with-photo");
    file.value = "";
    overlay.replaceChildren();
    update();
    await request();
  }

  async function example() {
    const seed = randomSeed();
    const written = await ask("number", { text: String(100000 + (seed % 900000)), seed });
    await take(blobOf(written.picture));
  }

  const over = (event) => {
    event.preventDefault();
    sheet.classList.toggle("dropping", event.type === "dragover");
  };
  panel.addEventListener("dragover", over);
  panel.addEventListener("dragleave", over);
  panel.addEventListener("drop", (event) => {
    over(event);
    const [dropped] = event.dataTransfer.files;
    if (dropped) take(dropped);
  });
  addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (pasted && !panel.hidden) take(pasted);
  });
  addEventListener("keydown", (event) => {
    if (!panel.hidden && (event.ctrlKey || event.metaKey) && event.key === "z" && !pad.empty) {
      event.preventDefault();
      pad.undo();
    }
  });

  return { show() {} };
}

async function smaller(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    return blob; // not a picture that the browser knows; the server may
  }
  const scale = Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height));
  if (scale >= 1) return blob;
  const canvas = h("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}
