/**
 * What the processes of one ledger know of each other. Declared by dispatch and by the ledger's port; `fleet/` has the
 * adapter.
 */
import type { Condition } from "./conditions.ts";

/** What a process says of itself with each sign of life. */
export interface SignOfLife {
  /** The share of the time in which its event loop works: 0 idle, 1 without a pause. */
  readonly busy: number;
  /** Whether it takes turns. One that does not is counted nowhere, and sweeps for nobody. */
  readonly dispatches: boolean;
  /** How far the clock of its machine is ahead of the ledger's (behind: below 0), in milliseconds; null: not known yet. */
  readonly skewMs: number | null;
  readonly conditions: readonly Condition[];
}

/** A process of the ledger that gave a sign of life lately. */
export interface FleetProcess {
  readonly id: string;
  /** For people: host and process number. */
  readonly name: string;
  /** Of Postrider; null: it did not say. */
  readonly version: string | null;
  readonly roles: readonly string[];
  readonly dispatches: boolean;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
  /** See `SignOfLife`. */
  readonly skewMs: number | null;
  readonly conditions: readonly Condition[];
}

/** What the ledger's clock says. Epoch ms, with fractions. */
export interface LedgerTime {
  /** When it began to work on the question, … */
  readonly arrivedMs: number;
  /** … and when it had the answer. */
  readonly answeredMs: number;
}

/** The processes that dispatch from a ledger. */
export interface Attendance {
  /** How many, this one included. */
  readonly alive: number;
  /** Whether this one sweeps for all of them. */
  readonly first: boolean;
  /** How busy the least busy of the others is; null where there is none. */
  readonly idlest: number | null;
  /** Processes found dead now: their turns are free. */
  readonly foundDead: number;
  /** Null: the ledger has no clock but this process's. */
  readonly time: LedgerTime | null;
}

/** This process among those of its ledger. */
export interface Fleet {
  /** Gives a sign of life, and learns what time it is by the ledger. */
  attend(busy: number): Promise<Attendance>;
  /**
   * Null if the time is known, as nearly always. A machine that was suspended, or whose clock was set, asks the ledger first: wait for
   * it before you use `clock.now()`. Rejects if the ledger cannot be asked.
   */
  learnTime(): Promise<void> | null;
}
