import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterOutcome,
  afterProbe,
  type Circuit,
  type CircuitPolicy,
  type Ended,
  inFlightLimit,
  type Health,
} from "./breaker.ts";
import type { Verdict } from "./classify.ts";
import { finish } from "./decide.ts";
import { type Signal, signalOf } from "./signal.ts";

const now = Date.parse("2026-03-04T10:00:00.000Z");
const seed = 20_260_304;
const breaker = {
  consecutiveFailures: 10,
  failureRatio: 0.5,
  windowMs: 60_000,
  minimum: 20,
  firstWaitMs: 5_000,
  longestWaitMs: 600_000,
};
const policy: CircuitPolicy = { breaker, disableAfterMs: 5 * 86_400_000, rampTo: 4 };
const well: Health = { circuit: null, window: null };

const ended = (signal: Signal, more: Partial<Ended> = {}): Ended => ({
  signal,
  probe: false,
  askedUntilMs: null,
  ...more,
});
/** Lives through attempts that end a second apart; a probe is one that ends while the circuit is open. */
function live(signals: readonly Signal[], from: Health = well, given: CircuitPolicy = policy, startMs = now) {
  let known = from;
  let atMs = startMs;
  const changes: string[] = [];
  for (const signal of signals) {
    const probe = known.circuit?.state === "open";
    if (probe) atMs = Math.max(atMs, known.circuit?.probeAtMs ?? 0);
    const after = afterOutcome(given, known, ended(signal, { probe }), atMs, 0.999_999);
    changes.push(...after.changes.map(({ kind }) => kind));
    known = { circuit: after.circuit, window: after.window };
    atMs += 1_000;
  }
  return { ...known, changes, atMs };
}
const times = (n: number, signal: Signal): Signal[] => Array.from({ length: n }, () => signal);

describe("a closed circuit", () => {
  test("knows nothing of an endpoint that is well", () => {
    expect(live(["success", "answered", "throttled", "success"])).toMatchObject(well);
  });

  test("opens on the tenth failure in a row, and not on the ninth", () => {
    expect(live(times(9, "failure"))).toMatchObject({
      circuit: { state: "closed", failures: 9 },
      changes: [],
    });
    expect(live(times(10, "failure"))).toMatchObject({
      circuit: { state: "open", failures: 10, openedAtMs: now + 9_000, waitMs: 5_000, failingSinceMs: now },
      changes: ["opened"],
    });
  });

  test("a success ends the row and what was known; a refused request ends the row alone", () => {
    expect(live([...times(9, "failure"), "success"]).circuit).toBeNull();
    expect(live([...times(9, "failure"), "answered", ...times(9, "failure")])).toMatchObject({
      circuit: { state: "closed", failures: 9, failingSinceMs: now },
    });
  });

  test("a partner that asks for a wait is held by that, and never opens it", () => {
    expect(live(times(50, "throttled"))).toMatchObject({ ...well, changes: [] });
  });

  test("opens where half of at least twenty requests of a window failed", () => {
    const half = Array.from({ length: 19 }, (_, n): Signal => (n % 2 === 0 ? "failure" : "success"));
    expect(live(half).circuit?.state).toBe("closed");
    expect(live([...half, "success", "failure"]).changes).toEqual(["opened"]);
    const third = Array.from({ length: 60 }, (_, n): Signal => (n % 3 === 0 ? "failure" : "success"));
    expect(live(third).changes).toEqual([]);
  });

  test("a window that is over counts no more", () => {
    const first = live(Array.from({ length: 18 }, (_, n): Signal => (n % 2 === 0 ? "failure" : "success")));
    expect(live(["failure", "failure", "failure"], first, policy, now + 61_000).changes).toEqual([]);
  });

  test("without a breaker nothing opens, and the time of failing still counts", () => {
    const alone = { ...policy, breaker: null };
    expect(live(times(500, "failure"), well, alone)).toMatchObject({
      circuit: { state: "closed", failingSinceMs: now },
      changes: [],
    });
  });
});

