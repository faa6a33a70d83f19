import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Clock } from "../ports/clock.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { Deadlines, type Overdue } from "./deadlines.ts";

const entryAt = (deadlineAt: number, fired: number[], clock: Clock): Overdue => ({
  deadlineAt,
  onDeadline: () => fired.push(clock.monotonicMs()),
});

describe("Deadlines", () => {
  it("fires each entry once, never early and at most two sweeps late", async () => {
    const plan = fc.array(fc.record({ timeoutMs: fc.integer({ min: 0, max: 500 }), removed: fc.boolean() }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(plan, async (planned) => {
        const clock = createManualClock(1_000_003);
        const deadlines = new Deadlines(clock);
        const entries = planned.map(({ timeoutMs, removed }) => {
          const fired: number[] = [];
          const entry = entryAt(deadlines.now() + timeoutMs, fired, clock);
          deadlines.add(entry);
          return { entry, fired, removed: removed && timeoutMs > 0 };
        });
        for (const { entry, removed } of entries) if (removed) deadlines.remove(entry);
        for (let step = 0; step < 120; step += 1) await clock.advance(5);
        for (const { entry, fired, removed } of entries) {
          const lateMs = fired.map((at) => at - entry.deadlineAt);
          expect(lateMs).toHaveLength(removed ? 0 : 1);
          expect(lateMs.every((late) => late >= 0 && late <= 20)).toBe(true);
        }
        expect(clock.sleepers()).toBe(0);
      }),
      { seed: 20_261_101 },
    );
  });

  it("sleeps only while something is open", async () => {
    const clock = createManualClock(5_000);
    const deadlines = new Deadlines(clock);
    expect(clock.sleepers()).toBe(0);
    const entry = entryAt(deadlines.now() + 10_000, [], clock);
    deadlines.add(entry);
    expect(clock.sleepers()).toBe(1);
    deadlines.remove(entry);
    await clock.advance(20);
    expect(clock.sleepers()).toBe(0);
  });

  it.each([-86_400_000, -1_000, 1_000, 86_400_000])(
    "stays where it is when the clock is set by %i ms",
    async (ms) => {
      const clock = createManualClock(1_700_000_000_000);
      const deadlines = new Deadlines(clock);
      const fired: number[] = [];
      const entry = entryAt(deadlines.now() + 100, fired, clock);
      deadlines.add(entry);
      await clock.advance(40);
      clock.step(ms);
      await clock.advance(40);
      expect(fired).toEqual([]);
      await clock.advance(40);
      expect(fired).toEqual([expect.toSatisfy((at: number) => at - entry.deadlineAt <= 20)]);
    },
  );

  it("does not count what the process stood still", async () => {
    const clock = createManualClock(1_700_000_000_000);
    const deadlines = new Deadlines(clock);
    const fired: number[] = [];
    deadlines.add(entryAt(deadlines.now() + 1_000, fired, clock));
    await clock.advance(100);
    const before = clock.monotonicMs.bind(clock);
    clock.monotonicMs = () => before() + 60_000;
    await clock.advance(500);
    expect(fired).toEqual([]);
    await clock.advance(400);
    expect(fired).toHaveLength(1);
  });

  it("never goes back, also for what began between a standstill and the next sweep", async () => {
    const clock = createManualClock(1_700_000_000_000);
    const deadlines = new Deadlines(clock);
    deadlines.add(entryAt(deadlines.now() + 5_000, [], clock));
    await clock.advance(100);
    const before = clock.monotonicMs.bind(clock);
    clock.monotonicMs = () => before() + 60_000;
    const startedAt = deadlines.now();
    const fired: number[] = [];
    deadlines.add(entryAt(startedAt + 100, fired, clock));
    await clock.advance(10);
    expect(deadlines.now()).toBeGreaterThanOrEqual(startedAt);
    await clock.advance(110);
    expect(fired).toHaveLength(1);
  });
});
