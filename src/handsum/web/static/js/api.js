// The server's API: requests answered with progress events and a result.

// What the page's fields are called, where that is not the name of the parameter.
const LABELS = { length: "number of digits", text: "number", writer: "hand", model: "generator", rows: "copies of each", mix: "digits to mix", between: "hands", count: "how many" };
// For answers without a reason, such as those of a proxy.
const REASONS = {
  401: "the server does not know this page: open the address that handsum web printed",
  403: "the server refuses this page: open the address that handsum web printed",
  408: "the picture did not arrive in time: try again",
  413: "the picture is too large: make it smaller first",
  429: "the server has too many requests",
  503: "the server is busy",
};
const TEMPORARY = [0, 408, 429, 500, 502, 503, 504];
// Browsers open six connections to a server, and a new page needs one before they end the requests
// of the old page. So some stay free: for the state of the server, and for where people go next.
const AT_ONCE = 4;

export class Problem extends Error {
  // `status` 0: no answer at all. `wait`: the seconds that the server wants to be left alone.
  constructor({ detail, status = 0, errors }, wait = 0) {
    const fields = errors?.map(({ parameter, message }) => `${LABELS[parameter] ?? parameter}: ${message}`).join("; ");
    const reason = fields || detail || REASONS[status] || (status ? `the server failed (${status})` : "the server sent an unexpected answer");
    super(wait && !/\bagain\b/.test(reason) ? `${reason}: try again in ${wait} seconds` : reason);
    this.status = status;
  }

  // Whether the same request may succeed later.
  get temporary() { return TEMPORARY.includes(this.status); }
}

async function refusal(answer) {
  const body = await answer.json().catch(() => ({}));
  const wait = Math.ceil(Number(answer.headers.get("Retry-After"))) || 0;
  return new Problem({ ...body, status: answer.status }, wait);
}

export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) query.set(name, value);
  }
  const text = query.toString();
  return `/api/${path}${text && "?"}${text}`;
}

// At most `most` at once. The function that it returns waits for a place, or until `signal` ends the
// wait, and returns what frees the place.
export function places(most) {
  const waiting = new Set();
  let free = most;
  const leave = () => {
    const [next] = waiting;
    if (next) next();
    else free++;
  };
  return async (signal) => {
    signal?.throwIfAborted();
    if (free) free--;
    else await new Promise((resolve, reject) => {
      const end = (then) => () => { waiting.delete(enter); signal?.removeEventListener("abort", give); then(signal?.reason); };
      const enter = end(resolve), give = end(reject);
      waiting.add(enter);
      signal?.addEventListener("abort", give);
    });
    return leave;
  };
}

const enter = places(AT_ONCE);

async function send(path, parameters, options) {
  try {
    return await fetch(address(path, parameters), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "the server does not respond: is handsum web still running?" });
  }
}

export async function ask(path, parameters, { signal, body, progress = () => {} } = {}) {
  const method = body === undefined ? "GET" : "POST";
  const leave = await enter(signal);
  try {
    const answer = await send(path, parameters, { method, body, signal, headers: { Accept: "text/event-stream" } });
    if (!answer.ok) throw await refusal(answer);
    for await (const { event, data } of events(answer.body)) {
      if (event === "progress") progress(data.done, data.total);
      else if (event === "problem") throw new Problem(data);
      else if (event === "result") return data;
    }
    throw new Problem({ detail: "the server stopped before the result was ready: try again" });
  } finally {
    leave();
  }
}

// The bytes of a picture; `parameters` have its format.
export async function file(path, parameters) {
  const leave = await enter();
  try {
    const answer = await send(path, parameters);
    if (!answer.ok) throw await refusal(answer);
    return await answer.blob();
  } finally {
    leave();
  }
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(stopped);
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

// The connection broke: the caller misses the result.
function stopped(error) {
  if (error.name === "AbortError") throw error;
  return { done: true };
}

// Runs one job at a time: a new one, or `stop`, cancels the previous one.
export function latest() {
  let current = null;
  const run = async (job) => {
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
  run.stop = () => current?.abort();
  return run;
}

let models;
// The models that have weights, the default ones first.
export const zoo = () => (models ??= ask("models").then((answer) => answer.models.filter(({ bundled }) => bundled).sort((one, other) => other.default - one.default)));
export const able = (models, ...tasks) => models.filter(({ task }) => tasks.includes(task));
export const DIGITS = "digit generator", RANDOM = "random digit generator", SEQUENCES = "sequence generator", SUMS = "sum reader", DETECTORS = "detector";
