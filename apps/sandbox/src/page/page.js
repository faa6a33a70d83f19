import { escaped, merged, renderFired, renderRequests } from "./render.js";

const mostShown = 200;
const pollMs = 1_000;
const find = (id) => document.getElementById(id);

let requests = [];
let lastSeq = 0;
let shown = "";

async function call(method, path, content) {
  const response = await fetch(path, {
    method,
    ...(content !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(content) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? response.status);
  return answer;
}

/** New ones, and again those that had no answer yet when they were read. */
async function poll() {
  const waiting = requests.filter(({ answered }) => answered === null).slice(-20);
  const since = Math.min(lastSeq, ...waiting.map(({ seq }) => seq - 1));
  const read = await call("GET", `/_sandbox/requests?since=${since}&limit=100`);
  if (read.last_seq < lastSeq) requests = [];
  requests = merged(requests, read.requests, mostShown);
  lastSeq = requests.at(-1)?.seq ?? lastSeq;
  show();
}

function show() {
  const html = renderRequests(requests);
  if (html === shown) return;
  const list = find("requests");
  const open = new Set([...list.querySelectorAll("details[open]")].map(({ dataset }) => dataset.seq));
  list.innerHTML = html;
  shown = html;
  for (const details of list.querySelectorAll("details")) details.open = open.has(details.dataset.seq);
}

function say(id, html) {
  find(id).innerHTML = html;
}

/** Runs an action of a form and shows what went wrong with it. */
function onSubmit(form, output, action) {
  find(form).addEventListener("submit", (event) => {
    event.preventDefault();
    action(new FormData(event.target)).then(
      (html) => say(output, html),
      (error) => say(output, `<p class="bad">${escaped(error.message)}</p>`),
    );
  });
}

onSubmit("script", "scripted", async (form) => {
  const secret = form.get("secret").trim();
  const document = { behaviours: form.get("behaviours"), ...(secret !== "" && { secret }) };
  const { url, secrets } = await call("PUT", `/_sandbox/partners/${encodeURIComponent(form.get("partner"))}`, document);
  return `<p><code>${escaped(url)}</code> plays its script; secrets: ${escaped(secrets)}</p>`;
});

onSubmit("fire", "fired", async (form) =>
  renderFired(await call("POST", "/_sandbox/fire", { target: form.get("target"), secret: form.get("secret").trim(), fault: form.get("fault") })),
);

find("clear").addEventListener("click", () => void clear());

async function clear() {
  await call("DELETE", "/_sandbox/requests");
  requests = [];
  show();
}

for (;;) {
  try {
    await poll();
    find("state").textContent = "live";
  } catch {
    find("state").textContent = "the sandbox does not answer";
  }
  await new Promise((resolve) => setTimeout(resolve, pollMs));
}