describe("an open circuit", () => {
  const opened = live(times(10, "failure"));
  const open = opened.circuit!;

  test("lets one go at a time, from its probe on", () => {
    expect(inFlightLimit(open)).toBe(1);
    expect(open.probeAtMs! - (now + 9_000)).toSatisfy((ms: number) => ms >= 2_500 && ms <= 5_000);
  });

  test("is moved by its probe only: what was sent before it opened is no news", () => {
    for (const signal of ["failure", "success", "answered"] as const) {
      const after = afterOutcome(policy, opened, ended(signal), now + 20_000, 0.5);
      expect([after.circuit?.state, after.circuit?.probeAtMs, after.changes]).toEqual([
        "open",
        open.probeAtMs,
        [],
      ]);
    }
  });

  test("each probe that fails doubles the wait, up to the longest", () => {
    let known: Health = opened;
    const waits: number[] = [];
    for (let n = 0; n < 9; n++) {
      known = live(["failure"], known);
      waits.push(known.circuit!.waitMs);
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000, 600_000]);
  });

  test("a probe told to wait waits as long as asked, and the wait does not grow", () => {
    const atMs = open.probeAtMs!;
    const told = ended("throttled", { probe: true, askedUntilMs: atMs + 90_000 });
    expect(afterOutcome(policy, opened, told, atMs, 0.5)).toMatchObject({
      circuit: { state: "open", waitMs: 5_000, probeAtMs: atMs + 90_000 },
      changes: [],
    });
  });

  test.each(["success", "answered"] as const)(
    "a probe that ends in %s closes it, with one in flight",
    (signal) => {
      expect(live([signal], opened)).toMatchObject({
        circuit: { state: "closed", ramp: 1, probeAtMs: null, openedAtMs: open.openedAtMs },
        changes: ["closed"],
      });
    },
  );

  test("410 ends it: the endpoint is paused", () => {
    expect(live(["gone"], opened)).toMatchObject(well);
  });

  test("closes at the next outcome where the breaker was switched off", () => {
    expect(live(["failure"], opened, { ...policy, breaker: null }).circuit?.state).toBe("closed");
  });
});

describe("a ramp", () => {
  const closed = live([...times(10, "failure"), "success"]);

  test("grows by one with each success, and is over at max_in_flight", () => {
    expect(live(times(3, "success"), closed)).toMatchObject({ circuit: { ramp: 4 }, changes: [] });
    expect(live(times(4, "success"), closed)).toMatchObject({ circuit: null, changes: ["recovered"] });
  });

  test("is over after a minute, however little is sent", () => {
    expect(live(["success"], closed, policy, closed.atMs + 60_000).changes).toEqual(["recovered"]);
  });

  test("halves with a failure, and three in a row open it again as the same trouble", () => {
    const grown = live(times(3, "success"), closed);
    expect(live(["failure"], grown)).toMatchObject({ circuit: { ramp: 2, state: "closed" }, changes: [] });
    expect(live(times(3, "failure"), grown)).toMatchObject({
      circuit: { state: "open", openedAtMs: closed.circuit?.openedAtMs },
      changes: ["reopened"],
    });
  });

  test("the wait goes on doubling where nothing but probes succeeds, and each success of a ramp takes one doubling back", () => {
    let known: Health = closed;
    const waits = [10_000, 20_000, 40_000, 80_000].map((expected) => {
      known = live(times(3, "failure"), known);
      expect(known.circuit?.waitMs).toBe(expected);
      known = live(["success"], known);
      return known.circuit?.ramp;
    });
    expect(waits).toEqual([1, 1, 1, 1]);
    expect(live(["success", "success", ...times(3, "failure")], known).circuit?.waitMs).toBe(40_000);
    expect(live([...times(3, "success"), ...times(3, "failure")], closed).circuit?.waitMs).toBe(5_000);
  });
});

describe("the time to failing", () => {
  const failingFor = (ms: number, mark = 0): Health => ({
    window: null,
    circuit: { ...(live(["failure"]).circuit as Circuit), failingSinceMs: now - ms, mark },
  });
  const day = 86_400_000;

  test.each([
    [2.4, 0, []],
    [2.5, 0, [{ kind: "mark", percent: 50 }]],
    [3.4, 50, []],
    [3.5, 50, [{ kind: "mark", percent: 70 }]],
    [4.6, 0, [{ kind: "mark", percent: 90 }]],
    [4.9, 90, []],
    [5, 90, [{ kind: "disabled" }]],
  ])("%s of 5 days with mark %s told: %j", (days, mark, changes) => {
    expect(afterOutcome(policy, failingFor(days * day, mark), ended("failure"), now, 0.5).changes).toEqual(
      changes,
    );
  });

  test("begins anew after a success, and never ends without disable_after", () => {
    expect(live(["success"], failingFor(6 * day)).circuit).toBeNull();
    const never = { ...policy, disableAfterMs: null };
    expect(afterOutcome(never, failingFor(400 * day), ended("failure"), now, 0.5).changes).toEqual([]);
  });
});

