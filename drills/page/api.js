// The requests of the page: each answer is JSON, or a stream of JSON lines.

/** The board said no; the message says why. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function get(path) {
  return answerOf(send(path, {}));
}

export function post(path, body = {}) {
  return answerOf(send(path, { body }));
}

/** Call `take(event)` for each line of the answer, until its end. An AbortSignal ends it earlier, and its job. */
export async function stream(path, body, signal, take) {
  const response = await send(path, { body, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.forEach((line) => take(JSON.parse(line)));
  }
}

async function answerOf(sent) {
  return (await sent).json();
}

async function send(path, { body, signal }) {
  const request = { method: body ? "POST" : "GET", cache: "no-store", signal };
  if (body) {
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const response = await fetch(`/api${path}`, request).catch((problem) => {
    if (problem.name === "AbortError") throw problem;
    document.getElementById("offline").hidden = false;
    throw new Refused(0, "the board does not answer");
  });
  document.getElementById("offline").hidden = true;
  if (response.ok) return response;
  const { problem } = await response.json().catch(() => ({ problem: `the board answered ${response.status}` }));
  throw new Refused(response.status, problem);
}
