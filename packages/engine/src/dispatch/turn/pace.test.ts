import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rateOf } from "../../core/rate-limit.ts";
import { type Answer, createDispatchBench, startDispatchBench } from "../../testing/dispatch-bench.ts";
import { createMemoryLedger } from "../../testing/memory-ledger.ts";
import { Pace } from "./pace.ts";

/** The most by which any window holds more than `burst + w / interval` requests. */
function worstExcess(ratePerSecond: number, burst: number, times: readonly number[]): number {
  let worst = Number.NEGATIVE_INFINITY;
  for (let first = 0; first < times.length; first++) {
    for (let last = first; last < times.length; last++) {
      worst = Math.max(
        worst,
        last - first + 1 - (burst + ((times[last]! - times[first]!) * ratePerSecond) / 1_000),
      );
    }
  }
  return worst;
}
const rounding = 1e-3;

describe("a pace", () => {
  const rate = rateOf(100, 1)!;
  const paceOf = (kept = true) => {
    const saved: number[] = [];
    const answers: (() => void)[] = [];
    let wentOn = 0;
    const pace = new Pace(0, {
      save: (cursorMs) => new Promise((resolve) => (saved.push(cursorMs), answers.push(() => resolve(kept)))),
      goOn: () => (wentOn += 1),
    });
    return {
      pace,
      saved,
      answer: async () => (answers.shift()!(), await Promise.resolve()),
      wentOn: () => wentOn,
    };
  };

  test("a cursor further ahead than the rate can have moved it is cut back, whatever put it there", async () => {
    const aheadMs = fc.integer({ min: 60_000, max: 400 * 86_400_000 });
    const perSecond = fc.double({ min: 0.1, max: 2_000, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        aheadMs,
        perSecond,
        fc.integer({ min: 1, max: 40 }),
        async (ms, ratePerSecond, burst) => {
          const rate = rateOf(ratePerSecond, burst)!;
          const nowMs = Date.UTC(2026, 2, 4);
          const pace = new Pace(nowMs + burst * rate.intervalMs + ms, { save: async () => true, goOn() {} });
          const waitMs = pace.waitMs(rate, nowMs);
          expect(waitMs).toBeCloseTo(rate.intervalMs, 1);
          expect(pace.waitMs(rate, nowMs)).toBeCloseTo(waitMs, 1);
          // The ledger has to hear of it, or the next turn would wait again.
          expect(await pace.close()).toBeCloseTo(nowMs + burst * rate.intervalMs, 1);
        },
      ),
    );
  });

  test("a cursor that requests and what was saved ahead can have moved is not cut back, though clocks are a little apart", async () => {
    const rate = rateOf(0.5, 4)!;
    for (const aheadMs of [0, 1_000, 1_900]) {
      const pace = new Pace(50_000 + 4 * 2_000 + aheadMs, { save: async () => true, goOn() {} });
      expect(pace.waitMs(rate, 50_000)).toBe(2_000 + aheadMs);
      expect(await pace.close()).toBeNull();
    }
  });

  test("a clock that is set back in the middle of a turn stops nothing", async () => {
    const { pace, saved, answer } = paceOf();
    pace.waitMs(rate, 3_600_000);
    await answer();
    pace.take(rate, 3_600_000);
    expect(pace.waitMs(rate, 5_000)).toBe(10);
    expect(pace.waitMs(rate, 5_010)).toBe(Number.POSITIVE_INFINITY);
    expect(saved.at(-1)).toBe(6_020);
    await answer();
    expect(pace.waitMs(rate, 5_010)).toBe(0);
  });

  test("gives no permit before the ledger has its reservation, and asks for it once", async () => {
    const { pace, saved, answer, wentOn } = paceOf();
    expect(pace.waitMs(rate, 5_000)).toBe(Number.POSITIVE_INFINITY);
    expect(pace.waitMs(rate, 5_000)).toBe(Number.POSITIVE_INFINITY);
    expect(saved).toEqual([6_010]);
    await answer();
    expect(wentOn()).toBe(1);
    expect(pace.waitMs(rate, 5_000)).toBe(0);
    pace.take(rate, 5_000);
    expect(pace.waitMs(rate, 5_000)).toBe(10);
  });

  test("reserves further ahead in good time, without making anybody wait", async () => {
    const { pace, saved, answer } = paceOf();
    pace.waitMs(rate, 5_000);
    await answer();
    for (let now = 5_000; now < 5_900; now += 10) {
      expect(pace.waitMs(rate, now)).toBe(0);
      pace.take(rate, now);
    }
    expect(saved).toHaveLength(2);
  });

  test("gives back what it did not use, after a reservation that is still under way", async () => {
    const { pace, saved, answer } = paceOf();
    pace.waitMs(rate, 5_000);
    await answer();
    pace.waitMs(rate, 5_600);
    pace.take(rate, 5_600);
    const closing = pace.close();
    await Promise.resolve();
    expect(saved).toEqual([6_010, 6_610]);
    await answer();
    expect(await closing).toBe(5_610);
  });

  test("gives nothing more once the ledger refused", async () => {
    const { pace, saved, answer } = paceOf(false);
    pace.waitMs(rate, 5_000);
    await answer();
    expect(pace.refused).toBe(true);
    expect(pace.waitMs(rate, 9_000)).toBe(Number.POSITIVE_INFINITY);
    expect(await pace.close()).toBeNull();
    expect(saved).toHaveLength(1);
  });
});

