// Visualise: a digit through the generator's layers, stage by stage.

import { entered, h, button, calm, copyAddress, field, icon, later, number, randomSeed, select } from "../dom.js";
import { able, ask, DIGITS, RANDOM, SEQUENCES } from "../api.js";
import { facts, intro, outcome, output, seedField, setFields } from "../parts.js";
import { handPicker } from "../hands.js";
import { digits as areDigits, hand as isHand, oneOf, read, seed as isSeed, whole } from "../link.js";
import { cutMap, mapAt, mapCount, paint } from "../maps.js";

const DEFAULTS = { number: "7", total: "12", length: "3", writer: "0", seed: "" };
const STAGE_MILLISECONDS = 1100, LONGEST = 10, MOST_TOTAL = 9 * LONGEST;

export function mount(panel, { address, models }) {
  const generators = able(models, DIGITS, RANDOM, SEQUENCES);
  const task = () => generators.find(({ name }) => name === state.model).task;
  const knowsHands = () => generators.find(({ name }) => name === state.model).writers > 1;
  const defaults = { model: generators[0].name, ...DEFAULTS };
  const RULES = { model: oneOf(...generators.map(({ name }) => name)), number: areDigits(1), total: whole(0, MOST_TOTAL), length: whole(1, LONGEST), writer: isHand, seed: isSeed };
  let state = { ...defaults };
  let timer = 0, at = 0, go = () => {};
  const place = output("Stages", { heights: [3, 20, 1.5, 1.6, 1.6, 5, 5, 5] });
  const soon = later(request, 250);
  const model = select(generators.map(({ name }) => [name, name]), defaults.model, () => change({ model: model.value }));
  const digits = [..."0123456789"].map((digit) => h("button", { type: "button", "aria-pressed": "false", on: { click: () => change({ number: digit }) } }, digit));
  const digitField = h("div", { class: "field", role: "group", "aria-label": "Digit" }, h("span", { class: "label" }, "Digit"), h("div", { class: "digit-picker" }, digits));
  const total = number({ min: 0, max: MOST_TOTAL, on: { input: () => change({ total: entered(total) }) } });
  const length = number({ min: 1, max: LONGEST, on: { input: () => change({ length: entered(length) }) } });
  const hand = handPicker("Hand", { value: DEFAULTS.writer, any: "", run: (value) => change({ writer: value }) });
  const seed = seedField((value) => change({ seed: value }));
  const sumFields = h("div", { class: "pair" }, field("Total", total), field("Number of digits", length));
  const play = button("Play", () => (timer ? stop() : start()), { symbol: "play" });
  const slider = h("input", { type: "range", min: 0, value: 0, "aria-label": "Stage", on: { input: () => { stop(); go(Number(slider.value)); } } });

  panel.append(
    intro("Inside a generator", "From random numbers to ink: the output of every layer. Blue is below zero, red above."),
    h("div", { class: "split result-first" },
      h("div", { class: "stack controls" }, field("Generator", model), digitField, sumFields, hand, field("Seed", seed)),
      outcome(place,
        button("New random numbers", () => change({ seed: String(randomSeed()) }), { first: true, symbol: "again" }),
        button("Copy link", copyAddress, { symbol: "link" }))));

  function query() {
    const { model, number, total, length, writer, seed } = state;
    if (task() === SEQUENCES) return { model, number: total, length, seed };
    if (task() === RANDOM) return { model, seed };
    return { model, number, writer: knowsHands() ? writer : "", seed };
  }

  function change(part) {
    state = { ...state, ...part };
    place.changed();
    model.value = state.model;
    digits.forEach((element, digit) => element.setAttribute("aria-pressed", String(state.number === String(digit))));
    setFields([[total, state.total], [length, state.length], [seed, state.seed]]);
    hand.value = state.writer;
    const sequence = task() === SEQUENCES;
    sumFields.hidden = !sequence;
    digitField.hidden = sequence || task() === RANDOM;
    hand.hidden = !knowsHands();
    if (missing()) empty();
    else soon();
  }

  // What is still to be filled in.
  function missing() {
    if (task() === SEQUENCES && !state.total) return "Enter a total.";
    if (task() === SEQUENCES && !state.length) return "Enter the number of digits.";
    return state.seed ? "" : "Enter a seed.";
  }

  function empty() {
    stop();
    place.empty(missing());
  }

  function request() {
    if (missing()) return;
    address(state);
    stop();
    place.make(({ signal }) => ask("visualize", query(), { signal }), shown);
  }

  async function shown(result) {
    const canvases = await Promise.all(result.stages.map(paint));
    const view = h("div", { class: "theatre" });
    const title = h("p", { class: "title", "aria-live": "polite" });
    slider.max = String(result.stages.length - 1);
    go = (to) => {
      at = Math.min(to, result.stages.length - 1);
      slider.value = String(at);
      slider.setAttribute("aria-valuetext", name(result.stages[at]));
      title.textContent = `${at + 1} of ${result.stages.length}: ${name(result.stages[at])}`;
      view.replaceChildren(figure(result.stages[at], canvases[at]));
      rows.forEach((row, index) => row.classList.toggle("now", index === at));
    };
    const rows = result.stages.map((stage, index) => h("li", { class: "stage" },
      h("div", { class: "row between" }, h("button", { type: "button", class: "stage-name", on: { click: () => { stop(); go(index); view.scrollIntoView({ block: "nearest" }); } } }, name(stage)),
        mapCount(stage) > 1 && h("button", { type: "button", class: "plain small", "aria-label": `Enlarge the maps of ${name(stage)}`, on: { click: () => enlarge(result.stages, canvases, index, 0) } }, "Enlarge")),
      figure(stage, copy(canvases[index]))));
    go(result.stages.length - 1);
    return [h("div", { class: "stage-head" }, title, h("div", { class: "row slide" }, play, slider)), view,
      facts([["Model", result.model], ["Drawn", result.what], ["Seed", result.seed]]), h("ol", { class: "stages" }, rows)];

    function figure(stage, canvas) {
      const flat = stage.shape.length < 3;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", name(stage));
      canvas.className = flat ? "map values" : stage.name === "image" ? "map final" : "map maps";
      if (mapCount(stage) > 1) canvas.onclick = (event) => enlarge(result.stages, canvases, result.stages.indexOf(stage), mapAt(stage, canvas, event));
      return canvas;
    }
  }

  function start() {
    if (at >= Number(slider.max)) go(0);
    play.replaceChildren(icon("pause"), "Pause");
    timer = setInterval(() => {
      if (panel.hidden || at >= Number(slider.max)) return stop();
      go(at + 1);
    }, calm() ? 2 * STAGE_MILLISECONDS : STAGE_MILLISECONDS);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.replaceChildren(icon("play"), "Play");
  }

  return { show: (parameters) => change(read(parameters, { ...defaults, seed: String(randomSeed()) }, RULES)) };
}

