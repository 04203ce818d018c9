// A sheet to draw on with mouse, pen or finger: smooth strokes, undo, and pens of any width.

import { h } from "./dom.js";

export class Pad {
  constructor({ label, changed }) {
    this.strokes = [];
    this.pen = 1;
    this.changed = changed;
    this.background = null;
    this.canvas = h("canvas", { class: "pad", role: "img", "aria-label": label });
    this.context = this.canvas.getContext("2d");
    this.active = new Map();
    for (const [name, run] of [["pointerdown", this.down], ["pointermove", this.move], ["pointerup", this.up], ["pointercancel", this.up]]) {
      this.canvas.addEventListener(name, run.bind(this));
    }
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    new MutationObserver(() => this.draw()).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  get empty() { return this.strokes.length === 0; }

  // Coordinates are fractions of the sheet's width, so a turned phone keeps the drawing.
  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    const dense = Math.min(devicePixelRatio || 1, 3);
    this.canvas.width = Math.round(clientWidth * dense);
    this.canvas.height = Math.round(clientHeight * dense);
    this.draw();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    // Pressure makes a pen's stroke up to a third thinner or thicker; a mouse has none.
    const force = event.pointerType === "pen" && event.pressure ? 0.67 + 0.66 * event.pressure : 1;
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.width, force];
  }

  down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const stroke = { width: this.pen, points: [this.at(event)] };
    this.active.set(event.pointerId, stroke);
    this.strokes.push(stroke);
    this.draw();
  }

  move(event) {
    const stroke = this.active.get(event.pointerId);
    if (!stroke) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) stroke.points.push(this.at(one));
    this.draw();
    this.changed(true);
  }

  up(event) {
    if (!this.active.delete(event.pointerId)) return;
    this.changed(false);
  }

  undo() {
    this.strokes.pop();
    this.draw();
    this.changed(false);
  }

  clear() {
    this.strokes = [];
    this.active.clear();
    this.draw();
    this.changed(false);
  }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      const { width, height } = this.canvas;
      this.context.clearRect(0, 0, width, height);
      this.paint(this.context, width, getComputedStyle(this.canvas).color);
    });
  }

  paint(context, width, color) {
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = context.fillStyle = color;
    for (const { width: pen, points } of this.strokes) {
      const size = (force) => Math.max(1, pen * force * width);
      if (points.length < 3) {
        const [x, y, force] = points[0];
        context.beginPath();
        context.lineWidth = size(force);
        context.moveTo(x * width, y * width);
        for (const [x, y] of points) context.lineTo(x * width, y * width + 0.01);
        context.stroke();
        continue;
      }
      // Curves through the midpoints, with the points as handles: no corners.
      let [fromX, fromY] = points[0];
      for (let index = 1; index < points.length; index++) {
        const [x, y, force] = points[index];
        const [nextX, nextY] = points[index + 1] ?? points[index];
        const toX = (x + nextX) / 2, toY = (y + nextY) / 2;
        context.beginPath();
        context.lineWidth = size(force);
        context.moveTo(fromX * width, fromY * width);
        context.quadraticCurveTo(x * width, y * width, toX * width, toY * width);
        context.stroke();
        [fromX, fromY] = [toX, toY];
      }
    }
  }

  // The drawing in black on white, as a PNG.
  picture(width) {
    const height = Math.round((width * this.canvas.clientHeight) / this.canvas.clientWidth);
    const sheet = h("canvas", { width, height });
    const context = sheet.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    this.paint(context, width, "#000");
    return new Promise((done) => sheet.toBlob(done, "image/png"));
  }
}
