// Generate: random digits from any digit generator.

import { h, button, copyAddress, field, later, percent, randomSeed, save, segments, select } from "../dom.js";
import { able, ask, DIGITS, RANDOM } from "../api.js";
import { facts, intro, outcome, output, seedField, setFields, tiles } from "../parts.js";
import { oneOf, read, seed as isSeed } from "../link.js";

const COUNTS = ["12", "60", "120", "400"];

export function mount(panel, { address, models }) {
  const generators = able(models, DIGITS, RANDOM);
  const DEFAULTS = { model: generators[0].name, count: "60", seed: "" };
  const RULES = { model: oneOf(...generators.map(({ name }) => name)), count: oneOf(...COUNTS), seed: isSeed };
  let state = { ...DEFAULTS }, picture = "";
  const place = output("Digits", { heights: [16] });
  const soon = later(request, 250);
  const model = select(generators.map(({ name }) => [name, name]), DEFAULTS.model, () => change({ model: model.value }));
  const about = h("p", { class: "soft small" });
  const count = segments("How many", COUNTS.map((value) => [value, value]), "60", (value) => change({ count: value }));
  const seed = seedField((value) => change({ seed: value }));
  // Only conditional generators choose their digits at random; the others draw nothing else.
  const query = () => (able(models, DIGITS).some(({ name }) => name === state.model) ? { ...state, random: "true" } : state);

  panel.append(
    intro("Digits out of nothing", "The generator makes each digit from random numbers. None is checked, so some are bad. Below each digit is what the reader reads."),
    h("div", { class: "split" },
      h("div", { class: "stack controls" }, h("div", { class: "stack tight" }, field("Generator", model), about), h("div", { class: "field" }, h("span", { class: "label" }, "How many"), count), field("Seed", seed)),
      outcome(place,
        button("New digits", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        button("PNG", () => save(`digits-${state.seed}.png`, picture), { symbol: "down" }),
        button("Copy link", copyAddress, { symbol: "link" }))));

  function change(part) {
    state = { ...state, ...part };
    place.changed();
    model.value = state.model;
    count.value = state.count;
    setFields([[seed, state.seed]]);
    about.textContent = models.find(({ name }) => name === state.model)?.summary ?? "";
    if (missing()) place.empty(missing());
    else soon();
  }

  // What is still to be filled in.
  const missing = () => (!state.seed ? "Enter a seed." : "");

  function request() {
    if (missing()) return;
    address(state);
    place.make(({ signal, progress }) => ask("generate", query(), { signal, progress }), async (result) => {
      ({ picture } = result);
      const accepted = result.digits.filter((digit) => digit.is_digit);
      const confidence = result.digits.reduce((all, digit) => all + digit.confidence, 0) / result.digits.length;
      const shown = await tiles(result, (digit) => (digit.is_digit ? `${digit.reads}` : "?"), { doubtful: (digit) => !digit.is_digit || digit.confidence < 0.9 });
      return [h("div", { class: "grid" }, shown), facts([["Accepted as digits", `${accepted.length} of ${result.digits.length}`], ["Mean confidence", percent(confidence)], ["Seed", result.seed]])];
    });
  }

  return { show: (parameters) => change(read(parameters, { ...DEFAULTS, seed: String(randomSeed()) }, RULES)) };
}
