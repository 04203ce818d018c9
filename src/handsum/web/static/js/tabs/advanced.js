// Advanced: chosen digits in a chosen hand.

import { entered, h, button, copyAddress, field, later, number, randomSeed, save, select, text } from "../dom.js";
import { able, ask, DIGITS } from "../api.js";
import { facts, intro, outcome, output, seedField, setFields, tiles } from "../parts.js";
import { handPicker } from "../hands.js";
import { digits as areDigits, hand as isHand, oneOf, read, seed as isSeed, whole } from "../link.js";

const MOST = 20;

export function mount(panel, { address, models }) {
  const generators = able(models, DIGITS);
  const DEFAULTS = { digits: "0123456789", rows: "6", model: generators[0].name, writer: "", seed: "" };
  const RULES = { digits: areDigits(MOST), rows: whole(1, MOST), model: oneOf(...generators.map(({ name }) => name)), writer: isHand, seed: isSeed };
  let state = { ...DEFAULTS }, picture = "";
  const place = output("Digits", { heights: [16] });
  const soon = later(request, 250);
  const digits = text({ inputmode: "numeric", maxlength: MOST, pattern: "[0-9]+", on: { input: () => change({ digits: digits.value }) } });
  const rows = number({ min: 1, max: MOST, on: { input: () => change({ rows: entered(rows) }) } });
  const model = select(generators.map(({ name, writers }) => [name, writers > 1 ? `${name} (${writers} hands)` : `${name} (no choice of hand)`]), DEFAULTS.model, () => change({ model: model.value, writer: "" }));
  const hand = handPicker("Hand", { any: "A different hand for each digit", run: (value) => change({ writer: value }) });
  const seed = seedField((value) => change({ seed: value }));

  panel.append(
    intro("Choose the digits", "Each column shows one digit, drawn several times. A digit that the reader misreads is marked with what it reads, and with ? if it takes it for no digit."),
    h("div", { class: "split" },
      h("div", { class: "stack controls" }, h("div", { class: "large-input" }, field("Digits", digits)), h("div", { class: "pair" }, field("Copies of each", rows), field("Seed", seed)), field("Generator", model), hand),
      outcome(place,
        button("New digits", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        button("PNG", () => save(`digits-${state.seed}.png`, picture), { symbol: "down" }),
        button("Copy link", copyAddress, { symbol: "link" }))));

  function change(part) {
    state = { ...state, ...part };
    place.changed();
    setFields([[digits, state.digits], [rows, state.rows], [seed, state.seed]]);
    model.value = state.model;
    hand.value = state.writer;
    hand.hidden = !knowsHands();
    if (missing()) place.empty(missing());
    else soon();
  }

  const knowsHands = () => generators.find(({ name }) => name === state.model).writers > 1;
  // What is still to be filled in.
  const missing = () => (!state.digits ? "Enter the digits." : !state.rows ? "Enter how many copies of each." : !state.seed ? "Enter a seed." : "");

  function request() {
    if (missing()) return;
    address(state);
    place.make(({ signal, progress }) => ask("generate", { ...state, writer: knowsHands() ? state.writer : "" }, { signal, progress }), async (result) => {
      const misread = (digit) => digit.reads !== digit.asked || !digit.is_digit;
      ({ picture } = result);
      const shown = await tiles(result, (digit) => (misread(digit) ? (digit.is_digit ? `${digit.reads}` : "?") : null), { doubtful: misread });
      const rows = shown.length / result.columns;
      const grid = h("div", { class: "digit-columns", role: "group", "aria-label": "Digits in columns" },
        Array.from({ length: result.columns }, (_, column) => h("div", {}, shown.filter((_, index) => index % result.columns === column))));
      grid.style.setProperty("--columns", result.columns);
      grid.style.setProperty("--rows", rows);
      const wrong = result.digits.filter(misread).length;
      return [grid, facts([["Read correctly", `${result.digits.length - wrong} of ${result.digits.length}`], ["Seed", result.seed]])];
    });
  }

  return { show: (parameters) => change(read(parameters, { ...DEFAULTS, seed: String(randomSeed()) }, RULES)) };
}
