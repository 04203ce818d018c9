// What a link may ask of a tab. A value that the tab's fields cannot show is left out, and the tab
// says so: what is shown is always that of its fields.

import { toast } from "./dom.js";

export const oneOf = (...values) => (text) => values.includes(text);
export const whole = (least, most) => (text) => /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most;
export const digits = (most) => (text) => /^\d+$/.test(text) && text.length <= most;
export const upTo = (most) => (text) => text.length > 0 && text.length <= most;
export const flag = oneOf("1");
export const seed = whole(0, 2 ** 32 - 1);

const PART = String.raw`\d{1,9}(:(\d+\.?\d*|\.\d+))?`;
const HAND = new RegExp(String.raw`^(new|like:[\w-]+|${PART}(\+${PART})*)$`);
// Whether a text is written like a hand. Whether there is such a hand, only the server knows.
export const hand = (text) => HAND.test(text);

// The parameters of a link that pass their rule; the others are as in `defaults`.
export function read(parameters, defaults, rules) {
  const names = Object.keys(parameters);
  const right = names.filter((name) => Object.hasOwn(rules, name) && rules[name](parameters[name]));
  const wrong = names.filter((name) => !right.includes(name));
  if (wrong.length) toast(`Not understood in the link: ${wrong.join(", ").slice(0, 60)}`);
  return { ...defaults, ...Object.fromEntries(right.map((name) => [name, parameters[name]])) };
}
