import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Clock } from "../ports/clock.ts";
import { Deadlines, type Overdue } from "./deadlines.ts";

/** A clock whose sleepers wake when `advance` is called, each tick of it. */
function steppedClock(start: number) {
  let now = start;
  let sleepers: { readonly until: number; readonly wake: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after: () => () => {},
    sleep: (ms) => new Promise((wake) => sleepers.push({ until: now + ms, wake })),
  };
  const advance = async (ms: number) => {
    now += ms;
    const due = sleepers.filter((sleeper) => sleeper.until <= now);
    sleepers = sleepers.filter((sleeper) => sleeper.until > now);
    for (const { wake } of due) wake();
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  /** The clock is set; who sleeps, sleeps on for as long as before. */
  const set = (time: number) => {
    sleepers = sleepers.map(({ until, wake }) => ({ until: until - now + time, wake }));
    now = time;
  };
  return { clock, advance, set, sleeping: () => sleepers.length };
}

const entryAt = (deadlineAt: number, fired: number[], clock: Clock): Overdue => ({
  deadlineAt,
  onDeadline: () => fired.push(clock.now()),
});

describe("Deadlines", () => {
  it("fires each entry once, never early and at most two sweeps late", async () => {
    const plan = fc.array(fc.record({ timeoutMs: fc.integer({ min: 0, max: 500 }), removed: fc.boolean() }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(plan, async (planned) => {
        const { clock, advance, sleeping } = steppedClock(1_000_003);
        const deadlines = new Deadlines(clock);
        const entries = planned.map(({ timeoutMs, removed }) => {
          const fired: number[] = [];
          const entry = entryAt(deadlines.now() + timeoutMs, fired, clock);
          deadlines.add(entry);
          return { entry, fired, removed: removed && timeoutMs > 0 };
        });
        for (const { entry, removed } of entries) if (removed) deadlines.remove(entry);
        for (let step = 0; step < 120; step += 1) await advance(5);
        for (const { entry, fired, removed } of entries) {
          const lateMs = fired.map((at) => at - entry.deadlineAt);
          expect(lateMs).toHaveLength(removed ? 0 : 1);
          expect(lateMs.every((late) => late >= 0 && late <= 20)).toBe(true);
        }
        expect(sleeping()).toBe(0);
      }),
      { seed: 20_261_101 },
    );
  });

  it("sleeps only while something is open", async () => {
    const { clock, advance, sleeping } = steppedClock(5_000);
    const deadlines = new Deadlines(clock);
    expect(sleeping()).toBe(0);
    const entry = entryAt(deadlines.now() + 10_000, [], clock);
    deadlines.add(entry);
    expect(sleeping()).toBe(1);
    deadlines.remove(entry);
    await advance(20);
    expect(sleeping()).toBe(0);
  });

  it("is not held up by a clock that is set back", async () => {
    const { clock, advance, set } = steppedClock(10_000_000);
    const deadlines = new Deadlines(clock);
    const fired: number[] = [];
    deadlines.add(entryAt(deadlines.now() + 100, fired, clock));
    await advance(40);
    set(1_000_000);
    for (let step = 0; step < 6; step += 1) await advance(20);
    expect(fired).toHaveLength(1);
  });
});
