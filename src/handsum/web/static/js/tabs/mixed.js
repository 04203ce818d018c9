// Mixed: digits that are several at once, with what the reader makes of them.

import { h, button, copyAddress, randomSeed, save } from "../dom.js";
import { address as apiAddress, ask } from "../api.js";
import { bars, facts, intro, output, tiles } from "../parts.js";

const DEFAULTS = { mix: "4,6,7", count: "24", seed: "" };

export function mount(panel, { address, models }) {
  const mixer = models.find(({ mixes }) => mixes).name;
  let state = { ...DEFAULTS };
  const place = output("Mixed digits");
  const buttons = [..."0123456789"].map((digit) => h("button", { type: "button", "aria-pressed": "false", on: { click: () => toggle(digit) } }, digit));
  const asked = h("p", { class: "equation" });

  panel.append(
    intro("Several digits at once", "A generator that was only ever told one digit at a time is told several. A mixture has no right label, so none is claimed: what you see under each is what the reader makes of it."),
    h("div", { class: "split" },
      h("div", { class: "stack controls" }, h("div", { class: "field", role: "group", "aria-label": "Digits to mix" }, h("span", { class: "label" }, "Mix"), h("div", { class: "digit-picker" }, buttons)), asked,
        h("p", { class: "note" }, `Only ${mixer} can mix: its network takes shares of classes in the place of one class. The others would need to be trained for it.`)),
      h("div", { class: "stack" }, place.element, h("div", { class: "row" },
        button("Mix again", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        button("PNG", () => save(`mixed-${state.seed}.png`, apiAddress("generate", { ...state, model: mixer, format: "png" })), { symbol: "down" }),
        button("Copy link", copyAddress, { symbol: "link" })))));

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
    asked.textContent = now.length > 1 ? `${now.join(" + ")} in equal shares` : `${now[0]} alone`;
    address(state);
    place.make(({ signal, progress }) => ask("generate", { ...state, model: mixer }, { signal, progress }), async (result) => {
      const shown = await tiles(result, (digit) => (digit.is_digit ? `${digit.reads} · ${Math.floor(100 * digit.confidence)}%` : "no digit"), { doubtful: (digit) => !digit.is_digit });
      const within = result.digits.filter((digit) => digit.is_digit && now.includes(String(digit.reads))).length;
      return [h("div", { class: "grid" }, shown), h("div", { class: "stack tight" }, h("h3", { class: "title" }, "What the reader sees in them"), bars(result.probabilities, now.map(Number))),
        facts([["Read as one of those mixed", `${within} of ${result.digits.length}`], ["Taken for no digit", result.digits.filter((digit) => !digit.is_digit).length], ["Seed", result.seed]])];
    });
  }

  return { show: (parameters) => change({ ...DEFAULTS, seed: String(randomSeed()), ...parameters }) };
}
