// Compare: the models side by side on the same request, with their measured figures.

import { entered, h, blobOf, button, copyAddress, field, later, number, percent, randomSeed, segments, text } from "../dom.js";
import { able, ask, DETECTORS, DIGITS, places as turns, RANDOM, SEQUENCES, SUMS } from "../api.js";
import { gate, intro, output, setFields, sumChart, tiles } from "../parts.js";
import { digits as areDigits, oneOf, read, seed, whole } from "../link.js";

const DEFAULTS = { kind: "digits", digits: "0123456789", total: "23", length: "5", seed: "" };
const MOST = 10, MOST_TOTAL = 9 * MOST;
const RULES = { kind: oneOf("digits", "sum", "reading"), digits: areDigits(MOST), total: whole(0, MOST_TOTAL), length: whole(1, MOST), seed };

export function mount(panel, { address, models }) {
  const zoo = { digits: able(models, DIGITS, RANDOM), sum: able(models, DIGITS, SEQUENCES), reading: able(models, DETECTORS, SUMS) };
  let state = { ...DEFAULTS };
  let places = [], shared = new AbortController();
  const actions = gate();
  const soon = later(request, 250);
  const kind = segments("What to compare", [["digits", "Digits"], ["sum", "A sum"], ["reading", "Reading"]], "digits", (value) => change({ kind: value }));
  const digits = text({ inputmode: "numeric", maxlength: MOST, pattern: "[0-9]+", on: { input: () => change({ digits: digits.value }) } });
  const total = number({ min: 0, max: MOST_TOTAL, on: { input: () => change({ total: entered(total) }) } });
  const length = number({ min: 1, max: MOST, on: { input: () => change({ length: entered(length) }) } });
  const digitsField = field("Digits", digits);
  const sumFields = h("div", { class: "pair" }, field("Total", total), field("Number of digits", length));
  const cards = h("div", { class: "zoo" });

  panel.append(
    intro("Compare the models", "Every model answers the same request. Below are the figures measured on MNIST’s test set; a smaller Fréchet distance is better, and real digits have 1."),
    h("div", { class: "compare-controls" }, kind, digitsField, sumFields, h("div", { class: "row" }, button("Again", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }), actions.add(button("Copy link", copyAddress, { symbol: "link" })))),
    cards);

  function change(part) {
    state = { ...state, ...part };
    actions.close();
    kind.value = state.kind;
    setFields([[digits, state.digits], [total, state.total], [length, state.length]]);
    digitsField.hidden = state.kind !== "digits";
    sumFields.hidden = state.kind === "digits";
    if (missing()) empty();
    else soon();
  }

  // What is still to be filled in.
  function missing() {
    if (state.kind === "digits") return state.digits ? "" : "Enter the digits.";
    return !state.total ? "Enter a total." : !state.length ? "Enter the number of digits." : "";
  }

  function empty() {
    shared.abort();
    places.forEach((place) => place.empty(missing()));
  }

  function request() {
    if (missing()) return;
    const { kind } = state;
    address(state);
    const version = actions.close(), answered = new Set();
    places.forEach((place) => place.stop());
    shared.abort();
    shared = new AbortController();
    places = [];
    const answer = { digits: drawn, sum: written, reading: readBy }[kind];
    const picture = kind === "reading" ? onePicture(shared.signal) : () => {};
    // One after another: the time of each is its own.
    const turn = turns(1);
    const inTurn = async (name, options) => {
      const shown = await picture();
      const leave = await turn(options.signal);
      try {
        return await answer(name, options, shown);
      } finally {
        leave();
      }
    };
    cards.replaceChildren(...zoo[kind].map((model) => {
      const { name } = model;
      const place = output(`${name}’s answer`, { heights: [5, 1] });
      places.push(place);
      place.element.classList.remove("card");
      place.make((options) => inTurn(name, options), (shown) => {
        // Maybe after a second try.
        if (answered.add(name).size === zoo[kind].length) actions.open(version);
        return shown;
      });
      return h("article", { class: "card stack model" }, h("div", {}, h("h3", { class: "model-name" }, name), h("p", { class: "soft small" }, model.summary)), place.element, measured(model));
    }));
  }

  async function drawn(name, { signal, progress }) {
    const { digits, seed } = state;
    const conditional = able(models, DIGITS).some((model) => model.name === name);
    const query = conditional ? { digits, rows: 2 } : { count: 2 * digits.length };
    const start = performance.now();
    const result = await ask("generate", { ...query, model: name, seed }, { signal, progress });
    const took = performance.now() - start;
    const bad = (digit) => !digit.is_digit || (conditional && digit.reads !== digit.asked);
    const shown = await tiles(result, () => null, { doubtful: bad });
    const grid = h("div", { class: "grid columns" }, shown);
    grid.style.gridTemplateColumns = `repeat(${digits.length}, minmax(0, 1fr))`;
    const right = result.digits.filter((digit) => !bad(digit)).length;
    return [grid, h("p", { class: "small" }, `${right} of ${result.digits.length} ${conditional ? "read correctly" : "accepted as digits (random digits)"}`, h("span", { class: "soft" }, ` · answered in ${Math.round(took)} ms`))];
  }

  async function written(name, { signal, progress }) {
    const { total, length, seed } = state;
    const start = performance.now();
    const result = await ask("sum-sequence", { total, length, seed, model: name, verify: "false" }, { signal, progress });
    const took = performance.now() - start;
    const [row] = result.sequences;
    const right = row.total === Number(total);
    return [h("div", { class: "sheet white" }, h("img", { src: result.picture, alt: `${row.digits} in handwriting`, width: result.width, height: result.height, class: "written" })),
      h("p", { class: "small" }, h("span", { class: right ? "good" : "bad" }, `${[...row.digits].join(" + ")} = ${row.total}`, right ? "" : `, not ${total}`), h("span", { class: "soft" }, ` · unchecked, answered in ${Math.round(took)} ms`))];
  }

  // One picture for all readers: a sum written by the default generator.
  function onePicture(signal) {
    const { total, length, seed } = state;
    let picture;
    return () => (picture ??= ask("sum-sequence", { total, length, seed }, { signal }).catch((error) => {
      // Another try writes it again.
      picture = null;
      throw error;
    }));
  }

  async function readBy(name, { signal, progress }, { picture, width, height, sequences: [row] }) {
    const start = performance.now();
    const read = await ask("predict", { reader: name, length: state.length }, { signal, progress, body: blobOf(picture) });
    const took = performance.now() - start;
    const right = read.sum === row.total;
    return [h("div", { class: "sheet white" }, h("img", { src: picture, alt: `${row.digits} in handwriting`, width, height, class: "written" })),
      h("p", { class: "small" }, h("span", { class: right ? "good" : "bad" }, `sum ${read.sum}`, right ? "" : `, not ${row.total}`), ` (${percent(read.probability)})`, h("span", { class: "soft" }, ` · answered in ${Math.round(took)} ms`)), sumChart(read)];
  }

  return { show: (parameters) => change(read(parameters, { ...DEFAULTS, seed: String(randomSeed()) }, RULES)) };
}

const measured = (model) => h("div", { class: "measured" }, h("h4", { class: "label" }, "Measured"), h("table", {}, h("tbody", {},
  [["parameters", model.parameters?.toLocaleString("en")], ["file", model.bytes && `${(model.bytes / 2 ** 20).toFixed(1)} MiB`], ...Object.entries(model.measured ?? {})].map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, String(value)))))));
