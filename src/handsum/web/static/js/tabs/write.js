// Write: a sum or a number in one hand; the address reproduces the picture.

import { calm, entered, h, button, check, copyAddress, field, icon, later, number, randomSeed, save, saveBlob, segments, select, text } from "../dom.js";
import { ask, file } from "../api.js";
import { facts, intro, outcome, output, saveFile, setFields } from "../parts.js";
import { handPicker } from "../hands.js";
import { flag, hand as isHand, oneOf, read, seed, upTo, whole } from "../link.js";

// A colour of null has its own pattern.
const INKS = [["", "Automatic: dark on light paper, white on dark paper", null], ["#1a2238", "Blue-black", "#1a2238"], ["#111111", "Black", "#111111"], ["#1d4ea8", "Blue", "#1d4ea8"], ["#a3291f", "Red", "#a3291f"], ["#1e6b4a", "Green", "#1e6b4a"], ["#6a6d74", "Pencil", "#6a6d74"], ["#ffffff", "Chalk", "#ffffff"]];
const PAPERS = [["white", "White", "#ffffff"], ["#fbf3df", "Cream", "#fbf3df"], ["#fff3b0", "Yellow", "#fff3b0"], ["#e4ecf7", "Blue", "#e4ecf7"], ["#23352e", "Blackboard", "#23352e"], ["transparent", "None", null]];
const PENS = [["", "The hand’s own"], ["fine", "Fine"], ["ballpoint", "Ballpoint"], ["felt", "Felt tip"], ["marker", "Marker"]];
const SHORT = 12, FINE = 6, MOST_TOTAL = 1800, LONGEST = 200;
const DEFAULTS = { kind: "sum", total: "23", length: "5", text: "1234567", wide: "", spacing: "", writer: "", pen: "", ink: "", paper: "white", caption: "", seed: "" };
const RULES = {
  kind: oneOf("sum", "number"), total: whole(0, MOST_TOTAL), length: whole(1, LONGEST), text: upTo(LONGEST), wide: flag, spacing: flag, caption: flag, writer: isHand, seed,
  pen: oneOf(...PENS.map(([value]) => value)), ink: oneOf(...INKS.map(([value]) => value)), paper: oneOf(...PAPERS.map(([value]) => value)),
};

