import { expect, test } from "vitest";
import type { ReceivedRequest } from "../received-request.ts";
import { escaped, merged, renderFired, renderRequests, renderVerification } from "./render.js";

const hostile = `</pre><script>alert(1)</script><img src=x onerror=alert(1)>"'&\u202e\u0000`;
const request = (changes: Partial<ReceivedRequest> = {}): ReceivedRequest => ({
  seq: 1,
  at: "2026-01-31T10:00:00.000Z",
  partner: "acme",
  method: "POST",
  url: "/p/acme",
  headers: {},
  body: "{}",
  body_bytes: 2,
  body_truncated: false,
  webhook_id: "m",
  duplicate: false,
  verification: { verdict: "verified" },
  behaviour: "ok",
  answered: 200,
  ...changes,
});

/** What a browser would make elements of. */
const tags = (html: string): string[] => [
  ...new Set((html.match(/<\/?[a-z]+/g) ?? []).map((tag) => tag.replace(/<\/?/, ""))),
];
const own = new Set(["details", "summary", "span", "b", "code", "table", "tr", "th", "td", "p", "pre"]);

test("every value of a hostile request is shown and none is obeyed", () => {
  const everywhere = request({
    seq: hostile as unknown as number,
    at: hostile,
    partner: hostile,
    method: hostile,
    url: hostile,
    headers: { [hostile]: hostile, __proto__x: "1" },
    body: hostile,
    webhook_id: hostile,
    duplicate: true,
    verification: { verdict: "failed", code: hostile, message: hostile },
    behaviour: hostile as "ok",
    answered: hostile as unknown as number,
  });
  const html = renderRequests([
    everywhere,
    request({ body_base64: hostile, verification: { verdict: hostile as "verified" } }),
  ]);
  expect(tags(html).filter((tag) => !own.has(tag))).toEqual([]);
  expect(html.replaceAll(/="[^"]*"/g, "")).not.toMatch(/<[^>]*onerror[^>]*>/);
  expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  for (const unseen of ["\u0000", "\u202e"]) expect(html).not.toContain(unseen);
});

test("the doctor's words are shown, else the code of the verdict", () => {
  const failed = { verdict: "failed", code: "signature_mismatch", message: "None fits." } as const;
  const findings = [{ cause: "body_reserialised", message: `It <was> written again.`, details: {} }] as const;
  expect(renderVerification({ ...failed, findings })).toBe(
    '<p class="bad"><b>body_reserialised</b> It &lt;was&gt; written again.</p>',
  );
  expect(renderVerification(failed)).toContain("<b>signature_mismatch</b> None fits.");
  expect(renderVerification({ verdict: "verified" })).toBe("");
  expect(renderVerification({ verdict: "unchecked" })).toContain("secret");
});

test("requests are shown newest first, with verdict, duplicate and answer", () => {
  const html = renderRequests([
    request(),
    request({ seq: 2, url: "/p/acme/2", duplicate: true, answered: null }),
  ]);
  expect(html.indexOf("/p/acme/2")).toBeLessThan(html.indexOf('data-seq="1"'));
  expect(html).toContain("duplicate");
  expect(html).toContain("no answer");
  expect(renderRequests([])).toContain("Nothing received yet");
});

test("polls are merged by seq, the later reading wins, and only so many are kept", () => {
  const known = [request(), request({ seq: 2, answered: null })];
  const all = merged(known, [request({ seq: 3 }), request({ seq: 2, answered: 500 })], 2);
  expect(all.map(({ seq, answered }) => [seq, answered])).toEqual([
    [2, 500],
    [3, 200],
  ]);
});

test("what a test message brought is escaped too", () => {
  const fired = { webhook_id: "m", status: 200, duration_ms: 3, body: hostile };
  expect(tags(renderFired(fired))).toEqual(["p", "code"]);
  expect(renderFired({ ...fired, status: null, error: "ECONNREFUSED" })).toContain("no answer: ECONNREFUSED");
  expect(escaped(undefined)).toBe("");
});
