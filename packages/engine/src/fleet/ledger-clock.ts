import { bestOf, type ClockSample, sampleOf, withSample } from "../core/clock-offset.ts";
import type { Clock } from "../ports/clock.ts";
import type { LedgerTime } from "../ports/fleet.ts";

/** The local clock moved by more than this against monotonic time: it was set, or the machine was suspended. */
const doubtMs = 1_000;

/** A clock that follows the ledger's. Until the first answer it is the local clock, and it is for good if the ledger is embedded. */
export interface LedgerClock extends Clock {
  /** To be called before the ledger is asked; the function it gives takes the answer, as soon as it is there. */
  asking(): (answer: LedgerTime) => void;
  /** How far the local clock is ahead of the ledger's (behind: below 0), in milliseconds; null before the first answer. */
  skewMs(): number | null;
  /**
   * True if the local clock was set since the last answer or the machine was suspended, which look the same from here. In the second
   * case monotonic time stood still, and `now()` is late by as much until the next answer.
   */
  inDoubt(): boolean;
}

/**
 * The ledger's time: this process's monotonic time and the offset between the two, learned from answers. A local clock
 * that is wrong, or that is set while the process runs, changes nothing. While the ledger is away the offset stays.
 *
 * @param local the clock of this machine
 * @example
 * const clock = createLedgerClock(systemClock);
 * const learn = clock.asking();
 * learn(await ledger.readTime());
 * clock.now(); // epoch milliseconds by the ledger
 */
export function createLedgerClock(local: Clock): LedgerClock {
  let samples: readonly ClockSample[] = [];
  let offsetMs: number | null = null;
  let localOffsetMs = 0;
  // Whole, as `Date.now()`: instants are compared with what was stored of them.
  const now = () => (offsetMs === null ? local.now() : Math.floor(local.monotonicMs() + offsetMs));
  return {
    now,
    localNow: () => local.localNow(),
    monotonicMs: () => local.monotonicMs(),
    sleep: (ms, signal) => local.sleep(ms, signal),
    after: (ms, callback) => local.after(ms, callback),
    asking() {
      const [sentMs, sentLocalMs] = [local.monotonicMs(), local.localNow()];
      return ({ arrivedMs, answeredMs }) => {
        const [receivedMs, receivedLocalMs] = [local.monotonicMs(), local.localNow()];
        // Suspended while the answer was on its way: nobody knows how old it is.
        if (Math.abs(receivedLocalMs - sentLocalMs - (receivedMs - sentMs)) > doubtMs) return;
        const sample = sampleOf({ sentMs, receivedMs, arrivedMs, answeredMs });
        samples = withSample(samples, sample);
        offsetMs = bestOf(samples, receivedMs)?.offsetMs ?? null;
        localOffsetMs = receivedLocalMs - receivedMs;
      };
    },
    skewMs: () => (offsetMs === null ? null : local.localNow() - now()),
    inDoubt: () =>
      offsetMs !== null && Math.abs(local.localNow() - local.monotonicMs() - localOffsetMs) > doubtMs,
  };
}
