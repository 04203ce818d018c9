// Identify: draw, drop, paste or choose a picture, and see it read live.

import { h, s, blobOf, button, field, picturePicker, randomSeed, segments, select, upload } from "../dom.js";
import { ask } from "../api.js";
import { intro, output, sentence } from "../parts.js";
import { Pad } from "../pad.js";
import { Reading, keeper, show } from "../reading.js";

const PENS = [["thin", "Thin", 0.022], ["middle", "Medium", 0.04], ["thick", "Thick", 0.065]];
const PATTERNS = [["", "Digits"], ["amount", "An amount"], ["date", "A date"], ["time", "A time"], ["phone", "A phone number"]];
const LIVE_MILLISECONDS = 140;

export function mount(panel) {
  const place = output("Reading");
  const keeping = keeper();
  let mode = "row", pen = "middle", photo = null, timer = 0, reading = null, taken = 0, drawn, choose = () => {};

  const pad = new Pad({ label: "Sheet to draw digits on", changed: (drawing) => {
    leavePhoto();
    update();
    if (drawing) timer ||= setTimeout(request, LIVE_MILLISECONDS);
    else request();
  } });
  const overlay = s("svg", { class: "overlay", "aria-hidden": "true" });
  const picture = h("img", { class: "photo", alt: "Your picture", hidden: true });
  const hint = h("p", { class: "pad-hint", "aria-hidden": "true" }, "Draw here", h("small", {}, "or drop or paste a picture"));
  const note = h("p", { class: "sheet-note soft", role: "status", hidden: true });
  const sheet = h("div", { class: "sheet-to-draw", data: { mode } }, pad.canvas, picture, overlay, hint, note);
  const kind = segments("What to draw", [["row", "A row"], ["one", "One digit"]], mode, (value) => {
    mode = value;
    sheet.dataset.mode = mode;
    pattern.hidden = mode === "one";
    fit();
    pad.clear();
  });
  const pens = segments("Pen", PENS.map(([key, label]) => [key, label]), pen, (value) => {
    pen = value;
    fit();
  });
  const undo = button("Undo", () => pad.undo(), { symbol: "undo", only: true });
  const clear = button("Clear", () => { leavePhoto(); pad.clear(); }, { symbol: "clear", only: true });
  const pattern = field("Each row is", select(PATTERNS, "", () => (photo === null ? request() : take(photo))));
  const drop = h("div", { class: "drop row" }, picturePicker("Choose a photo", "A picture of digits", take), button("Show an example", example));

  panel.append(
    intro("Draw digits and see them read", "Draw one digit or a whole row with mouse, pen or finger, or choose a photo. While you draw, the page shows what the reader sees, how confident it is, and the exact distribution of the sum."),
    h("div", { class: "split identify" },
      h("div", { class: "stack" }, h("div", { class: "identify-tools" }, kind, h("div", { class: "row" }, undo, clear)), sheet, h("div", { class: "identify-more" }, pens, pattern, drop)),
      place.element));
  place.empty("Nothing drawn yet.");
  update();
  fit();

  function fit() {
    const share = PENS.find(([key]) => key === pen)[2];
    // The sheet for a row is wider, and its digits are smaller.
    pad.pen = mode === "one" ? 1.5 * share : 0.55 * share;
  }

  function update() {
    hint.hidden = !pad.empty || photo !== null;
    undo.disabled = pad.empty;
    clear.disabled = pad.empty && photo === null;
  }

  const asked = () => (mode === "one" ? {} : { pattern: pattern.querySelector("select").value });

  // Reads the drawing.
  function request() {
    clearTimeout(timer);
    timer = 0;
    if (pad.empty) {
      reading = null;
      drawBoxes();
      place.empty("Nothing drawn yet.");
      return;
    }
    const parameters = mode === "one" ? { length: 1 } : asked();
    drawn = place.make(async ({ signal, progress }) => {
      const body = await pad.picture(mode === "one" ? 320 : 800);
      // Some drawings cannot be one digit: read those without a given length.
      try {
        return await ask("predict", parameters, { signal, body, progress });
      } catch (error) {
        if (parameters.length && error.status === 422) return ask("predict", {}, { signal, body });
        throw error;
      }
    }, shown);
  }

  function shown(result) {
    const before = reading?.chosen ?? 0;
    reading = new Reading(result);
    reading.chosen = Math.max(Math.min(before, reading.digits.length - 1), 0);
    if (sheet.classList.contains("with-unseen")) {
      sheet.style.aspectRatio = `${result.width} / ${result.height}`;
      say(reading.digits.length ? "" : "This browser cannot show this kind of picture.");
    }
    if (!reading.digits.length) {
      drawBoxes();
      return h("p", { class: "soft" }, `${sentence(result.error)}.`);
    }
    const made = show(reading, { changed: drawBoxes, keeping });
    ({ choose } = made);
    return made.parts;
  }

  function drawBoxes() {
    overlay.replaceChildren();
    if (!reading) return;
    const { width, height, digits, others } = reading.result;
    overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const rim = width / 160;
    const box = ([x, y, wide, high], name, click) => s("rect", { class: name, x: x - rim, y: y - rim, width: wide + 2 * rim, height: high + 2 * rim, rx: 1.5 * rim, "vector-effect": "non-scaling-stroke", on: click && { click } });
    // The digits cut out of it stand in for a picture that the browser cannot show.
    if (sheet.classList.contains("with-unseen")) overlay.append(...digits.map(({ picture, box: [x, y, wide, high] }) => s("image", { href: picture, x, y, width: wide, height: high })));
    overlay.append(...others.map((other) => box(other, "other")));
    digits.forEach((digit, index) => {
      const value = reading.values[index], doubtful = reading.doubtful(index);
      const names = ["box", value === null && "none", doubtful && "doubtful", index === reading.chosen && digits.length > 1 && "chosen"];
      const [x, y] = digit.box;
      overlay.append(box(digit.box, names.filter(Boolean).join(" "), () => choose(index)),
        s("text", { class: doubtful ? "doubtful" : null, x, y: Math.max(y - 2.2 * rim, width / 32), "font-size": width / 34 }, `${value ?? ""}${doubtful ? "?" : ""}`));
    });
  }

  function say(text) {
    note.textContent = text;
    note.hidden = !text;
  }

  // Back to the drawing; a photo that is still being read is not shown.
  function leavePhoto() {
    taken++;
    say("");
    if (photo === null) return;
    photo = null;
    URL.revokeObjectURL(picture.src);
    picture.removeAttribute("src");
    picture.hidden = true;
    sheet.classList.remove("with-photo", "with-unseen");
    sheet.style.aspectRatio = "";
  }

  // The server reads some pictures that the browser cannot show.
  function put({ blob, visible }) {
    leavePhoto();
    photo = blob;
    if (visible) picture.src = URL.createObjectURL(blob);
    picture.hidden = !visible;
    sheet.classList.add(visible ? "with-photo" : "with-unseen");
    pad.strokes = [];
    pad.draw();
    update();
  }

  // The sheet and its reading stay until the new picture has been read: it may be none.
  async function take(blob) {
    const own = ++taken;
    say("Reading the picture …");
    await drawn;
    if (own !== taken) return;
    await place.make(async ({ signal, progress }) => {
      const made = await upload(blob);
      return [made, await ask("predict", asked(), { signal, body: made.blob, progress })];
    }, ([made, result]) => {
      put(made);
      return shown(result);
    }, true);
    if (own === taken) say("");
  }

  async function example() {
    const seed = randomSeed(), own = ++taken;
    let written;
    const made = await place.make(({ signal, progress }) => ask("number", { text: String(100000 + (seed % 900000)), seed }, { signal, progress }), (result) => {
      written = result;
      return [...place.body.children];
    }, true);
    if (made && own === taken) take(blobOf(written.picture));
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
