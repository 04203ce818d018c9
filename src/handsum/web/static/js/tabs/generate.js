// Generate: random digits, as any generator of the zoo makes them.

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
  const wanted = () => {
    const asked = { model: state.model, count: state.count, seed: state.seed };
    return able(models, DIGITS).some(({ name }) => name === state.model) ? { ...asked, random: "true" } : asked;
  };

  panel.append(
    intro("Digits out of nothing", "Each comes from random numbers alone, just as the generator makes it: unchecked, the bad ones among them. Below each, what the reader takes it for."),
    h("div", { class: "split" },
      h("div", { class: "stack controls" }, h("div", { class: "stack tight" }, field("Generator", model), about), h("div", { class: "field" }, h("span", { class: "label" }, "How many"), count), field("Seed", seed)),
      h("div", { class: "stack" }, place.element, h("div", { class: "row" },
        button("New digits", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        button("PNG", () => save(`digits-${state.seed}.png`, apiAddress("generate", { ...wanted(), format: "png" })), { symbol: "down" }),
        button("Copy link", copyAddress, { symbol: "link" })))));

  function change(part) {
    state = { ...state, ...part };
    model.value = state.model;
    count.value = state.count;
    seed.value = state.seed;
    about.textContent = models.find(({ name }) => name === state.model)?.summary ?? "";
    address(state);
    place.make(({ signal, progress }) => ask("generate", wanted(), { signal, progress }), async (result) => {
      const kept = result.digits.filter((digit) => digit.is_digit);
      const sure = result.digits.reduce((all, digit) => all + digit.confidence, 0) / result.digits.length;
      const shown = await tiles(result, (digit) => (digit.is_digit ? `${digit.reads}` : "?"), { doubtful: (digit) => !digit.is_digit || digit.confidence < 0.9 });
      return [h("div", { class: "grid" }, shown), facts([["Taken for digits", `${kept.length} of ${result.digits.length}`], ["Mean confidence", percent(sure)], ["Seed", result.seed]])];
    });
  }

  return { show: (parameters) => change({ ...DEFAULTS, seed: String(randomSeed()), ...parameters }) };
}
