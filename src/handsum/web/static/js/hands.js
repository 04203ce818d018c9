// The choice of a hand: any, one from a list, a mix, one fitted to a picture, or a new one.

import { h, button, field, picturePicker, text, upload } from "./dom.js";
import { ask, latest } from "./api.js";
import { hand as isHand } from "./link.js";
import { output, sentence } from "./parts.js";

const PAGE = 48;
// The samples of a hand are the same each time.
const SEED = 0;

// Digits in a hand, black on transparent paper; an error if there is no such hand.
async function sample(hand, signal) {
  const look = { ink: "black", paper: "transparent", scale: 2, verify: "false" };
  return (await ask("number", { text: "1234567", writer: hand, seed: SEED, ...look }, { signal })).picture;
}

export function handName(hand) {
  if (hand === "new") return "A new hand";
  if (!isHand(hand)) return "No hand";
  if (hand.startsWith("like:")) return "Your hand";
  return hand.includes("+") ? `Mix ${hand}` : `Hand ${hand}`;
}

export function handPicker(label, { value = "", any = "Any hand", run }) {
  const preview = h("img", { alt: "", hidden: true });
  const what = h("span", { class: "what" });
  const opener = h("button", { type: "button", class: "hand-button", "aria-haspopup": "dialog", on: { click: () => open(element.value, choose, any) } }, what, preview);
  const element = h("div", { class: "field" }, h("span", { class: "label" }, label), opener);
  const drawn = latest();
  let current;

  function title(name) {
    what.textContent = name;
    opener.title = name;
    opener.setAttribute("aria-label", `${label}: ${name}. Choose another`);
  }

  async function show(hand) {
    current = hand;
    title(hand === "" ? any : handName(hand));
    preview.hidden = true;
    drawn.stop();
    if (hand === "" || hand === "new") return;
    try {
      const picture = await drawn((signal) => sample(hand, signal));
      if (picture === undefined) return;
      preview.src = picture;
      preview.hidden = false;
    } catch (error) {
      // Another error says nothing about the hand.
      if (current === hand && error.status === 422) title(`No such hand: ${hand.slice(0, 20)}`);
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
  // After a failure the hands that are there can still be chosen.
  const place = output("Hands", { heights: [4, 4, 4], lasting: true });
  place.element.classList.remove("card");
  let first = 0, listed;
  const close = (hand) => {
    dialog.close();
    if (hand !== undefined) choose(hand);
  };
  const shown = (hand) => h("button", { type: "button", "aria-pressed": String(String(hand.writer) === value), on: { click: () => close(String(hand.writer)) } },
    h("img", { src: hand.picture, alt: "", width: hand.width, height: hand.height }),
    h("span", {}, hand.fit === null ? `Hand ${hand.writer}` : `Yours · fit ${Math.round(hand.fit * 100)}%`));
  const more = button("More hands", () => load());

  function load() {
    listed = place.make(({ signal, progress }) => ask("writers", { first, count: PAGE, digits: "0123456789", seed: SEED }, { signal, progress }), (answer) => {
      first += answer.hands.length;
      more.hidden = first >= answer.writers;
      more.textContent = "More hands";
      sheet.append(...answer.hands.map(shown));
      return [sheet, more];
    });
  }

  async function like(file) {
    // After a failure the hands that were on their way are there.
    await listed;
    const job = async ({ signal, progress }) => ask("writers/like", { seed: SEED }, { signal, progress, body: (await upload(file)).blob });
    const made = await place.make(job, (answer) => {
      sheet.replaceChildren(...answer.hands.map(shown));
      first = 0;
      more.hidden = false;
      return [h("p", { class: "soft small" }, "A hand fitted to the digits in your picture, and the most similar writers. Fit: the share of writers whose own digits are no nearer to those drawn in their hand."), sheet, more];
    });
    // The first hands have failed as well.
    if (!made && !place.body.contains(sheet)) {
      more.textContent = "Show the hands";
      place.body.replaceChildren(more);
    }
  }

  const mix = text({ placeholder: "12+40 or 12:3+40:1", value: value.includes("+") ? value : "" });
  const wrong = h("p", { class: "bad small", role: "alert" });
  const check = latest();
  const form = h("form", { class: "row mix", on: { submit: async (event) => {
    event.preventDefault();
    const hand = mix.value.replaceAll(" ", "");
    if (!hand) return;
    wrong.textContent = "";
    if (!isHand(hand) || hand.startsWith("like:")) {
      wrong.textContent = "Write a mix as 12+40 or 12:3+40:1.";
      return;
    }
    try {
      if (await check((signal) => sample(hand, signal))) close(hand);
    } catch (error) {
      wrong.textContent = `${sentence(error.message)}.`;
    }
  } } }, mix, h("button", { class: "button" }, "Use this mix"));
  dialog = h("dialog", { "aria-label": "Choose a hand" },
    h("div", { class: "dialog-head" }, h("h3", { class: "title" }, "Choose a hand"), button("Close", () => close(), { symbol: "clear", only: true })),
    h("div", { class: "dialog-body" },
      h("div", { class: "row" }, any && button(any, () => close("")), button("A new hand", () => close("new")), picturePicker("Like mine…", "A picture of your digits", like)),
      h("div", { class: "stack tight" }, field("Or mix several hands", form, "Writers' numbers with + between them; :3 gives a hand three times the weight."), wrong),
      place.element));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.showModal();
  load();
}
