// The values of a network's stages in colours: blue below zero, red above, paper at zero.

import { h } from "./dom.js";
import { loadImage } from "./parts.js";

const COLORS = {
  light: [[36, 84, 163], [251, 249, 244], [169, 58, 34]],
  dark: [[120, 170, 255], [25, 29, 40], [255, 150, 120]],
};

const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function color(grey, ends) {
  const share = Math.min(Math.abs(grey - 128) / 127, 1) ** 0.8;
  const end = grey < 128 ? ends[0] : ends[2];
  return end.map((value, channel) => ends[1][channel] + (value - ends[1][channel]) * share);
}

// A stage as a canvas, one pixel per value; an image stays grey.
export async function paint(stage) {
  const image = await loadImage(stage.picture);
  const canvas = h("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  if (stage.name === "image") return canvas;
  const ends = COLORS[isDark() ? "dark" : "light"];
  const table = Array.from({ length: 256 }, (_, grey) => color(grey, ends));
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) [pixels.data[at], pixels.data[at + 1], pixels.data[at + 2]] = table[pixels.data[at]];
  context.putImageData(pixels, 0, 0);
  return canvas;
}

// The place of a feature map on the canvas of its stage.
export function place(stage, index) {
  const [rows, columns, channels] = stage.shape;
  if (channels === undefined) return null;
  return [(index % stage.columns) * (columns + 1), Math.floor(index / stage.columns) * (rows + 1), columns, rows];
}

export const mapCount = (stage) => stage.shape[2] ?? 0;

export function mapAt(stage, canvas, event) {
  const box = canvas.getBoundingClientRect();
  const [rows, columns] = stage.shape;
  const x = Math.floor((((event.clientX - box.left) / box.width) * canvas.width) / (columns + 1));
  const y = Math.floor((((event.clientY - box.top) / box.height) * canvas.height) / (rows + 1));
  return Math.max(0, Math.min(y * stage.columns + x, mapCount(stage) - 1));
}

export function cutMap(stage, canvas, index) {
  const [left, top, width, height] = place(stage, index);
  const own = h("canvas", { width, height, role: "img", class: "map" });
  own.getContext("2d").drawImage(canvas, left, top, width, height, 0, 0, width, height);
  return own;
}
