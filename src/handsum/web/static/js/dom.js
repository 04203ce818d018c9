// Elements made without HTML strings, which the page's content policy forbids.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
export const s = (tag, properties, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

let count = 0;
export const freshId = (name = "id") => `${name}-${++count}`;

const ICONS = {
  again: "M4 11a8 8 0 1 1 2.3 6M4 19v-4.5h4.5",
  down: "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1",
  undo: "M9 7 4.500 11.500 9 16M5 11.500h9a5 5 0 0 1 0 10h-2",
  clear: "M6 6l12 12M18 6 6 18",
  photo: "M4 7h3.500L9 5h6l1.500 2H20v12H4zM12 16.200a3.400 3.400 0 1 0 0-6.800 3.400 3.400 0 0 0 0 6.800z",
  play: "M8 5.500v13l10.500-6.500z",
  pause: "M8 5.500v13M16 5.500v13",
  next: "M9 5.500 15.500 12 9 18.500",
  back: "M15 5.500 8.500 12 15 18.500",
  check: "M5 12.500l4.500 4.500L19 7.500",
  light: "M12 4V2.500M12 21.500V20M4 12H2.500M21.500 12H20M6.300 6.300 5.300 5.300M18.700 18.700l-1-1M6.300 17.700l-1 1M18.700 5.300l-1 1M12 16.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9z",
  dark: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  auto: "M12 3.500a8.500 8.500 0 1 0 0 17zM12 3.500a8.500 8.500 0 0 1 0 17",
};

export const icon = (name) =>
  s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", fill: "none", stroke: "currentColor", "stroke-width": "1.9", "stroke-linecap": "round", "stroke-linejoin": "round" }, s("path", { d: ICONS[name] }));

export function button(label, run, { first = false, wide = false, symbol = null, only = false } = {}) {
  const classes = ["button", first && "first", wide && "wide", only && "icon"].filter(Boolean).join(" ");
  return h("button", { type: "button", class: classes, "aria-label": only ? label : null, title: only ? label : null, on: { click: run } }, symbol && icon(symbol), only ? null : label);
}

export function field(label, control, hint) {
  const target = control.matches?.("input, select") ? control : control.querySelector("input, select");
  target.id ||= freshId("field");
  const hintId = hint && freshId("hint");
  if (hint) target.setAttribute("aria-describedby", hintId);
  return h("div", { class: "field" }, h("label", { for: target.id }, label), control, hint && h("span", { class: "hint", id: hintId }, hint));
}

export const text = (properties) => h("input", { type: "text", autocomplete: "off", spellcheck: "false", ...properties });
export const number = (properties) => h("input", { type: "number", inputmode: "numeric", ...properties });
// What is in a field: null if it is a text that is no number, for which browsers give "".
export const entered = (input) => (input.validity.badInput ? null : input.value);
export const select = (options, value, run) =>
  h("select", { on: { change: run } }, options.map(([key, label]) => h("option", { value: key, selected: key === value }, label)));

// Radio buttons in one row; `value` works as on a select.
export function segments(label, options, value, run) {
  const name = freshId("choice");
  const inputs = options.map(([key, shown]) => [h("input", { type: "radio", name, value: key, checked: key === value, on: { change: () => run(key) } }), shown]);
  const element = h("fieldset", {}, h("legend", { class: "hidden-label" }, label), h("div", { class: "segments" }, inputs.map(([input, shown]) => h("label", {}, input, h("span", {}, shown)))));
  Object.defineProperty(element, "value", {
    get: () => inputs.find(([input]) => input.checked)?.[0].value,
    set: (chosen) => inputs.forEach(([input]) => (input.checked = input.value === chosen)),
  });
  return element;
}

export function check(label, checked, run) {
  const input = h("input", { type: "checkbox", checked, on: { change: () => run(input.checked) } });
  const element = h("label", { class: "check" }, input, label);
  element.input = input;
  return element;
}

// A button that opens the choice of a picture, and its input, which forgets the choice: so the same
// file can be chosen again.
export function picturePicker(label, name, run) {
  const input = h("input", { type: "file", accept: "image/*", class: "hidden-label", tabindex: "-1", "aria-label": name, on: { change: () => {
    const [chosen] = input.files;
    input.value = "";
    if (chosen) run(chosen);
  } } });
  return [button(label, () => input.click(), { symbol: "photo" }), input];
}

export const percent = (share) => `${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

export function toast(message) {
  const element = document.getElementById("toast");
  element.textContent = message;
  element.classList.add("on");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => element.classList.remove("on"), 2200);
}

export function save(name, url) {
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

export function saveBlob(name, blob) {
  const url = URL.createObjectURL(blob);
  save(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const bytesOf = (dataUrl) => Uint8Array.from(atob(dataUrl.split(",")[1]), (character) => character.charCodeAt(0));
export const blobOf = (dataUrl) => new Blob([bytesOf(dataUrl)], { type: dataUrl.slice(5).split(";")[0] });

export async function copyAddress() {
  try {
    await navigator.clipboard.writeText(location.href);
    toast("Link copied");
  } catch {
    toast("Copy the link from the address bar");
  }
}

// Larger photos are made smaller before the upload: more pixels do not help the reader.
const MOST_PIXELS = 4_000_000, MOST_BYTES = 20 * 2 ** 20;

// A picture for the upload, and whether the browser can show it; the server may know it even so.
export async function upload(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    if (blob.size > MOST_BYTES) throw new Error("the picture has more than 20 MiB: make it smaller first");
    return { blob, visible: false };
  }
  const scale = Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height));
  if (scale >= 1 && blob.size <= MOST_BYTES) return { blob, visible: true };
  const sheet = h("canvas", { width: Math.round(bitmap.width * Math.min(scale, 1)), height: Math.round(bitmap.height * Math.min(scale, 1)) });
  const context = sheet.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, sheet.width, sheet.height);
  bitmap.close();
  return { blob: await new Promise((done) => sheet.toBlob(done, "image/jpeg", 0.92)), visible: true };
}

export function later(run, milliseconds) {
  let timer;
  return (...rest) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...rest), milliseconds);
  };
}
