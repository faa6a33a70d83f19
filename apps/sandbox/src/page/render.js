/** What the page shows, as HTML text. Requests come from anywhere: every value goes through `escaped`. */

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as HTML: shown, never obeyed. Control and direction characters are written out. */
export function escaped(value) {
  return String(value ?? "")
    .replaceAll(/(?![\n\r\t])[\p{Cc}\p{Bidi_Control}]/gu, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll(/[&<>"']/g, (found) => entities[found]);
}

const tones = { verified: "good", failed: "bad", unsigned: "quiet", unchecked: "quiet" };

/** The list, newest first. */
export function renderRequests(requests) {
  if (requests.length === 0) return '<p class="quiet">Nothing received yet. Send something to a path below /p/.</p>';
  return requests.toReversed().map(renderRequest).join("");
}

/** One request: a line that opens to headers and body. */
export function renderRequest(request) {
  const { verification, headers, body, body_base64: base64 } = request;
  const tone = Object.hasOwn(tones, verification.verdict) ? tones[verification.verdict] : "quiet";
  const rows = Object.entries(headers).map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`);
  const cut = request.body_truncated ? " (start)" : "";
  return `<details class="request" data-seq="${escaped(request.seq)}"><summary>
<span class="quiet">${escaped(request.at.slice(11, 23))}</span> <b>${escaped(request.partner)}</b>
<code>${escaped(request.method)} ${escaped(request.url)}</code>
<span class="${tone}">${escaped(verdictWords(verification))}</span>${request.duplicate ? ' <span class="warning">duplicate</span>' : ""}
<span class="quiet">→ ${escaped(request.answered ?? "no answer")} (${escaped(request.behaviour)})</span></summary>
${renderVerification(verification)}
<table>${rows.join("")}</table>
<p class="quiet">body${cut}: ${escaped(request.body_bytes)} bytes${base64 === undefined ? "" : ", not UTF-8, in base64"}</p>
<pre>${escaped(body ?? base64)}</pre></details>`;
}

/** The verdict, and of a failure the surest cause: seen without opening the request. */
function verdictWords({ verdict, code, findings }) {
  return verdict === "failed" ? `${verdict}: ${findings?.[0]?.cause ?? code}` : verdict;
}

/** Why it failed, in the doctor's words if it was asked. */
export function renderVerification(verification) {
  if (verification.verdict === "unchecked") return '<p class="quiet">Give this partner its secret to see whether it verifies.</p>';
  if (verification.verdict !== "failed") return "";
  const findings = verification.findings ?? [{ cause: verification.code, message: verification.message }];
  return findings.map(({ cause, message }) => `<p class="bad"><b>${escaped(cause)}</b> ${escaped(message)}</p>`).join("");
}

/** What a test-fired message brought. */
export function renderFired({ status, duration_ms: durationMs, body, error, webhook_id: id }) {
  const answer = status === null ? `no answer: ${error}` : `${status} ${body}`;
  return `<p><code>${escaped(id)}</code> after ${escaped(durationMs)} ms: ${escaped(answer)}</p>`;
}

/** The requests known with those just read, in order, the last `most` of them. */
export function merged(known, read, most) {
  const bySeq = new Map([...known, ...read].map((request) => [request.seq, request]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq).slice(-most);
}
