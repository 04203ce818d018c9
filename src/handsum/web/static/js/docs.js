// The API's documentation, made from its OpenAPI document.

import { h } from "./dom.js";

const place = document.getElementById("main");
const document_ = await (await fetch("/openapi.json")).json();

const resolve = (schema) => (schema?.$ref ? document_.components.schemas[schema.$ref.split("/").at(-1)] : schema ?? {});

function bounds(schema) {
  const own = schema.anyOf ? schema.anyOf.find(({ type }) => type !== "null") : schema;
  const told = own.enum ? own.enum.join(" | ") : own.const ?? own.type ?? "";
  const limits = [
    own.minimum !== undefined && `≥ ${own.minimum}`, own.maximum !== undefined && `≤ ${own.maximum}`, own.exclusiveMaximum !== undefined && `< ${own.exclusiveMaximum}`,
    own.minLength !== undefined && `${own.minLength} to ${own.maxLength} characters`,
  ].filter(Boolean);
  return [told, ...limits].join(", ");
}

const cell = (name) => h("td", {}, h("code", {}, name));
const table = (heads, rows) => h("div", { class: "table", tabindex: "0", role: "group", "aria-label": heads.join(", ") }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));

function parameters(list) {
  if (!list?.length) return null;
  return table(["Parameter", "Values", "Default", "What"], list.map(({ name, required, schema, description }) =>
    h("tr", {}, cell(name), h("td", {}, bounds(schema)), h("td", {}, required ? "required" : schema.default === undefined || schema.default === null ? "" : String(schema.default)), h("td", {}, description ?? schema.description ?? ""))));
}

function kind(schema) {
  const own = schema.anyOf ? schema.anyOf.find(({ type }) => type !== "null") ?? schema : schema;
  if (own.$ref) return own.$ref.split("/").at(-1);
  if (own.type === "array") return own.prefixItems ? "array" : `array of ${kind(own.items ?? {})}`;
  return own.type ?? (own.anyOf ?? []).map(kind).join(" or ");
}

function fields(schema) {
  const own = resolve(schema);
  return table(["Field", "Type", "What"], Object.entries(own.properties ?? {}).map(([name, field]) => h("tr", {}, cell(name), h("td", {}, kind(field)), h("td", {}, field.description ?? ""))));
}

function example(path, method, list) {
  const asked = (list ?? []).filter(({ required }) => required).map(({ name, schema }) => `${name}=${schema.examples?.[0] ?? (name === "total" ? 23 : 7)}`).join("&");
  const address = `${location.origin}${path}${asked && "?"}${asked}`;
  return h("pre", { tabindex: "0" }, method === "post" ? `curl --data-binary @photo.jpg '${address}'` : `curl '${address}'`);
}

function operation(path, method, told) {
  const kinds = Object.keys(told.responses["200"].content);
  const result = told.responses["200"].content["application/json"].schema;
  const body = told.requestBody;
  return h("article", { class: "card stack operation", id: told.operationId },
    h("h3", {}, h("span", { class: "method" }, method.toUpperCase()), " ", h("code", {}, path)),
    h("p", {}, told.description),
    example(path, method, told.parameters),
    body && h("p", { class: "soft" }, `Body: ${body.description}`),
    parameters(told.parameters),
    h("details", {}, h("summary", {}, "Answers"), h("div", { class: "stack" }, h("p", { class: "soft small" }, `200: ${kinds.join(", ")}. Errors are application/problem+json: ${Object.keys(told.responses).filter((code) => code !== "200").join(", ")}.`), fields(result))));
}

const operations = Object.entries(document_.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, told]) => operation(path, method, told)));
const used = Object.keys(document_.components.schemas).filter((name) => !name.endsWith("ValidationError"));
place.append(
  h("div", { class: "intro" }, h("h2", {}, "The API"), h("p", {}, `${document_.info.summary} ${document_.info.description} Version ${document_.info.version}; the same as `, h("a", { href: "/openapi.json" }, "OpenAPI"), ".")),
  h("section", { class: "stack", "aria-label": "Conventions" },
    h("p", {}, "Parameters go into the address, a picture is the body. Answers are JSON, in which pictures are data URLs; with ", h("code", {}, "format=png"), " or ", h("code", {}, "svg"), " the answer is the picture itself."),
    h("p", {}, "With ", h("code", {}, "Accept: text/event-stream"), " every request answers with ", h("code", {}, "progress"), " events while it is worked on, and one ", h("code", {}, "result"), " or one ", h("code", {}, "problem"), "."),
    h("p", {}, "The same seed gives the same answer.")),
  h("div", { class: "stack operations" }, operations),
  h("section", { class: "stack", "aria-label": "Schemas" }, h("h2", { class: "schemas" }, "What is answered"), used.map((name) => h("article", { class: "card stack", id: `schema-${name}` }, h("h3", {}, h("code", {}, name)), h("p", { class: "soft" }, document_.components.schemas[name].description ?? ""), fields(document_.components.schemas[name])))));
