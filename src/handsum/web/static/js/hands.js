// The choice of a hand: any, one from a list, a mix, one fitted to a picture, or a new one.

import { h, button, field, text } from "./dom.js";
import { ask } from "./api.js";
import { output } from "./parts.js";

const PAGE = 48;
// The samples of a hand are the same each time.
const SEED = 0;

export function handPicker(label, { value = "", any = "Any hand", run }) {
  const preview = h("img", { alt: "", hidden: true });
  const what = h("span", { class: "what" });
  const opener = h("button", { type: "button", class: "hand-button", "aria-haspopup": "dialog", on: { click: () => open(element.value, choose, any) } }, what, preview);
  const element = h("div", { class: "field" }, h("span", { class: "label" }, label), opener);
  let current;

  async function show(hand) {
    current = hand;
    what.textContent = hand === "" ? any : hand === "new" ? "A new hand" : hand.startsWith("like:") ? "Your hand" : hand.includes("+") ? `Mix ${hand}` : `Hand ${hand}`;
    opener.setAttribute("aria-label", `${label}: ${what.textContent}. Choose another`);
    preview.hidden = true;
    if (!/^\d+$/.test(hand)) return;
    try {
      const sheet = await ask("writers", { first: hand, count: 1, digits: "1234567", seed: SEED });
      if (current !== hand) return;
      preview.src = sheet.hands[0].picture;
      preview.hidden = false;
    } catch {
      // The number is enough here; the request that uses the hand shows the error.
    }
  }

  function choose(hand) {
    show(hand);
    run(hand);
  }

  Object.defineProperty(element, "value", { get: () => current, set: (hand) => hand !== current && show(hand) });
  show(value);
  return element;
}

let dialog;

function open(value, choose, any) {
  dialog?.remove();
  const sheet = h("div", { class: "hands" });
  const place = output("Hands");
  place.element.classList.remove("card");
  let first = 0;
  const close = (hand) => {
    dialog.close();
    if (hand !== undefined) choose(hand);
  };
  const shown = (hand) => h("button", { type: "button", "aria-pressed": String(String(hand.writer) === value), on: { click: () => close(String(hand.writer)) } },
    h("img", { src: hand.picture, alt: "", width: hand.width, height: hand.height }),
    h("span", {}, hand.fit === null ? `Hand ${hand.writer}` : `Yours · fit ${Math.round(hand.fit * 100)}%`));
  const more = button("More hands", () => load());

  function load() {
    place.make(({ signal, progress }) => ask("writers", { first, count: PAGE, digits: "0123456789", seed: SEED }, { signal, progress }), (answer) => {
      first += answer.hands.length;
      more.hidden = first >= answer.writers;
      sheet.append(...answer.hands.map(shown));
      return [sheet, more];
    });
  }

  const like = h("input", { type: "file", accept: "image/*", class: "hidden-label", tabindex: "-1", "aria-label": "A picture of your digits", on: { change: () => {
    if (!like.files[0]) return;
    place.make(({ signal, progress }) => ask("writers/like", { seed: SEED }, { signal, progress, body: like.files[0] }), (answer) => {
      sheet.replaceChildren(...answer.hands.map(shown));
      first = 0;
      return [h("p", { class: "soft small" }, "A hand fitted to the digits in your picture, and the most similar writers. Fit: the share of writers whose own digits are no nearer to those drawn in their hand."), sheet, more];
    });
  } } });
  const mix = text({ placeholder: "12+40 or 12:3+40:1", value: value.includes("+") ? value : "" });
  const form = h("form", { class: "row mix", on: { submit: (event) => {
    event.preventDefault();
    if (mix.value.trim()) close(mix.value.trim().replaceAll(" ", ""));
  } } }, mix, h("button", { class: "button" }, "Use this mix"));
  dialog = h("dialog", { "aria-label": "Choose a hand" },
    h("div", { class: "dialog-head" }, h("h3", { class: "title" }, "Choose a hand"), button("Close", () => close(), { symbol: "clear", only: true })),
    h("div", { class: "dialog-body" },
      h("div", { class: "row" }, any && button(any, () => close("")), button("A new hand", () => close("new")), button("Like mine…", () => like.click(), { symbol: "photo" }), like),
      field("Or mix several hands", form, "Writers' numbers with + between them; :3 gives a hand three times the weight."),
      place.element));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.showModal();
  load();
}