const name = (stage) => stage.title;

function copy(canvas) {
  const own = h("canvas", { width: canvas.width, height: canvas.height });
  own.getContext("2d").drawImage(canvas, 0, 0);
  return own;
}

function enlarge(stages, canvases, stageIndex, mapIndex) {
  const stage = stages[stageIndex];
  const count = mapCount(stage);
  const view = h("div", { class: "enlarged" });
  const caption = h("p", { class: "soft", "aria-live": "polite" });
  const show = (index) => {
    mapIndex = (index + count) % count;
    view.replaceChildren(cutMap(stage, canvases[stageIndex], mapIndex));
    view.firstChild.setAttribute("aria-label", `Map ${mapIndex + 1}`);
    caption.textContent = `Map ${mapIndex + 1} of ${count}, values from −${stage.bound.toFixed(2)} (blue) to ${stage.bound.toFixed(2)} (red)`;
  };
  const dialog = h("dialog", { "aria-label": name(stage), class: "map-dialog" },
    h("div", { class: "dialog-head" }, h("h3", { class: "title" }, name(stage)), button("Close", () => dialog.close(), { symbol: "clear", only: true })),
    h("div", { class: "dialog-body" }, view, h("div", { class: "map-steps" }, button("Previous map", () => show(mapIndex - 1), { symbol: "back", only: true }), caption, button("Next map", () => show(mapIndex + 1), { symbol: "next", only: true }))));
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") show(mapIndex + 1);
    if (event.key === "ArrowLeft") show(mapIndex - 1);
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  show(mapIndex);
  dialog.showModal();
}
