import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Verdict } from "./classify.ts";
import { decide, type Decision, type DeliveryProgress, isExpired } from "./decide.ts";
import { jitteredMs, type RetryPolicy } from "./retry-policy.ts";

const now = Date.parse("2026-03-04T10:00:00.000Z");
const seed = 20_260_304;
const yearMs = 365 * 86_400_000;

const policyOf = (more: Partial<RetryPolicy> = {}): RetryPolicy => ({
  scheduleMs: [100, 200, 400],
  clientErrorScheduleMs: [1_000, 2_000],
  jitter: "none",
  expiresAfterMs: yearMs,
  retryAfterMaxMs: 60_000,
  ...more,
});
const fresh: DeliveryProgress = {
  attemptsMade: 0,
  clientErrors: 0,
  attemptsBefore: 0,
  enqueuedAtMs: now,
  expiresAtMs: null,
};
const retryable: Verdict = { kind: "retryable", error: "status 503" };
const redirected: Verdict = { kind: "retryable", reason: "redirected", error: "status 302" };
const busy: Verdict = { kind: "busy", error: "status 409" };
const clientError: Verdict = { kind: "client_error", reason: "rejected", error: "status 404" };

const waits = fc.array(fc.nat(86_400_000), { maxLength: 10 });
const policies = fc.record({
  scheduleMs: waits,
  clientErrorScheduleMs: waits,
  jitter: fc.constantFrom("full", "equal", "none"),
  expiresAfterMs: fc.nat(30 * 86_400_000),
  retryAfterMaxMs: fc.nat(86_400_000),
} satisfies { [Key in keyof RetryPolicy]: fc.Arbitrary<RetryPolicy[Key]> });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const after = (progress: DeliveryProgress, clientErrors: number): DeliveryProgress => ({
  ...progress,
  attemptsMade: progress.attemptsMade + 1,
  clientErrors,
});

/** Lives a delivery to its end over the verdicts given (the last repeats); the attempts made and the last decision. */
function live(
  policy: RetryPolicy,
  verdicts: readonly Verdict[],
  before: Partial<DeliveryProgress> = {},
): { attempts: number; decision: Decision; waits: number[] } {
  let progress: DeliveryProgress = { ...fresh, ...before };
  let at = now;
  const waited: number[] = [];
  for (let attempts = 1; ; attempts++) {
    const decision = decide(
      policy,
      progress,
      verdicts[Math.min(attempts, verdicts.length) - 1]!,
      null,
      at,
      0.5,
    );
    if (decision.kind !== "retry") return { attempts, decision, waits: waited };
    waited.push(decision.dueAtMs - at);
    at = decision.dueAtMs;
    progress = after(progress, decision.clientErrors);
  }
}

describe("what ends a delivery", () => {
  test("acceptance", () => {
    expect(decide(policyOf(), fresh, { kind: "accepted" }, 5_000, now, 0)).toEqual({
      kind: "finish",
      reason: "accepted_by_partner",
      holdEndpointUntilMs: null,
    });
  });

  test("a ladder is spent on redirects as on failures, and its last answer is the reason", () => {
    const ends = (...verdicts: Verdict[]) => {
      const { attempts, waits, decision } = live(policyOf(), verdicts);
      return [attempts, waits, decision.kind === "finish" && decision.reason];
    };
    expect(ends(redirected)).toEqual([4, [100, 200, 400], "redirected"]);
    expect(ends(redirected, redirected, redirected, retryable)).toEqual([
      4,
      [100, 200, 400],
      "retries_exhausted",
    ]);
    expect(ends(retryable, busy, retryable, redirected)).toEqual([4, [100, 200, 400], "redirected"]);
    expect(ends(redirected, { kind: "accepted" })).toEqual([2, [100], "accepted_by_partner"]);
    expect(ends(redirected, clientError)).toEqual([4, [100, 1_000, 2_000], "rejected"]);
    expect(ends(busy)).toEqual([4, [100, 200, 400], "retries_exhausted"]);
  });

  test("the end of the schedule: n entries are n retries", () => {
    expect(live(policyOf(), [retryable])).toMatchObject({
      attempts: 4,
      waits: [100, 200, 400],
      decision: { reason: "retries_exhausted" },
    });
    expect(live(policyOf({ scheduleMs: [] }), [retryable])).toMatchObject({
      attempts: 1,
      decision: { reason: "retries_exhausted" },
    });
  });

  test("the end of the client errors' ladder, with their own reason", () => {
    expect(live(policyOf(), [clientError])).toMatchObject({
      attempts: 3,
      waits: [1_000, 2_000],
      decision: { reason: "rejected" },
    });
    const refused: Verdict = { kind: "client_error", reason: "target_refused", error: "" };
    expect(live(policyOf(), [refused]).decision).toMatchObject({ reason: "target_refused" });
  });

  test("its time, as soon as no attempt can come before it is over", () => {
    const policy = policyOf({ expiresAfterMs: 250 });
    expect(live(policy, [retryable])).toMatchObject({
      attempts: 2,
      waits: [100],
      decision: { reason: "expired" },
    });
    expect(isExpired(policy, fresh, now + 250)).toBe(false);
    expect(isExpired(policy, fresh, now + 251)).toBe(true);
  });

  test("the event's own time, where it is shorter than the endpoint's; a longer one gives it no more", () => {
    const policy = policyOf({ expiresAfterMs: 1_000 });
    const short = { ...fresh, expiresAtMs: now + 250 };
    expect(isExpired(policy, short, now + 250)).toBe(false);
    expect(isExpired(policy, short, now + 251)).toBe(true);
    expect(isExpired(policy, { ...fresh, expiresAtMs: now + 5_000 }, now + 1_001)).toBe(true);
    expect(decide(policy, short, retryable, null, now + 151, 0)).toMatchObject({ reason: "expired" });
    expect(decide(policy, short, retryable, null, now + 150, 0)).toMatchObject({ kind: "retry" });
  });
});

