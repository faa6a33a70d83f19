import type { Clock } from "../ports/clock.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock whose time stands still until it is moved by hand. */
export interface ManualClock extends Clock {
  /** Moves time on by `ms`, stopping at each sleeper on the way, in the order of their times, to let its work run. */
  advance(ms: number): Promise<void>;
  /** Moves time by steps of `stepMs` until `fact` holds. @throws Error where it does not within `withinMs` */
  advanceUntil(fact: () => boolean, withinMs: number, stepMs?: number): Promise<void>;
  /** Sets the time of day forward, or back if `ms` is negative. Nobody who sleeps wakes: no time has passed. */
  step(ms: number): void;
  /** Sleeps that are under way: 0 once everything that waits has been stopped. */
  sleepers(): number;
}

/**
 * @example
 * const clock = createManualClock(Date.parse("2026-03-04T10:00:00Z"));
 * const slept = clock.sleep(1_000);
 * await clock.advance(1_000);
 * await slept;
 */
export function createManualClock(startMs: number): ManualClock {
  // Far from the time of day, so that code which confuses the two fails.
  let nowMs = 5_000;
  let dayMs = startMs - nowMs;
  const sleepers = new Set<Sleeper>();
  const earliest = () =>
    [...sleepers].reduce<Sleeper | null>(
      (first, one) => (first && first.atMs <= one.atMs ? first : one),
      null,
    );

  const clock: ManualClock = {
    now: () => dayMs + nowMs,
    localNow: () => clock.now(),
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { atMs: nowMs + Math.max(0, ms), wake };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", wake, { once: true });
      }),
    after(ms, callback) {
      const wake = () => {
        if (sleepers.delete(sleeper)) callback();
      };
      const sleeper = { atMs: nowMs + Math.max(0, ms), wake };
      sleepers.add(sleeper);
      return () => void sleepers.delete(sleeper);
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settled();
      for (let next = earliest(); next && next.atMs <= untilMs; next = earliest()) {
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
        await settled();
      }
      nowMs = untilMs;
      await settled();
    },
    async advanceUntil(fact, withinMs, stepMs = 5) {
      await settled();
      for (const limitMs = nowMs + withinMs; !fact(); ) {
        if (nowMs >= limitMs) throw new Error(`It did not happen within ${withinMs} ms: ${fact.toString()}`);
        await clock.advance(stepMs);
      }
    },
    step: (ms) => void (dayMs += ms),
    sleepers: () => sleepers.size,
  };
  return clock;
}

/** Resolves when work that waits for nothing but other work in this process has run: some rounds of the event loop. */
export async function settled(): Promise<void> {
  for (let rounds = 0; rounds < 6; rounds++) await new Promise((resolve) => setImmediate(resolve));
}
