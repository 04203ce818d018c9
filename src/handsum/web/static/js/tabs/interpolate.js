// Interpolate: a slider between two hands, two digits or two drawings.

import { h, button, calm, copyAddress, field, icon, later, percent, randomSeed, segments, select, text } from "../dom.js";
import { ask } from "../api.js";
import { cut, facts, intro, loadImage, outcome, output, saveFile, seedField, setFields } from "../parts.js";
import { handPicker } from "../hands.js";
import { digits as areDigits, hand as isHand, oneOf, read, seed as isSeed } from "../link.js";

const STEPS = 41;
const DEFAULTS = { kind: "hands", from: "12", to: "40", one: "3", other: "8", digits: "2357", seed: "" };
const DIGITS = [..."0123456789"].map((digit) => [digit, digit]);
const MOST = 10;
const RULES = { kind: oneOf("hands", "digits", "latents"), from: isHand, to: isHand, one: areDigits(1), other: areDigits(1), digits: areDigits(MOST), seed: isSeed };

export function mount(panel, { address, models }) {
  const mixer = models.find(({ mixes }) => mixes).name;
  let state = { ...DEFAULTS };
  let step = 0, timer = 0, draw = () => {};
  const place = output("Steps", { heights: [7, 3, 3] });
  const soon = later(request, 250);
  const kind = segments("Between", [["hands", "Hands"], ["digits", "Digits"], ["latents", "Drawings"]], "hands", (value) => change({ kind: value }));
  const from = handPicker("From", { value: "12", any: "", run: (value) => change({ from: value }) });
  const to = handPicker("To", { value: "40", any: "", run: (value) => change({ to: value }) });
  const one = select(DIGITS, "3", () => change({ one: one.value }));
  const other = select(DIGITS, "8", () => change({ other: other.value }));
  const digits = text({ inputmode: "numeric", maxlength: MOST, pattern: "[0-9]+", on: { input: () => change({ digits: digits.value }) } });
  const seed = seedField((value) => change({ seed: value }));
  const digitsField = field("Digits", digits, "Up to ten");
  const pair = h("div", { class: "pair" }, field("From", one), field("To", other));
  const note = h("p", { class: "note" });
  const slider = h("input", { type: "range", min: 0, max: STEPS - 1, value: 0, "aria-label": "Position", on: { input: () => { stop(); go(Number(slider.value)); } } });
  const play = button("Play", () => (timer ? stop() : start()), { symbol: "play" });

  panel.append(
    intro("From one to another", "Move between two people’s hands, two digits, or two drawings of the same digit. The generator draws every step."),
    h("div", { class: "split result-first" },
      h("div", { class: "stack controls" }, kind, from, to, pair, digitsField, field("Seed", seed), note),
      outcome(place,
        button("New drawings", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        button("GIF", () => saveFile(place, "interpolation.gif", "interpolate", { ...query(25), format: "gif" }), { symbol: "down" }),
        button("PNG", () => saveFile(place, "interpolation.png", "interpolate", { ...query(12), format: "png" }), { symbol: "down" }),
        button("Copy link", copyAddress, { symbol: "link" }))));

  function query(steps) {
    const { kind, from, to, one, other, digits, seed } = state;
    if (kind === "hands") return { between: `${from}..${to}`, digits, steps, seed };
    if (kind === "digits") return { between: "digits", digits: one + other, steps, seed, model: mixer };
    return { between: "latents", digits, steps, seed };
  }

  function change(part) {
    state = { ...state, ...part };
    place.changed();
    kind.value = state.kind;
    for (const [picker, key] of [[from, "from"], [to, "to"]]) {
      picker.value = state[key];
      picker.hidden = state.kind !== "hands";
    }
    pair.hidden = state.kind !== "digits";
    digitsField.hidden = state.kind === "digits";
    one.value = state.one;
    other.value = state.other;
    setFields([[digits, state.digits], [seed, state.seed]]);
    note.textContent = {
      hands: "The random numbers stay the same; only the hand changes.",
      digits: `Drawn by ${mixer}, which can mix two digits.`,
      latents: "The digit and the hand stay the same; the random numbers change.",
    }[state.kind];
    if (missing()) empty();
    else soon();
  }

  // What is still to be filled in.
  const missing = () => (state.kind !== "digits" && !state.digits ? "Enter the digits." : !state.seed ? "Enter a seed." : "");

  function empty() {
    stop();
    place.empty(missing());
  }

  function request() {
    if (missing()) return;
    address(state);
    place.make(({ signal }) => ask("interpolate", query(STEPS), { signal }), shown);
  }

  async function shown(result) {
    const sprite = await loadImage(result.picture), { size } = result;
    const rows = result.digits.length / STEPS;
    const large = Array.from({ length: rows }, () => h("canvas", { width: size, height: size, role: "img" }));
    const caption = h("p", { class: "row between" });
    const strip = h("div", { class: "film", "aria-hidden": "true" });
    for (let at = 0; at < STEPS; at += 5) strip.append(cut(sprite, at, 0, size));
    draw = () => {
      large.forEach((canvas, row) => {
        const { reads, confidence } = result.digits[row * STEPS + step];
        canvas.getContext("2d").drawImage(sprite, step * size, row * size, size, size, 0, 0, size, size);
        canvas.setAttribute("aria-label", `reads ${reads}, ${percent(confidence)}`);
      });
      const reads = large.map((_, row) => result.digits[row * STEPS + step].reads).join("");
      caption.replaceChildren(h("span", {}, `${Math.round((100 * step) / (STEPS - 1))}% of the way`), h("span", { class: "soft" }, "reads ", h("strong", {}, reads)));
      [...strip.children].forEach((frame, place) => frame.classList.toggle("now", Math.round(step / 5) === place));
    };
    go(step);
    return [h("div", { class: "between-digits" }, large), caption, h("div", { class: "row slide" }, play, slider), strip, facts([["Seed", result.seed], ["Model", result.model]])];
  }

  function go(to) {
    step = to;
    slider.value = String(to);
    slider.setAttribute("aria-valuetext", `${Math.round((100 * to) / (STEPS - 1))}% of the way`);
    draw();
  }

  function start() {
    let direction = 1;
    play.replaceChildren(icon("pause"), "Pause");
    timer = setInterval(() => {
      if (panel.hidden) return stop();
      if (step + direction < 0 || step + direction >= STEPS) direction = -direction;
      go(step + direction);
    }, calm() ? 400 : 60);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.replaceChildren(icon("play"), "Play");
  }

  return { show: (parameters) => change(read(parameters, { ...DEFAULTS, seed: String(randomSeed()) }, RULES)) };
}
