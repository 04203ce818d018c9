// What was read in a picture: its digits, which can be corrected, their sum, and those to train on.

import { h, bytesOf, button, percent, saveBlob } from "./dom.js";
import { bars, facts, sumChart } from "./parts.js";
import { zip } from "./zip.js";

// A digit with less confidence is marked as doubtful, as by `predict --annotate`.
const DOUBTFUL = 0.9;

// The distribution of the sum of independent digits, from 0 on.
function convolve(digits) {
  return digits.reduce((sums, shares) => {
    const longer = new Array(sums.length + 9).fill(0);
    sums.forEach((sum, total) => shares.forEach((share, digit) => (longer[total + digit] += sum * share)));
    return longer;
  }, [1]);
}

function summarise(shares) {
  const sum = shares.indexOf(Math.max(...shares));
  const level = (least) => {
    let total = 0;
    return shares.findIndex((share) => (total += share) >= least);
  };
  return { sum, probability: shares[sum], interval: [level(0.05), level(0.95)], distribution: Object.fromEntries(shares.entries()) };
}

// A reading and what people say its digits are: `values` has a digit for each, or null for none.
export class Reading {
  constructor(result) {
    this.result = result;
    this.values = result.digits.map(({ digit }) => digit);
    this.corrected = new Set();
    this.chosen = 0;
  }

  get digits() { return this.result.digits; }

  correct(index, value) {
    this.values[index] = value;
    this.corrected.add(index);
  }

  doubtful(index) { return !this.corrected.has(index) && this.digits[index].confidence < DOUBTFUL; }

  // The text of the rows, with the corrected digits.
  get rows() {
    let next = 0;
    return this.result.rows.map((row) => row.replace(/[0-9]/g, () => this.values[next++] ?? ""));
  }

  // The sum, its probability, interval and distribution: a corrected digit is certain.
  get total() {
    if (!this.corrected.size) return this.result;
    const certain = (value) => Array.from({ length: 10 }, (_, digit) => Number(digit === value));
    const digits = this.digits.map(({ probabilities }, index) => (this.corrected.has(index) ? certain(this.values[index]) : probabilities));
    return summarise(convolve(digits.filter((_, index) => this.values[index] !== null)));
  }

  // The digits as files of a folder to train on.
  get files() {
    return this.digits.map(({ picture }, index) => [this.values[index], bytesOf(picture)]).filter(([value]) => value !== null);
  }
}

// The parts of the page that show a reading. `changed` is called when another digit is chosen or
// corrected, `keeping` is what `keeper` returned.
export function show(reading, { changed, keeping }) {
  const { digits } = reading;
  const several = digits.length > 1;
  const title = h("h3", { class: "title" });
  const head = h("div", { class: "reading-head" }), detail = h("div", { class: "stack tight" }), sum = h("div", { class: "stack tight" });
  const cards = digits.map((digit, index) => h("button", { type: "button", class: "read-digit", on: { click: () => choose(index) } },
    h("img", { src: digit.picture, alt: "", class: "seen", width: 28, height: 28 }), h("strong"), h("span")));

  function refresh() {
    const { total } = reading;
    head.replaceChildren(
      h("p", { class: "read-text", "data-testid": "reading" }, reading.rows.join(" · ")),
      ...(several ? [h("p", { class: "sum-text" }, "sum ", h("strong", {}, String(total.sum)), h("span", { class: "soft" }, ` ${percent(total.probability)}`))] : []));
    cards.forEach((card, index) => {
      const value = reading.values[index] ?? "–", corrected = reading.corrected.has(index);
      const sure = corrected ? "yours" : percent(digits[index].confidence);
      card.setAttribute("aria-pressed", String(index === reading.chosen));
      card.setAttribute("aria-label", `${value === "–" ? "no digit" : value}, ${sure}`);
      const [, text, note] = card.children;
      text.textContent = value;
      note.textContent = sure;
      note.className = reading.doubtful(index) ? "bad" : "soft";
    });
    title.textContent = several ? `Digit ${reading.chosen + 1}: ${reading.values[reading.chosen] ?? "no digit"}` : "Confidence";
    if (several) sum.replaceChildren(h("h3", { class: "title" }, "The sum"), sumChart(total), facts([["90% interval", `${total.interval[0]}–${total.interval[1]}`], ["Number of digits", reading.files.length]]));
    keeping.offer(reading);
    changed();
  }

  function correct(value) {
    reading.correct(reading.chosen, value);
    refresh();
    answers.forEach(press);
  }

  const values = [...Array(10).keys(), null];
  const answers = values.map((value) => h("button", { type: "button", "aria-label": value === null ? null : `It is a ${value}`, on: { click: () => correct(value) } }, value === null ? "No digit" : String(value)));
  const press = (answer, index) => answer.setAttribute("aria-pressed", String(reading.values[reading.chosen] === values[index]));
  const choices = h("details", { class: "correct" }, h("summary", {}, "Correct it"), h("div", { class: "digit-picker" }, answers));

  function choose(index) {
    reading.chosen = index;
    const digit = digits[index];
    detail.replaceChildren(
      title,
      h("div", { class: "how-sure" }, h("figure", {}, h("img", { src: digit.picture, class: "seen large-seen", alt: "The digit, cut out to 28 by 28 pixels", width: 28, height: 28 }), h("figcaption", { class: "soft small" }, "Cut out, 28 × 28")), bars(digit.probabilities)),
      choices);
    answers.forEach(press);
    refresh();
  }

  choose(reading.chosen);
  return { parts: [head, several && h("div", { class: "read-digits" }, cards), detail, several && sum, keeping.element].filter(Boolean), choose };
}

// Keeps the digits of readings, to be saved as a folder that a reader can be trained on.
export function keeper() {
  const kept = new Map();
  let offered = null;
  const keep = button("", () => {
    kept.set(offered, offered.files);
    update();
  });
  const save = button("", () => saveBlob("digits.zip", zip([...kept.values()].flat().map(([digit, bytes], index) => [`digits/${digit}/${String(index + 1).padStart(4, "0")}.png`, bytes]))), { symbol: "down" });
  const element = h("details", { class: "correct" }, h("summary", {}, "Train on these digits"),
    h("div", { class: "stack tight" }, h("p", { class: "soft small" }, "Keep digits that are right, or corrected. The archive holds one folder for each digit: unzip it, and give it to ", h("code", {}, "handsum train cnn --start-from cnn --dataset folder:digits"), "."), h("div", { class: "row" }, keep, save)));

  function update() {
    const own = kept.get(offered), now = offered.files.length, all = [...kept.values()].flat().length;
    const same = own && own.every(([digit], index) => digit === offered.files[index]?.[0]) && own.length === now;
    keep.textContent = same ? "Kept" : `Keep ${now === 1 ? "this digit" : `these ${now} digits`}`;
    keep.disabled = same || !now;
    save.lastChild.textContent = all === 1 ? "Save 1 digit" : `Save ${all} digits`;
    save.disabled = !all;
  }

  return {
    element,
    offer(reading) {
      offered = reading;
      update();
    },
  };
}
