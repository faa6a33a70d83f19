import type { Check, Judgement } from "../check.ts";
import type { Reply } from "../exchange.ts";
import { accepted, allOf, replyWords } from "../judgement.ts";

const concurrency = 10;
const longestWaitMs = 5_000;
const dedupe =
  "Deduplicate by webhook-id, and answer a repeat as you answered before: a repeat is a retry whose first answer was lost, and any answer except 2xx causes more of them.";

/** The same again, at once, and out of order. That your own records hold it once is for you to look up. */
export const repeatChecks: readonly Check[] = [
  {
    id: "duplicate",
    severity: "must",
    sent: "a message, and the same id again with a new signature",
    expected: "2xx both times, with the same answer",
    async run(probe) {
      const id = probe.newId();
      const first = await probe.send(await probe.message({ id }));
      const second = await probe.send(await probe.message({ id }));
      const judgement = allOf([
        ["first", accepted(first, "")],
        ["again", accepted(second, dedupe)],
      ]);
      if (judgement.outcome === "fail" || (first.status === second.status && first.body === second.body))
        return judgement;
      return {
        ...judgement,
        outcome: "fail",
        severity: "should",
        fix: "Store the first answer, and send it again.",
      };
    },
  },
  {
    id: "concurrent_duplicates",
    severity: "must",
    sent: `${concurrency} requests with one id at the same time, then one more`,
    expected: "2xx, or 409 with Retry-After while the first is in progress; 2xx in the end",
    async run(probe) {
      const id = probe.newId();
      const request = await probe.message({ id });
      const replies = await Promise.all(Array.from({ length: concurrency }, () => probe.send(request)));
      const waitMs = Math.max(0, ...replies.map(retryAfterMs));
      await probe.sleep(Math.min(waitMs, longestWaitMs));
      const last = await probe.send(await probe.message({ id }));
      return judgeConcurrent(replies, last);
    },
  },
  {
    id: "reordered",
    severity: "must",
    sent: "an event, then one that happened an hour earlier",
    expected: "2xx both times",
    needsBody: true,
    async run(probe) {
      const fix =
        "Events arrive in any order: accept both, and keep the one with the newer `timestamp` in the payload; never refuse a late one.";
      const newer = await probe.send(await probe.message({ event: { occurredAgoSeconds: 0 } }));
      const older = await probe.send(await probe.message({ event: { occurredAgoSeconds: 3600 } }));
      return allOf([
        ["newer", accepted(newer, fix)],
        ["older", accepted(older, fix)],
      ]);
    },
  },
];

/** Pure: what ten at once and one afterwards mean. */
export function judgeConcurrent(replies: readonly Reply[], last: Reply): Judgement {
  const counts = Object.entries(Object.groupBy(replies, ({ status, fault }) => String(status ?? fault)));
  const came = `${counts.map(([what, of]) => `${of?.length ?? 0} × ${what}`).join(", ")}; then ${replyWords(last)}`;
  const taken = (reply: Reply): boolean => reply.status !== null && reply.status >= 200 && reply.status < 300;
  if (replies.some((reply) => !taken(reply) && reply.status !== 409))
    return {
      outcome: "fail",
      came,
      fix: "Claim the id atomically before working on it; answer 409 with Retry-After while somebody else does.",
    };
  if (!taken(last)) return { outcome: "fail", came, fix: dedupe };
  if (replies.some((reply) => reply.status === 409 && reply.headers["retry-after"] === undefined))
    return {
      outcome: "fail",
      severity: "should",
      came,
      fix: "Send Retry-After with 409, so that the sender comes back soon.",
    };
  return { outcome: "pass", came };
}

function retryAfterMs({ headers }: Reply): number {
  const text = headers["retry-after"] ?? "";
  return /^\d{1,6}$/.test(text) ? Number(text) * 1000 : 0;
}
