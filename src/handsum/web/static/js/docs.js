// The API's documentation, made from its OpenAPI document.

import "./token.js";
import { h } from "./dom.js";

const place = document.getElementById("main");
const document_ = await (await fetch("/openapi.json")).json();

const resolve = (schema) => (schema?.$ref ? document_.components.schemas[schema.$ref.split("/").at(-1)] : schema ?? {});

function bounds(schema) {
  const own = schema.anyOf ? schema.anyOf.find(({ type }) => type !== "null") : schema;
  const values = own.enum ? own.enum.join(" | ") : own.const ?? own.type ?? "";
  const limits = [
    own.minimum !== undefined && `≥ ${own.minimum}`, own.maximum !== undefined && `≤ ${own.maximum}`, own.exclusiveMaximum !== undefined && `< ${own.exclusiveMaximum}`,
    own.minLength !== undefined && `${own.minLength} to ${own.maxLength} characters`,
  ].filter(Boolean);
  return [values, ...limits].join(", ");
}

// Text in which backquotes mark code.
const prose = (text) => text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
const cell = (name) => h("td", {}, h("code", {}, name));
const table = (heads, rows) => h("div", { class: "table", tabindex: "0", role: "group", "aria-label": heads.join(", ") }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));

function parameters(list) {
  if (!list?.length) return null;
  return table(["Parameter", "Values", "Default", "Meaning"], list.map(({ name, required, schema, description }) =>
    h("tr", {}, cell(name), h("td", {}, bounds(schema)), h("td", {}, required ? "required" : schema.default === undefined || schema.default === null ? "" : String(schema.default)), h("td", {}, prose(description ?? schema.description ?? "")))));
}

function typeOf(schema) {
  const own = schema.anyOf ? schema.anyOf.find(({ type }) => type !== "null") ?? schema : schema;
  if (own.$ref) return own.$ref.split("/").at(-1);
  if (own.type === "array") return own.prefixItems ? "array" : `array of ${typeOf(own.items ?? {})}`;
  return own.type ?? (own.anyOf ?? []).map(typeOf).join(" or ");
}

function fields(schema) {
  const own = resolve(schema);
  return table(["Field", "Type", "Meaning"], Object.entries(own.properties ?? {}).map(([name, field]) => h("tr", {}, cell(name), h("td", {}, typeOf(field)), h("td", {}, prose(field.description ?? "")))));
}

function example(path, method, list) {
  const query = (list ?? []).filter(({ required }) => required).map(({ name, schema }) => `${name}=${schema.examples?.[0] ?? (name === "total" ? 23 : 7)}`).join("&");
  const address = `${location.origin}${path}${query && "?"}${query}`;
  return h("pre", { tabindex: "0" }, method === "post" ? `curl --data-binary @photo.jpg '${address}'` : `curl '${address}'`);
}

function operation(path, method, { operationId, description, parameters: list, requestBody: body, responses }) {
  const types = Object.keys(responses["200"].content);
  const errors = Object.keys(responses).filter((code) => code !== "200");
  const result = responses["200"].content["application/json"].schema;
  return h("article", { class: "card stack operation", id: operationId },
    h("h3", {}, h("span", { class: "method" }, method.toUpperCase()), " ", h("code", {}, path)),
    h("p", {}, description),
    example(path, method, list),
    body && h("p", { class: "soft" }, `Body: ${body.description}`),
    parameters(list),
    h("details", {}, h("summary", {}, "Answer"), h("div", { class: "stack" }, h("p", { class: "soft small" }, `Media types: ${types.join(", ")}. Errors (${errors.join(", ")}): application/problem+json.`), fields(result))));
}

const operations = Object.entries(document_.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, details]) => operation(path, method, details)));
const used = Object.keys(document_.components.schemas).filter((name) => !name.endsWith("ValidationError"));
place.append(
  h("div", { class: "intro" }, h("h2", {}, "The API"), h("p", {}, `${document_.info.summary} ${document_.info.description} Version ${document_.info.version}. Also as `, h("a", { href: "/openapi.json" }, "an OpenAPI document"), ".")),
  h("section", { class: "stack", "aria-label": "Conventions" },
    h("p", {}, "Parameters go into the address, a picture into the body. Answers are JSON, with pictures as data URLs; with ", h("code", {}, "format=png"), " or ", h("code", {}, "svg"), " the answer is only the picture."),
    h("p", {}, "With ", h("code", {}, "Accept: text/event-stream"), " the server sends ", h("code", {}, "progress"), " events during the work, and then one ", h("code", {}, "result"), " or one ", h("code", {}, "problem"), "."),
    h("p", {}, "The same seed gives the same answer.")),
  h("div", { class: "stack operations" }, operations),
  h("section", { class: "stack", "aria-label": "Schemas" }, h("h2", { class: "schemas" }, "Schemas"), used.map((name) => h("article", { class: "card stack", id: `schema-${name}` }, h("h3", {}, h("code", {}, name)), h("p", { class: "soft" }, document_.components.schemas[name].description ?? ""), fields(document_.components.schemas[name])))));