export function mount(panel, { address }) {
  let state = { ...DEFAULTS };
  let written = null, picture = null, moving = false;
  const place = output("Result", { heights: [11, 1.5, 1] });
  const soon = later(request, 250);
  const film = place.action(button("Watch it written", () => place.saving("The animation", watch), { symbol: "play" }));

  const kind = segments("What to write", [["sum", "A sum"], ["number", "A number"]], "sum", (value) => change({ kind: value }));
  const total = number({ min: 0, max: MOST_TOTAL, on: { input: () => change({ total: entered(total) }) } });
  const length = number({ min: 1, max: LONGEST, placeholder: "auto", on: { input: () => change({ length: entered(length) }) } });
  const digits = text({ maxlength: LONGEST, on: { input: () => change({ text: digits.value }) } });
  const sumFields = h("div", { class: "pair" }, large("Total", total), large("Number of digits", length));
  const numberFields = h("div", {}, large("Number", digits, "Digits, spaces and . , - + = / : % ( ) $ €, up to 200 in all"));
  const hand = handPicker("Hand", { any: "Any hand", run: (value) => change({ writer: value }) });
  const pen = select(PENS, "", () => change({ pen: pen.value }));
  const inks = swatches("Ink", INKS, (value) => change({ ink: value }));
  const papers = swatches("Paper", PAPERS, (value) => change({ paper: value }));
  const wide = check("Wide gaps", false, (on) => change({ wide: on ? "1" : "" }));
  const spacing = check("Gaps between thousands", false, (on) => change({ spacing: on ? "1" : "" }));
  const caption = check("Caption", false, (on) => change({ caption: on ? "1" : "" }));

  const controls = h("div", { class: "stack controls" }, kind, sumFields, numberFields, hand, field("Pen", pen), inks, papers, h("div", {}, spacing, wide, caption));
  panel.append(
    intro("Write a sum, or any number", "Digits in one person’s handwriting. The digits of a sum are drawn exactly uniformly from all that add up to it, and a reader checks every digit."),
    h("div", { class: "split result-first" }, controls, outcome(place,
      button("Write again", again, { first: true, symbol: "again" }),
      button("PNG", () => save(name("png"), written.picture), { symbol: "down" }),
      button("SVG", () => saveFile(place, name("svg"), ...query("svg")), { symbol: "down" }),
      button("GIF", () => saveFile(place, name("gif"), ...query("gif")), { symbol: "down" }),
      button("InkML", () => saveFile(place, name("inkml"), ...query("inkml")), { symbol: "down" }),
      button("JSON", () => saveBlob(name("json"), new Blob([JSON.stringify(written, null, 1)], { type: "application/json" })), { symbol: "down" }),
      button("Copy link", copyAddress, { symbol: "link" }))));

  function large(label, control, hint) {
    const element = field(label, control, hint);
    element.classList.add("large-input");
    return element;
  }

  function change(part) {
    state = { ...state, ...part };
    place.changed();
    show();
    if (missing()) place.empty(missing());
    else soon();
  }

  // What is still to be filled in.
  function missing() {
    if (state.kind === "number") return state.text.trim() ? "" : "Enter a number.";
    return !state.total ? "Enter a total." : state.length === null ? "Enter the number of digits, or leave it empty." : "";
  }

  function again() {
    state = { ...state, seed: String(randomSeed()) };
    request();
  }

  function show() {
    kind.value = state.kind;
    setFields([[total, state.total], [length, state.length], [digits, state.text]]);
    sumFields.hidden = state.kind !== "sum";
    numberFields.hidden = state.kind !== "number";
    hand.value = state.writer;
    pen.value = state.pen;
    inks.value = state.ink;
    papers.value = state.paper;
    spacing.hidden = state.kind !== "number";
    wide.input.checked = state.wide !== "";
    spacing.input.checked = state.spacing !== "";
    caption.input.checked = state.caption !== "";
  }

  const name = (ending) => `${state.kind === "sum" ? `sum-${state.total}` : `number-${state.text.slice(0, 20).replace(/[/:]/g, "-")}`}.${ending}`;

  function query(format) {
    const { kind, total, length, text, writer, pen, ink, paper, wide, spacing, caption, seed } = state;
    const count = kind === "number" ? text.length : Number(length) || Math.floor((2 * Number(total) + 4) / 9);
    // Short numbers are drawn larger than they are shown, for high-resolution screens.
    const look = { scale: count <= SHORT ? FINE : 4, writer, pen, ink, paper, wide: wide && "true", caption: caption && "true", seed, format };
    return kind === "sum" ? ["sum-sequence", { total, length, ...look }] : ["number", { text, spacing: spacing && "true", ...look }];
  }

  function request() {
    const fields = state;
    const { kind, total, length, text, spacing, ...look } = fields;
    if (missing()) return place.empty(missing());
    const own = kind === "sum" ? { total, length } : { kind, text, spacing };
    const chosen = Object.fromEntries(Object.entries(look).filter(([key, value]) => key === "seed" || value !== DEFAULTS[key]));
    address({ ...own, ...chosen });
    const [path, parameters] = query("json");
    place.make(({ signal, progress }) => ask(path, parameters, { signal, progress }), (result) => {
      written = result;
      return shown(result, fields, parameters.scale / 4);
    });
  }

  // Lets the pen write the picture again and again, or stops it.
  async function watch() {
    if (moving) return rest();
    const [path, parameters] = query("svg");
    const url = URL.createObjectURL(await file(path, { ...parameters, animate: "true" }));
    picture.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    picture.src = url;
    moving = true;
    film.lastChild.textContent = "Stop";
  }

  function rest() {
    moving = false;
    picture.src = written.picture;
    film.lastChild.textContent = "Watch it written";
  }

  function shown(result, { kind, text, paper }, share) {
    const [row] = result.sequences;
    const fits = row.digits.length <= SHORT;
    picture = h("img", { width: Math.round(result.width / share), height: Math.round(result.height / share), alt: `${row.digits} in handwriting`, class: "written" });
    rest();
    // Who prefers reduced motion would see no pen move.
    film.hidden = calm();
    const sheet = h("div", { class: ["sheet", fits && "fits", paper === "transparent" && "checkers"].filter(Boolean).join(" "), tabindex: "0", role: "group", "aria-label": "The picture" }, picture);
    sheet.style.backgroundColor = paper === "transparent" ? "" : paper;
    const right = row.readings === row.digits;
    const read = row.readings === null ? null : h("p", { class: right ? "readback good" : "readback bad" }, right && icon("check"), right ? "Read correctly" : `Still reads as ${row.readings || "nothing"}: write it again`);
    const long = row.digits.length > 24;
    const equation = kind === "sum" ? `${long ? `${row.digits.length} digits` : [...row.digits].join(" + ")} = ${row.total}` : text;
    return [sheet, h("div", { class: "row between" }, h("p", { class: "equation" }, equation), read, film),
      facts([["Hand", Array.isArray(result.writer) ? result.writer.join(", ") : result.writer], ["Seed", result.seed], ["Redrawn", row.redrawn], ["Model", result.model]])];
  }

  return {
    show(parameters) {
      state = read(parameters, DEFAULTS, RULES);
      if (state.kind === "sum" && parameters.total && parameters.length === undefined) state.length = "";
      if (!state.seed) state.seed = String(randomSeed());
      show();
      request();
    },
  };
}

function swatches(label, choices, run) {
  const name = `swatch-${label}`;
  const inputs = choices.map(([value, title, color]) => {
    const patch = h("span", { class: color ? null : value === "" ? "automatic" : "checkers" });
    if (color) patch.style.backgroundColor = color;
    const input = h("input", { type: "radio", name, value, "aria-label": title, on: { change: () => run(value) } });
    return [input, h("label", { title }, input, patch)];
  });
  const element = h("fieldset", { class: "field" }, h("legend", {}, label), h("div", { class: "swatches" }, inputs.map(([, element]) => element)));
  Object.defineProperty(element, "value", { set: (value) => inputs.forEach(([input]) => (input.checked = input.value === value)) });
  return element;
}
