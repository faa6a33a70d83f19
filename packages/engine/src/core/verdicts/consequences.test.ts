/** What the verdict of a rule does to its delivery and its endpoint. */
import type { RuleVerdict, VerdictRule } from "@postrider/contract";
import { expect, test } from "vitest";
import { decide } from "../decide.ts";
import type { RetryPolicy } from "../retry-policy.ts";
import { signalOf } from "../signal.ts";
import { factsWith } from "../template/template.fixture.ts";
import { compileVerdicts } from "./compile.ts";
import { judge } from "./judge.ts";

const now = Date.parse("2026-03-04T10:00:00.000Z");
const policy: RetryPolicy = {
  scheduleMs: [100],
  clientErrorScheduleMs: [1_000],
  jitter: "none",
  expiresAfterMs: 3_600_000,
  retryAfterMaxMs: 60_000,
};
const fresh = { attemptsMade: 0, clientErrors: 0, attemptsBefore: 0, enqueuedAtMs: now, expiresAtMs: null };
const spent = { ...fresh, attemptsMade: 2, clientErrors: 1 };

/** The verdict on a 200 that says "x", by one rule; `unknown`: by one that does not match it. */
function verdictOf(then: RuleVerdict | "unknown", status = 200) {
  const rule: VerdictRule =
    then === "unknown" ? { when: { equals: "y" }, then: "delivered" } : { when: { equals: "x" }, then };
  const compiled = compileVerdicts({ verdicts: [rule] });
  if (!compiled.ok) throw new Error(then);
  const answer = { status, failure: null, location: null, responseBody: "x", truncated: false };
  return judge(compiled.verdicts, answer, () => factsWith({})).verdict;
}

const finish = (reason: string) => ({ kind: "finish", reason });
const retry = (waitMs: number, clientErrors: number) => ({
  kind: "retry",
  dueAtMs: now + waitMs,
  clientErrors,
});

test.each<[RuleVerdict | "unknown", first: object, last: object, signal: string, asked: string]>([
  ["delivered", finish("accepted_by_rule"), finish("accepted_by_rule"), "success", "success"],
  ["duplicate", finish("duplicate"), finish("duplicate"), "success", "success"],
  ["retry", retry(100, 0), finish("not_accepted"), "failure", "throttled"],
  ["unknown", retry(100, 0), finish("verdict_unknown"), "failure", "throttled"],
  ["slow", retry(1_000, 1), finish("rejected_by_rule"), "answered", "answered"],
  ["dead", finish("refused_by_rule"), finish("refused_by_rule"), "answered", "answered"],
  ["pause", { kind: "pause_endpoint" }, { kind: "pause_endpoint" }, "gone", "gone"],
])("%s: at first, with its ladder spent, and for the circuit", (then, first, last, signal, asked) => {
  const verdict = verdictOf(then);
  expect(decide(policy, fresh, verdict, null, now, 0.5)).toMatchObject(first);
  expect(decide(policy, spent, verdict, null, now, 0.5)).toMatchObject(last);
  expect(signalOf(verdict, { sent: true, status: 200, asked: false })).toBe(signal);
  expect(signalOf(verdict, { sent: true, status: 200, asked: true })).toBe(asked);
});

test("a wait of retry holds the endpoint, one of slow its delivery alone, and both are capped", () => {
  const decided = (then: RuleVerdict, waitMs: number) =>
    decide(policy, fresh, verdictOf(then), waitMs, now, 0.5);
  expect(decided("retry", 30_000)).toMatchObject({
    dueAtMs: now + 30_000,
    holdEndpointUntilMs: now + 30_000,
  });
  expect(decided("slow", 30_000)).toMatchObject({ dueAtMs: now + 30_000, holdEndpointUntilMs: null });
  expect(decided("retry", 9e9)).toMatchObject({ holdEndpointUntilMs: now + 60_000 });
});

test("retry after a 429 says nothing of the circuit, as the status alone would", () => {
  const verdict = verdictOf("retry", 429);
  expect(signalOf(verdict, { sent: true, status: 429, asked: false })).toBe("throttled");
});
