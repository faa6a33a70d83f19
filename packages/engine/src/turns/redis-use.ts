/**
 * Whether Redis is used: a small state machine. What happened goes in, and what to do next comes out. Redis that cannot
 * be used is the same as no Redis, whatever the reason: the ledger has everything.
 */
import type { Random } from "../ports/random.ts";

export interface RedisUse {
  /** Rings go over Redis. Otherwise they stay in this process. */
  readonly usable: boolean;
  /** Why it cannot be used, or could not until a moment ago; null if all is well. */
  readonly fault: string | null;
  /** Faults in a row, without a time of good use between them. */
  readonly faults: number;
}

/** Before the first try. */
export const notYetTried: RedisUse = { usable: false, fault: null, faults: 0 };

/**
 * What was opened must work for so long before the fault counts as over. A permission that only a later command needs
 * would otherwise make Redis come and go with each try.
 */
export const settleMs = 3_000;

/** After a first fault at once, so that a restart costs little; then slower, but within the 10 s that a recovery may take. */
const firstWaitMs = 250;
const longestWaitMs = 6_000;

/** All that is needed works. The fault is over when it has done so for `settleMs`. */
export const opened = (use: RedisUse): RedisUse => ({ ...use, usable: true });

/** It has worked for `settleMs`. */
export const settled = (use: RedisUse): RedisUse =>
  use.usable ? { usable: true, fault: null, faults: 0 } : use;

/**
 * It failed, while it was opened or later.
 *
 * @param fault in words, with the remedy
 * @returns the next state, and how long to wait before all is opened again, between 0.75 and 1.25 of the time that doubles
 * with each fault up to 6 s
 */
export function failed(
  use: RedisUse,
  fault: string,
  random: Random,
): readonly [next: RedisUse, waitMs: number] {
  const waitMs = Math.min(firstWaitMs * 2 ** use.faults, longestWaitMs) * (0.75 + random() / 2);
  return [{ usable: false, fault, faults: use.faults + 1 }, Math.round(waitMs)];
}