test("what an attempt says of its endpoint", () => {
  const sent = { sent: true, status: 503, asked: false };
  const retryable: Verdict = { kind: "retryable", error: "status 503" };
  const clientError: Verdict = { kind: "client_error", reason: "rejected", error: "status 404" };
  const refused: Verdict = { kind: "client_error", reason: "target_refused", error: "" };
  expect(signalOf(null, sent)).toBeNull();
  expect(signalOf({ kind: "accepted" }, sent)).toBe("success");
  expect(signalOf(retryable, sent)).toBe("failure");
  expect(signalOf(retryable, { ...sent, sent: false })).toBeNull();
  expect(signalOf(retryable, { ...sent, asked: true })).toBe("throttled");
  expect(signalOf(retryable, { ...sent, status: 429 })).toBe("throttled");
  expect(signalOf(clientError, sent)).toBe("answered");
  expect(signalOf(refused, sent)).toBeNull();
  const redirected: Verdict = { kind: "retryable", reason: "redirected", error: "status 302" };
  expect(signalOf(redirected, { ...sent, status: 302 })).toBe("failure");
  expect(signalOf(redirected, { ...sent, status: 302, asked: true })).toBe("throttled");
  expect(signalOf({ kind: "busy", error: "" }, { ...sent, status: 409 })).toBe("answered");
  expect(signalOf({ kind: "gone", error: "" }, sent)).toBe("gone");
});

test("a probe that fails costs its delivery nothing, not even where it would have been the last try", () => {
  const retryable: Verdict = { kind: "retryable", error: "status 503" };
  const due = { kind: "retry", dueAtMs: now, clientErrors: 2, holdEndpointUntilMs: null };
  expect(afterProbe(finish("retries_exhausted"), retryable, 2, now)).toEqual(due);
  expect(afterProbe(finish("expired"), retryable, 2, now)).toEqual(due);
  const refused: Verdict = { kind: "client_error", reason: "rejected", error: "status 404" };
  expect(afterProbe(finish("rejected"), refused, 2, now)).toEqual(finish("rejected"));
});

test("whatever the outcomes: waits keep their bounds, limits are at least one, and a success is never failing", () => {
  const signals = fc.array(
    fc.tuple(
      fc.constantFrom<Signal>("success", "failure", "failure", "failure", "throttled", "answered", "gone"),
      fc.nat(20_000),
      fc.boolean(),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    ),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(signals, fc.integer({ min: 1, max: 12 }), (outcomes, consecutiveFailures) => {
      const given = { ...policy, breaker: { ...breaker, consecutiveFailures } };
      let known: Health = well;
      let atMs = now;
      let lastSuccessMs = now - 1;
      for (const [signal, laterMs, probing, random] of outcomes) {
        atMs += laterMs;
        const probe = probing && known.circuit?.state === "open";
        const before = known.circuit;
        const after = afterOutcome(given, known, ended(signal, { probe }), atMs, random);
        if (signal === "success") lastSuccessMs = atMs;
        known = { circuit: after.circuit, window: after.window };
        const { circuit } = known;
        if (circuit === null) continue;
        expect(inFlightLimit(circuit)).toBeGreaterThanOrEqual(1);
        expect(circuit.state === "open").toBe(circuit.probeAtMs !== null);
        if (circuit.failingSinceMs !== null)
          expect(circuit.failingSinceMs).toBeGreaterThan(lastSuccessMs - 1);
        if (signal === "success") expect(circuit.failingSinceMs).toBeNull();
        if (circuit.probeAtMs !== null && circuit.probeAtMs !== before?.probeAtMs) {
          expect(circuit.probeAtMs - atMs).toBeGreaterThanOrEqual(breaker.firstWaitMs / 2);
          expect(circuit.probeAtMs - atMs).toBeLessThanOrEqual(breaker.longestWaitMs);
        }
        // Open circuits are left by a probe alone.
        if (before?.state === "open" && !probe) expect(circuit.state).toBe("open");
      }
    }),
    { seed, numRuns: 300 },
  );
});
