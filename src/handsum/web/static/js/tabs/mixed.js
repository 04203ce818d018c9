// Mixed: several digits in one image, with what the reader reads.

import { h, button, copyAddress, randomSeed, save } from "../dom.js";
import { ask } from "../api.js";
import { bars, facts, intro, outcome, output, tiles } from "../parts.js";
import { read, seed } from "../link.js";

const COUNT = 24;
const DEFAULTS = { mix: "4,6,7", seed: "" };
// Each digit at most once, as the buttons show it.
const isMix = (text) => /^\d(,\d)*$/.test(text) && new Set(text.split(",")).size === text.split(",").length;

export function mount(panel, { address, models }) {
  const mixer = models.find(({ mixes }) => mixes).name;
  let state = { ...DEFAULTS }, picture = "";
  const place = output("Mixed digits", { heights: [12, 14] });
  const buttons = [..."0123456789"].map((digit) => h("button", { type: "button", "aria-pressed": "false", on: { click: () => toggle(digit) } }, digit));
  const shares = h("p", { class: "equation" });

  panel.append(
    intro("Several digits at once", "A generator that was trained on one digit at a time gets several. A mixture has no correct label; below each image is what the reader reads."),
    h("div", { class: "split" },
      h("div", { class: "stack controls" }, h("div", { class: "field", role: "group", "aria-label": "Digits to mix" }, h("span", { class: "label" }, "Mix"), h("div", { class: "digit-picker" }, buttons)), shares,
        h("p", { class: "note" }, `Only ${mixer} can mix, because its input is a weight for each digit. The other generators would have to be trained for it.`)),
      outcome(place,
        button("Mix again", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        button("PNG", () => save(`mixed-${state.seed}.png`, picture), { symbol: "down" }),
        button("Copy link", copyAddress, { symbol: "link" }))));

  const chosen = () => state.mix.split(",").filter(Boolean);

  function toggle(digit) {
    const now = new Set(chosen());
    if (!now.delete(digit)) now.add(digit);
    if (now.size) change({ mix: [...now].sort().join(",") });
  }

  function change(part) {
    state = { ...state, ...part };
    const now = chosen();
    buttons.forEach((element, digit) => element.setAttribute("aria-pressed", String(now.includes(String(digit)))));
    shares.textContent = now.length > 1 ? `${now.join(" + ")} in equal shares` : `${now[0]} alone`;
    address(state);
    place.make(({ signal, progress }) => ask("generate", { ...state, count: COUNT, model: mixer }, { signal, progress }), async (result) => {
      ({ picture } = result);
      const shown = await tiles(result, (digit) => (digit.is_digit ? `${digit.reads} · ${Math.floor(100 * digit.confidence)}%` : "unclear"), { doubtful: (digit) => !digit.is_digit });
      const within = result.digits.filter((digit) => digit.is_digit && now.includes(String(digit.reads))).length;
      return [h("div", { class: "grid" }, shown), h("div", { class: "stack tight" }, h("h3", { class: "title" }, "What the reader reads"), bars(result.probabilities, now.map(Number))),
        facts([["Read as one of the mixed digits", `${within} of ${result.digits.length}`], ["Not accepted as a digit", result.digits.filter((digit) => !digit.is_digit).length], ["Seed", result.seed]])];
    });
  }

  return { show: (parameters) => change(read(parameters, { ...DEFAULTS, seed: String(randomSeed()) }, { mix: isMix, seed })) };
}
