// Generate: random digits from any digit generator.

import { h, button, copyAddress, field, number, percent, randomSeed, save, segments, select } from "../dom.js";
import { able, address as apiAddress, ask, DIGITS, RANDOM } from "../api.js";
import { facts, intro, output, tiles } from "../parts.js";

export function mount(panel, { address, models }) {
  const generators = able(models, DIGITS, RANDOM);
  const DEFAULTS = { model: generators[0].name, count: "60", seed: "" };
  let state = { ...DEFAULTS };
  const place = output("Digits");
  const model = select(generators.map(({ name }) => [name, name]), DEFAULTS.model, () => change({ model: model.value }));
  const about = h("p", { class: "soft small" });
  const count = segments("How many", ["12", "60", "120", "400"].map((value) => [value, value]), "60", (value) => change({ count: value }));
  const seed = number({ min: 0, max: 2 ** 32 - 1, on: { change: () => change({ seed: seed.value || String(randomSeed()) }) } });
  // Only conditional generators choose their digits at random; the others draw nothing else.
  const query = () => (able(models, DIGITS).some(({ name }) => name === state.model) ? { ...state, random: "true" } : state);

  panel.append(
    intro("Digits out of nothing", "The generator makes each digit from random numbers. None is checked, so some are bad. Below each digit is what the reader reads."),
    h("div", { class: "split" },
      h("div", { class: "stack controls" }, h("div", { class: "stack tight" }, field("Generator", model), about), h("div", { class: "field" }, h("span", { class: "label" }, "How many"), count), field("Seed", seed)),
      h("div", { class: "stack" }, place.element, h("div", { class: "row" },
        button("New digits", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        place.action(button("PNG", () => save(`digits-${state.seed}.png`, apiAddress("generate", { ...query(), format: "png" })), { symbol: "down" })),
        place.action(button("Copy link", copyAddress, { symbol: "link" }))))));

  function change(part) {
    state = { ...state, ...part };
    model.value = state.model;
    count.value = state.count;
    seed.value = state.seed;
    about.textContent = models.find(({ name }) => name === state.model)?.summary ?? "";
    address(state);
    place.make(({ signal, progress }) => ask("generate", query(), { signal, progress }), async (result) => {
      const accepted = result.digits.filter((digit) => digit.is_digit);
      const confidence = result.digits.reduce((all, digit) => all + digit.confidence, 0) / result.digits.length;
      const shown = await tiles(result, (digit) => (digit.is_digit ? `${digit.reads}` : "?"), { doubtful: (digit) => !digit.is_digit || digit.confidence < 0.9 });
      return [h("div", { class: "grid" }, shown), facts([["Accepted as digits", `${accepted.length} of ${result.digits.length}`], ["Mean confidence", percent(confidence)], ["Seed", result.seed]])];
    });
  }

  return { show: (parameters) => change({ ...DEFAULTS, seed: String(randomSeed()), ...parameters }) };
}