test("the two ladders are climbed apart, in any order, each to its own end", () => {
  fc.assert(
    fc.property(
      waits,
      waits,
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.boolean(),
      (scheduleMs, clientErrorScheduleMs, order, last) => {
        const verdicts = [...order, last].map((slow) => (slow ? clientError : retryable));
        const { attempts, decision } = live(
          policyOf({ scheduleMs, clientErrorScheduleMs, expiresAfterMs: Number.MAX_SAFE_INTEGER }),
          verdicts,
        );
        const made = Array.from(
          { length: attempts },
          (_, index) => verdicts[Math.min(index, verdicts.length - 1)],
        );
        const slow = made.filter((verdict) => verdict === clientError).length;
        const ended = made.at(-1) === clientError;
        expect(ended ? slow : attempts - slow).toBe((ended ? clientErrorScheduleMs : scheduleMs).length + 1);
        expect(decision).toMatchObject({ kind: "finish", reason: ended ? "rejected" : "retries_exhausted" });
      },
    ),
    { seed, numRuns: 300 },
  );
});

test("a replayed delivery climbs both ladders anew, whatever came before", () => {
  fc.assert(
    fc.property(fc.nat(40), (before) => {
      const replayed = { attemptsMade: before, attemptsBefore: before };
      expect(live(policyOf(), [retryable], replayed)).toMatchObject({ attempts: 4, waits: [100, 200, 400] });
      expect(live(policyOf(), [clientError, retryable], replayed).waits).toEqual([1_000, 100, 200, 400]);
    }),
    { seed },
  );
});

describe("Retry-After", () => {
  test("is never undercut, up to the policy's cap, and holds the endpoint as long if the answer speaks of it", () => {
    fc.assert(
      fc.property(
        policies,
        fc.constantFrom(retryable, redirected, busy, clientError),
        fc.oneof(fc.nat(200_000_000), fc.constant(Number.POSITIVE_INFINITY)),
        chance,
        (policy, verdict, asked, random) => {
          const decision = decide(policy, fresh, verdict, asked, now, random);
          const capped = Math.min(asked, policy.retryAfterMaxMs);
          if (decision.kind === "pause_endpoint") throw new Error("paused");
          const holds = verdict.kind === "retryable" && capped > 0;
          expect(decision.holdEndpointUntilMs).toBe(holds ? now + capped : null);
          if (decision.kind === "retry") expect(decision.dueAtMs).toBeGreaterThanOrEqual(now + capped);
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  test("holds the endpoint also where this delivery is over", () => {
    expect(decide(policyOf({ scheduleMs: [] }), fresh, retryable, 5_000, now, 0)).toEqual({
      kind: "finish",
      reason: "retries_exhausted",
      holdEndpointUntilMs: now + 5_000,
    });
    const expired = decide(policyOf({ expiresAfterMs: 1_000 }), fresh, retryable, 5_000, now, 0);
    expect(expired).toEqual({ kind: "finish", reason: "expired", holdEndpointUntilMs: now + 5_000 });
  });
});

test("410 pauses the endpoint and leaves the delivery due, its ladders untouched", () => {
  expect(decide(policyOf(), fresh, { kind: "gone", error: "status 410" }, 5_000, now, 0)).toEqual({
    kind: "pause_endpoint",
    dueAtMs: now,
  });
});

test("a wait stays within its jitter's bounds, and a retry never comes after the expiry", () => {
  fc.assert(
    fc.property(policies, chance, (policy, random) => {
      const decision = decide(policy, fresh, retryable, null, now, random);
      const [wait] = policy.scheduleMs;
      if (decision.kind !== "retry" || wait === undefined) {
        expect(decision.kind).toBe("finish");
        return;
      }
      const least = { none: wait, equal: Math.floor(wait / 2), full: 0 }[policy.jitter];
      expect(decision.dueAtMs - now).toSatisfy((ms: number) => ms >= least && ms <= wait);
      expect(isExpired(policy, fresh, decision.dueAtMs)).toBe(false);
    }),
    { seed, numRuns: 500 },
  );
});

test("the tries of the client-error ladder are never used up at once: full jitter is equal there", () => {
  const jitters = ["full", "equal", "none"] as const;
  fc.assert(
    fc.property(fc.constantFrom(...jitters), waits, chance, (jitter, clientErrorScheduleMs, random) => {
      const policy = policyOf({ jitter, clientErrorScheduleMs, expiresAfterMs: Number.MAX_SAFE_INTEGER });
      for (const [step, wait] of clientErrorScheduleMs.entries()) {
        const progress = { ...fresh, attemptsMade: step, clientErrors: step };
        const decision = decide(policy, progress, clientError, null, now, random);
        const least = jitter === "none" ? wait : Math.floor(wait / 2);
        expect(decision.kind === "retry" && decision.dueAtMs - now).toSatisfy(
          (ms: number) => ms >= least && ms <= wait,
        );
      }
    }),
    { seed, numRuns: 300 },
  );
});

test("jitter uses the whole of its range", () => {
  expect([0, 0.5, 0.9999].map((random) => jitteredMs(1_000, "full", random))).toEqual([0, 500, 1_000]);
  expect([0, 0.5, 0.9999].map((random) => jitteredMs(1_000, "equal", random))).toEqual([500, 750, 1_000]);
  expect([0, 0.5, 0.9999].map((random) => jitteredMs(1_000, "none", random))).toEqual([1_000, 1_000, 1_000]);
});
