/** Every check of a fault run sees what it is there for: each is shown records in which one thing is wrong. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import {
  duplicatesOf,
  type Fault,
  logPeak,
  longestSilence,
  lostEvents,
  transitMs,
  unexplained,
  worstExcess,
} from "./checks.ts";
import type { Receipt } from "./sink-process.ts";

const receipt = (eventId: string, atMs: number, more: Partial<Receipt> = {}): Receipt => ({
  atMs,
  deliveryId: `d-${eventId}`,
  eventId,
  partner: "p",
  status: 200,
  port: 1,
  ...more,
});
const fault = (startMs: number, endMs = startMs): Fault => ({ name: "kill", startMs, endMs });

describe("lost events", () => {
  it("names the acknowledged one that never came, and not the one that was never acknowledged", () => {
    const receipts = [receipt("a", 1), receipt("c", 2)];
    expect(lostEvents(["a", "b"], receipts)).toEqual(["b"]);
    expect(lostEvents(["a"], receipts)).toEqual([]);
  });
});

describe("duplicates", () => {
  it("are receptions beyond the first with the same answer", () => {
    const found = duplicatesOf([receipt("a", 1), receipt("b", 2), receipt("a", 5), receipt("a", 9)]);
    expect(found.map(({ beforeMs, againMs }) => [beforeMs, againMs])).toEqual([
      [1, 5],
      [5, 9],
    ]);
  });

  it("are neither a retry after a 500 nor another try of what was never answered", () => {
    const retried = [receipt("a", 1, { status: 500 }), receipt("a", 2)];
    const hanging = [receipt("b", 1, { status: 0 }), receipt("b", 2, { status: 0 })];
    expect(duplicatesOf([...retried, ...hanging])).toEqual([]);
    expect(duplicatesOf([...retried, receipt("a", 3, { status: 500 })])).toHaveLength(1);
  });

  it("are explained by being unrecorded at a fault, once for each", () => {
    const duplicates = duplicatesOf([receipt("a", 1), receipt("a", 2), receipt("b", 3), receipt("b", 4)]);
    const without = (...mayRepeat: [string, number][]) => unexplained(duplicates, new Map(mayRepeat)).length;
    expect(without(["d-a", 1], ["d-b", 1])).toBe(0);
    expect(without(["d-a", 2])).toBe(1);
    expect(without()).toBe(2);
    const thrice = duplicatesOf([receipt("a", 1), receipt("a", 2), receipt("a", 3)]);
    expect(unexplained(thrice, new Map([["d-a", 1]]))).toHaveLength(1);
  });
});

describe("the fullest window", () => {
  const rate = { perSecond: 10, burst: 3 };
  const exact = [0, 0, 0, 100, 200, 300, 400];

  it("is within the limit for a partner that takes its burst and then its rate", () => {
    expect(worstExcess(exact, rate, 0)).toBeLessThanOrEqual(1e-9);
  });

  it("is over it by each request too many, wherever it is", () => {
    expect(worstExcess([...exact, 400], rate, 0)).toBeCloseTo(1);
    expect(worstExcess([0, ...exact], rate, 0)).toBeCloseTo(1);
    expect(worstExcess([...exact, 5_000, 5_000, 5_000, 5_000, 5_000], rate, 0)).toBeCloseTo(2);
  });

  it("is the worst of all windows, by the definition", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_000), { minLength: 1, maxLength: 40 }), (given) => {
        const times = given.toSorted((a, b) => a - b);
        const all = times.flatMap((from, i) =>
          times.slice(i).map((to, more) => more + 1 - (rate.burst + (rate.perSecond * (to - from)) / 1_000)),
        );
        expect(worstExcess(times, rate, 0)).toBeCloseTo(Math.max(...all), 6);
      }),
    );
  });
});

describe("transit", () => {
  it("is from the latest sending of that delivery to its arrival; what has no record has none", () => {
    const sent = [
      { deliveryId: "d-a", atMs: 100 },
      { deliveryId: "d-a", atMs: 5_000 },
      { deliveryId: "d-b", atMs: 100 },
    ];
    const receipts = [receipt("a", 103), receipt("a", 5_007), receipt("b", 9_000), receipt("c", 200)];
    expect(transitMs(sent, receipts)).toEqual([3, 7]);
  });
});

describe("the longest silence", () => {
  const silence = (acknowledged: Record<string, number>, receipts: Receipt[], faults: Fault[] = []) =>
    longestSilence("p", new Map(Object.entries(acknowledged)), receipts, faults);

  it("is time without an arrival while something waits, not time in which nothing does", () => {
    const receipts = [receipt("a", 1_010), receipt("b", 9_000), receipt("c", 9_500)];
    expect(silence({ a: 1_000, b: 8_990, c: 9_100 }, receipts)).toMatchObject({ durationMs: 400 });
    expect(silence({ a: 1_000, b: 2_000, c: 9_100 }, receipts)).toMatchObject({
      fromMs: 2_000,
      durationMs: 7_000,
    });
  });

  it("sees one event left behind while others go on", () => {
    const receipts = [receipt("b", 2_000), receipt("c", 3_000), receipt("a", 9_000)];
    expect(silence({ a: 1_000, b: 1_000, c: 1_000 }, receipts).durationMs).toBe(6_000);
  });

  it("counts from the end of a fault that lasts; a kill excuses nothing", () => {
    const receipts = [receipt("a", 9_000)];
    expect(silence({ a: 1_000 }, receipts, [fault(900, 7_000)]).durationMs).toBe(2_000);
    expect(silence({ a: 1_000 }, receipts, [fault(3_000), fault(6_000)]).durationMs).toBe(8_000);
    expect(silence({ a: 1_000 }, receipts, [fault(2_000, 5_000), fault(4_000, 8_500)]).durationMs).toBe(
      1_000,
    );
  });

  it("is that of one partner: what others get does not break it", () => {
    const receipts = [receipt("x", 3_000, { partner: "q" }), receipt("a", 9_000)];
    expect(silence({ a: 1_000 }, receipts).durationMs).toBe(8_000);
  });
});

describe("the log's peak", () => {
  it("is of one server and one second", () => {
    const line = (server: string, atMs: number) => ({ server, atMs, text: "fault" });
    const calm = [0, 300, 600, 900].flatMap((atMs) => [line("a", atMs), line("b", atMs)]);
    expect(logPeak(calm)).toBe(4);
    expect(logPeak([...calm, line("a", 950), line("a", 1_001)])).toBe(5);
    expect(logPeak([])).toBe(0);
  });
});
