import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Signal } from "./signal.ts";
import { afterAnswer, type Refusals } from "./refusals.ts";

const now = Date.parse("2026-03-04T10:00:00.000Z");
const minuteMs = 60_000;

/** Lives through answers that come `everyMs` apart; what changed, each with the number of its answer. */
function live(signals: readonly Signal[], everyMs = 1_000, from: Refusals | null = null) {
  let refusals = from;
  const changes: string[] = [];
  for (const [index, signal] of signals.entries()) {
    const after = afterAnswer(refusals, signal, now + index * everyMs);
    refusals = after.refusals;
    if (after.change !== null) changes.push(`${after.change} at ${index + 1}`);
  }
  return { refusals, changes };
}
const times = (n: number, ...signals: Signal[]): Signal[] => Array.from({ length: n }, () => signals).flat();

describe("begins", () => {
  test.each<[string, readonly Signal[], number, string[]]>([
    ["with the twentieth refusal in a row", times(1_761, "answered"), 100, ["refusing at 20"]],
    ["not with the nineteenth", times(19, "answered"), 1_000, []],
    ["in whatever time, if there are twenty", times(20, "answered"), 40_000, ["refusing at 20"]],
    ["with the fifth over fifteen minutes", times(5, "answered"), 4 * minuteMs, ["refusing at 5"]],
    ["not with four, however long", times(4, "answered"), 24 * 60 * minuteMs, []],
    [
      "when fifteen minutes are over, if there is little traffic",
      times(9, "answered"),
      2 * minuteMs,
      ["refusing at 9"],
    ],
    ["although one of ten failed", times(3, ...times(9, "answered"), "failure"), 1_000, ["refusing at 21"]],
    ["not if half of them failed: that is the breaker's", times(200, "answered", "failure"), 1_000, []],
    ["not if one of twenty succeeded", times(50, ...times(19, "answered"), "success"), 1_000, []],
    ["not for a partner that asks to wait", times(100, "throttled"), 1_000, []],
    ["not counting those that asked to wait", times(20, "answered", "throttled"), 1_000, ["refusing at 39"]],
    ["not for an endpoint that is well", times(100, "success"), 1_000, []],
    ["not after failures alone", times(100, "failure"), 1_000, []],
    [
      "soon after an outage that ended in refusals",
      [...times(50, "failure"), ...times(20, "answered")],
      1_000,
      ["refusing at 70"],
    ],
    ["anew after a pause by 410", [...times(19, "answered"), "gone", ...times(19, "answered")], 1_000, []],
  ])("%s", (_, signals, everyMs, changes) => {
    expect(live(signals, everyMs).changes).toEqual(changes);
  });

  test("with one failure of ten among twenty refusals", () => {
    expect(live([...times(9, "answered"), "failure", ...times(10, "answered")]).changes).toEqual([
      "refusing at 20",
    ]);
    const restarted = [
      ...times(9, "answered"),
      "failure",
      "failure",
      "failure",
      ...times(40, "answered"),
    ] as const;
    expect(live(restarted).changes).toEqual(["refusing at 30"]);
  });
});

describe("ends", () => {
  const { refusals } = live(times(100, "answered"));

  test.each<[string, readonly Signal[], string[]]>([
    ["with the third success in a row", times(3, "success"), ["accepting at 3"]],
    ["not with two", times(2, "success"), []],
    ["not with one now and then", times(50, "success", "success", "answered"), []],
    ["not with a failure between", ["success", "success", "failure", "success", "success"], []],
    [
      "not by asking to wait",
      ["success", "throttled", "success", "throttled", "success"],
      ["accepting at 5"],
    ],
    ["once", times(9, "success"), ["accepting at 3"]],
    [
      "and may begin again",
      [...times(3, "success"), ...times(20, "answered")],
      ["accepting at 3", "refusing at 23"],
    ],
  ])("%s", (_, signals, changes) => {
    expect(live(signals, 1_000, refusals).changes).toEqual(changes);
  });

  test("nothing is left of it", () => {
    expect(live(times(3, "success"), 1_000, refusals).refusals).toBeNull();
    expect(live(["gone"], 1_000, refusals).refusals).toBeNull();
    expect(live(["answered", "success"]).refusals).toBeNull();
  });
});

test("whatever comes: it begins and ends in turn, and never begins with a success since the first refusal", () => {
  const signals = fc.array(
    fc.constantFrom<Signal>(
      "answered",
      "answered",
      "answered",
      "answered",
      "answered",
      "success",
      "failure",
      "throttled",
      "gone",
    ),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(signals, fc.nat(10 * minuteMs), (given, everyMs) => {
      let known: Refusals | null = null;
      let since: Signal[] = [];
      for (const [index, signal] of given.entries()) {
        const before: Refusals | null = known;
        const { refusals, change } = afterAnswer(before, signal, now + index * everyMs);
        since = before === null ? [signal] : [...since, signal];
        known = refusals;
        expect(change === "refusing").toBe(refusals?.refusing === true && before?.refusing !== true);
        if (change === "refusing") {
          const counted = since.filter((one) => one === "answered").length;
          expect(since).not.toContain("success");
          expect(refusals).toMatchObject({ refused: counted, accepted: 0 });
          expect(counted).toBeGreaterThanOrEqual(0.9 * refusals!.ended);
          expect(refusals!.ended >= 20 || now + index * everyMs - refusals!.sinceMs >= 15 * minuteMs).toBe(
            true,
          );
        }
        if (change === "accepting") expect([before?.refusing, refusals]).toEqual([true, null]);
      }
    }),
    { seed: 20_260_304, numRuns: 500 },
  );
});
