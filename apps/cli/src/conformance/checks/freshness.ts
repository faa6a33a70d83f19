import type { Check } from "../check.ts";
import { refused, replyWords } from "../judgement.ts";

const window =
  "Refuse a webhook-timestamp more than 300 s from your clock: this check stops old messages from being sent again.";
const furthestSkewMs = 60_000;

/** Old, early, and what the partner's own clock says. */
export const freshnessChecks: readonly Check[] = [
  {
    id: "stale",
    severity: "must",
    sent: "a validly signed message from an hour ago",
    expected: "400 or 401",
    async run(probe) {
      return refused(await probe.send(await probe.message({ ageSeconds: 3600 })), window);
    },
  },
  {
    id: "future",
    severity: "must",
    sent: "a validly signed message from an hour ahead",
    expected: "400 or 401",
    async run(probe) {
      return refused(await probe.send(await probe.message({ ageSeconds: -3600 })), window);
    },
  },
  {
    id: "clock",
    severity: "should",
    sent: "a valid message",
    expected: "a Date header within 60 s of the clock here, if there is one",
    async run(probe) {
      const reply = await probe.send(await probe.message());
      const there = Date.parse(reply.headers["date"] ?? "");
      if (Number.isNaN(there)) return { outcome: "pass", came: `${replyWords(reply)}, no Date header` };
      const skewSeconds = Math.round((there - probe.now()) / 1000);
      const came = `${skewSeconds >= 0 ? "+" : ""}${skewSeconds} s`;
      return Math.abs(skewSeconds) * 1000 <= furthestSkewMs
        ? { outcome: "pass", came }
        : {
            outcome: "fail",
            came,
            fix: "One of the two clocks is off; set both with NTP, or valid messages are refused as stale.",
          };
    },
  },
];