describe("a limited partner with a backlog", () => {
  test("never gets more than its limit in any window, over turns, answers and rates of all kinds, and at least 95 % of it", async () => {
    const rates = fc.record({
      ratePerSecond: fc.constantFrom(0.7, 2, 20, 75, 200),
      burst: fc.integer({ min: 1, max: 30 }),
      slowMs: fc.constantFrom(1, 40, 700),
    });
    await fc.assert(
      fc.asyncProperty(rates, async ({ ratePerSecond, burst, slowMs }) => {
        const bench = createDispatchBench(() => ({ status: 200, afterMs: slowMs }));
        const { ledger, clock, turns, dispatcher, seen } = bench;
        ledger.putPartner(1, { ratePerSecond, burst, maxInFlight: 200 });
        ledger.enqueue(10, 3_000, clock.now());
        await dispatcher.start();
        turns.ring([1]);
        await clock.advance(6_000);
        const from = clock.now();
        await clock.advance(6_000);
        const times = seen.map(({ atMs }) => atMs);
        expect(worstExcess(ratePerSecond, burst, times)).toBeLessThanOrEqual(rounding);
        const used = times.filter((ms) => ms > from).length;
        // Whole milliseconds are what a clock can wait for: a burst of one loses what each waking is late.
        const best = burst === 1 ? 1_000 / Math.ceil(1_000 / ratePerSecond + 1) : ratePerSecond;
        expect(used).toBeGreaterThanOrEqual(Math.floor(0.95 * 6 * best));
        let over = false;
        void dispatcher.stop(0).then(() => (over = true));
        await clock.advanceUntil(() => over, 10_000, 100);
      }),
      { seed: 20_260_304, numRuns: 12 },
    );
  });

  test("keeps its limit over a crash: the next process begins behind what the first had reserved", async () => {
    const memory = createMemoryLedger();
    memory.putPartner(1, { ratePerSecond: 20, burst: 5 });
    let crashed = false;
    const ledger: typeof memory = Object.create(memory);
    ledger.duePartners = async () => [];
    ledger.claim = (requests, ...rest) =>
      memory.claim(crashed ? requests.filter(({ fence }) => fence !== null) : requests, ...rest);
    const first = createDispatchBench(undefined, { memory, ledger });
    memory.enqueue(10, 1_000, first.clock.now());
    await first.dispatcher.start();
    first.turns.ring([1]);
    await first.clock.advance(730);
    const crashAtMs = first.clock.now();
    const before = first.seen.map(({ atMs }) => atMs);
    expect(memory.partner(1).cursorMs).toBeGreaterThan(crashAtMs);

    const second = await startDispatchBench(undefined, { memory, clock: first.clock });
    second.turns.ring([1]);
    const fromThen = () => second.seen.map(({ atMs }) => atMs);
    // The first process did not hear of its end: its turn goes on until it sees that its fence was passed.
    crashed = true;
    await first.clock.advance(5_000);
    const after = first.seen.map(({ atMs }) => atMs).slice(before.length);
    const all = [...before, ...after, ...fromThen()].sort((a, b) => a - b);
    expect(worstExcess(20, 5, all)).toBeLessThanOrEqual(rounding);
    expect(after.length).toBeGreaterThan(0);
    expect(fromThen().length).toBeGreaterThan(0.95 * 20 * 3);
    let over = false;
    void first.dispatcher.stop(0).then(() => (over = true));
    await first.clock.advanceUntil(() => over, 10_000, 100);
  });

  test("does not spend permits on what is not sent", async () => {
    const { ledger, clock, turns, seen } = await startDispatchBench();
    ledger.putPartner(1, { ratePerSecond: 5, burst: 1 }, [
      { method: "GET", url: "https://partner.example/?c={data.click!}", body: "none" },
    ]);
    ledger.enqueue(10, 500, clock.now());
    const [good] = ledger.enqueue(10, 1, clock.now(), { dataText: '{"click":"x"}' });
    turns.ring([1]);
    await clock.advanceUntil(() => ledger.finished.size === 501, 2_000);
    expect(seen.map(({ id }) => id)).toEqual([good]);
  });

  test("costs the ledger a few small statements a second, not one per permit", async () => {
    const { ledger, clock, turns, seen } = await startDispatchBench();
    ledger.putPartner(1, { ratePerSecond: 200, burst: 200 });
    ledger.enqueue(10, 5_000, clock.now());
    turns.ring([1]);
    await clock.advance(5_000);
    expect(seen.length).toBeGreaterThan(1_100);
    expect(ledger.calls.saveCursors).toBeLessThan(20);
  });

  test("takes up a faster rate and no rate within a slice", async () => {
    const answer = (): Answer => ({ status: 200, afterMs: 4_000 });
    const { ledger, clock, turns, seen } = await startDispatchBench(answer);
    ledger.putPartner(1, { ratePerSecond: 0.1, burst: 1, maxInFlight: 100 });
    ledger.enqueue(10, 100, clock.now());
    turns.ring([1]);
    await clock.advance(1_000);
    expect(seen).toHaveLength(1);
    ledger.putPartner(1, { ratePerSecond: null, maxInFlight: 100 });
    await clock.advance(1_100);
    expect(seen.length).toBeGreaterThan(1);
  });
});
