// The server's API: requests answered with progress events and a result.

export class Problem extends Error {
  constructor({ detail, title, status }) {
    super(detail ?? title ?? "the server sent an unexpected answer");
    this.status = status;
  }
}

export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) query.set(name, value);
  }
  const text = query.toString();
  return `/api/${path}${text && "?"}${text}`;
}

export async function ask(path, parameters, { signal, body, progress = () => {} } = {}) {
  let answer;
  try {
    answer = await fetch(address(path, parameters), {
      method: body === undefined ? "GET" : "POST",
      body,
      signal,
      headers: { Accept: "text/event-stream" },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "the server does not respond: is handsum web still running?" });
  }
  if (!answer.ok) throw new Problem(await answer.json().catch(() => ({})));
  for await (const { event, data } of events(answer.body)) {
    if (event === "progress") progress(data.done, data.total);
    else if (event === "problem") throw new Problem(data);
    else if (event === "result") return data;
  }
  throw new Problem({ detail: "the server stopped before the result was ready: try again" });
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const found = /^event: (.*)\ndata: (.*)$/.exec(part);
        if (found) yield { event: found[1], data: JSON.parse(found[2]) };
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

// Runs one job at a time: a new one cancels the previous one.
export function latest() {
  let current = null;
  return async (job) => {
    current?.abort();
    const own = (current = new AbortController());
    try {
      const result = await job(own.signal);
      return own.signal.aborted ? undefined : result;
    } catch (error) {
      if (own.signal.aborted || error.name === "AbortError") return undefined;
      throw error;
    }
  };
}

let models;
// The models that have weights, the default ones first.
export const zoo = () => (models ??= ask("models").then((answer) => answer.models.filter(({ bundled }) => bundled).sort((one, other) => other.default - one.default)));
export const able = (models, ...tasks) => models.filter(({ task }) => tasks.includes(task));
export const DIGITS = "digit generator", RANDOM = "random digit generator", SEQUENCES = "sequence generator", SUMS = "sum reader", READERS = "digit reader";
