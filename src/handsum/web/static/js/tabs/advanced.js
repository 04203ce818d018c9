// Advanced: chosen digits in a chosen hand.

import { h, button, copyAddress, field, later, number, randomSeed, save, select, text } from "../dom.js";
import { able, address as apiAddress, ask, DIGITS } from "../api.js";
import { facts, intro, output, tiles } from "../parts.js";
import { handPicker } from "../hands.js";

export function mount(panel, { address, models }) {
  const generators = able(models, DIGITS);
  const DEFAULTS = { digits: "0123456789", rows: "6", model: generators[0].name, writer: "", seed: "" };
  let state = { ...DEFAULTS };
  const place = output("Digits");
  const soon = later(request, 250);
  const digits = text({ inputmode: "numeric", maxlength: 20, pattern: "[0-9]+", on: { input: () => change({ digits: digits.value }) } });
  const rows = number({ min: 1, max: 20, on: { input: () => change({ rows: rows.value }) } });
  const model = select(generators.map(({ name, writers }) => [name, writers > 1 ? `${name} (${writers} hands)` : `${name} (no choice of hand)`]), DEFAULTS.model, () => change({ model: model.value, writer: "" }));
  const hand = handPicker("Hand", { any: "A different hand for each digit", run: (value) => change({ writer: value }) });
  const seed = number({ min: 0, max: 2 ** 32 - 1, on: { change: () => change({ seed: seed.value || String(randomSeed()) }) } });

  panel.append(
    intro("Choose the digits", "Each column shows one digit, drawn several times. Digits that the reader misreads are marked."),
    h("div", { class: "split" },
      h("div", { class: "stack controls" }, h("div", { class: "large-input" }, field("Digits", digits)), h("div", { class: "pair" }, field("Copies of each", rows), field("Seed", seed)), field("Generator", model), hand),
      h("div", { class: "stack" }, place.element, h("div", { class: "row" },
        button("New digits", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        place.action(button("PNG", () => save(`digits-${state.seed}.png`, apiAddress("generate", { ...state, format: "png" })), { symbol: "down" })),
        place.action(button("Copy link", copyAddress, { symbol: "link" }))))));

  function change(part) {
    state = { ...state, ...part };
    place.changed();
    for (const [input, key] of [[digits, "digits"], [rows, "rows"], [seed, "seed"]]) if (document.activeElement !== input) input.value = state[key];
    model.value = state.model;
    hand.value = state.writer;
    hand.hidden = !(generators.find(({ name }) => name === state.model)?.writers > 1);
    soon();
  }

  function request() {
    if (!state.digits || !state.rows) return;
    address(state);
    place.make(({ signal, progress }) => ask("generate", state, { signal, progress }), async (result) => {
      const misread = (digit) => digit.reads !== digit.asked || !digit.is_digit;
      const shown = await tiles(result, (digit) => (misread(digit) ? (digit.is_digit ? `reads ${digit.reads}` : "unclear") : null), { doubtful: misread });
      const grid = h("div", { class: "grid columns", tabindex: "0", role: "group", "aria-label": "Digits in columns" }, shown);
      grid.style.gridTemplateColumns = `repeat(${result.columns}, minmax(2.2rem, 4.6rem))`;
      const wrong = result.digits.filter(misread).length;
      return [grid, facts([["Read correctly", `${result.digits.length - wrong} of ${result.digits.length}`], ["Seed", result.seed]])];
    });
  }

  return { show: (parameters) => change({ ...DEFAULTS, seed: String(randomSeed()), ...parameters }) };
}
