// The page: tabs, the address, the theme, and the state of the server.

import "./token.js";
import { h, icon } from "./dom.js";
import { zoo } from "./api.js";
import { mount as write } from "./tabs/write.js";
import { mount as identify } from "./tabs/identify.js";
import { mount as generate } from "./tabs/generate.js";
import { mount as advanced } from "./tabs/advanced.js";
import { mount as mixed } from "./tabs/mixed.js";
import { mount as interpolate } from "./tabs/interpolate.js";
import { mount as visualise } from "./tabs/visualise.js";
import { mount as compare } from "./tabs/compare.js";

const TABS = [
  ["write", "Write", write],
  ["identify", "Identify", identify],
  ["generate", "Generate", generate],
  ["advanced", "Advanced", advanced],
  ["mixed", "Mixed", mixed],
  ["interpolate", "Interpolate", interpolate],
  ["visualise", "Visualise", visualise],
  ["compare", "Compare", compare],
];

const list = document.getElementById("tabs");
const main = document.getElementById("main");
const tabs = new Map();

for (const [id, label, mount] of TABS) {
  const tab = h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, "aria-selected": "false", tabindex: "-1", on: { click: () => go(id) } }, label);
  const panel = h("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, hidden: true });
  list.append(tab);
  main.append(panel);
  tabs.set(id, { tab, panel, mount, label, view: null, query: "" });
}

list.addEventListener("keydown", (event) => {
  const ids = TABS.map(([id]) => id);
  // The next key may come before the address has changed.
  const now = ids.findIndex((id) => tabs.get(id).tab === event.target);
  const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: ids.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const id = ids[(to + ids.length) % ids.length];
  go(id);
  tabs.get(id).tab.focus();
});

const current = () => TABS.map(([id]) => id).find((id) => tabs.get(id).tab.getAttribute("aria-selected") === "true");

// A tab remembers its fields: going back to it shows it as it was.
function go(id) {
  location.hash = `${id}${tabs.get(id).query && "?"}${tabs.get(id).query}`;
}

// The tab that the address names, and its fields.
function addressed() {
  const [name, query = ""] = location.hash.slice(1).split("?");
  return [tabs.has(name) ? name : "write", query];
}

function route() {
  const [id, query] = addressed();
  for (const [other, { tab, panel }] of tabs) {
    tab.setAttribute("aria-selected", String(other === id));
    tab.tabIndex = other === id ? 0 : -1;
    panel.hidden = other !== id;
  }
  const entry = tabs.get(id);
  entry.tab.scrollIntoView({ block: "nearest", inline: "center" });
  document.title = `${entry.label} · handsum`;
  const first = !entry.view;
  entry.view ??= entry.mount(entry.panel, { models, address: (parameters) => setAddress(id, parameters) });
  if (first || query !== entry.query) {
    entry.query = query;
    entry.view.show(Object.fromEntries(new URLSearchParams(query)));
  }
}

// The address reproduces the result.
function setAddress(id, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== "" && value !== null && value !== undefined && value !== false) query.set(name, value === true ? "1" : value);
  }
  const entry = tabs.get(id), [to, asked] = addressed();
  // What somebody has just opened is in the address before `route` hears of it.
  const stays = current() === id && to === id && asked === entry.query;
  entry.query = query.toString();
  if (stays) history.replaceState(null, "", `#${id}?${query}`);
}

function theme() {
  const names = { auto: "Theme: same as the system", light: "Theme: light", dark: "Theme: dark" };
  const order = Object.keys(names);
  const element = document.getElementById("theme");
  let now = "auto";
  try { now = localStorage.getItem("theme") ?? "auto"; } catch { /* the browser stores nothing */ }
  const show = () => {
    if (now === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = now;
    element.replaceChildren(icon(now));
    element.setAttribute("aria-label", names[now]);
    element.title = names[now];
  };
  element.addEventListener("click", () => {
    now = order[(order.indexOf(now) + 1) % order.length];
    try { localStorage.setItem("theme", now); } catch { /* as above */ }
    show();
  });
  show();
}

function status() {
  const element = document.getElementById("status");
  const message = h("span");
  element.replaceChildren(h("span", { class: "dot", "aria-hidden": "true" }), message);
  const source = new EventSource("/api/status");
  source.addEventListener("status", ({ data }) => {
    const { state, done, total, doing, failed } = JSON.parse(data);
    const missing = Object.keys(failed);
    document.documentElement.toggleAttribute("data-loading", state !== "ready");
    element.className = missing.length ? "status failed" : `status ${state}`;
    if (missing.length) message.textContent = `Could not load ${missing.join(", ")}`;
    else message.textContent = state === "ready" ? "All models are ready" : `Loading models: ${done} of ${total}${doing ? ` (${doing})` : ""}`;
    if (state === "ready") source.close();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) message.textContent = "";
  });
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
theme();
status();
let models;
try {
  models = await zoo();
  addEventListener("hashchange", route);
  route();
} catch (error) {
  main.replaceChildren(h("p", { class: "message", role: "alert" }, error.message));
}
