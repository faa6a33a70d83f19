/** What the processes of one ledger tell each other through it. */
import type { Attendance, FleetProcess, LedgerTime, SignOfLife } from "../fleet.ts";

/** What is heard from other processes. */
export interface Ring {
  /** Empty: nobody in particular, so sweep. */
  readonly partnerNos: readonly number[];
  /** Only for processes that hold a turn of theirs. */
  readonly holdersOnly: boolean;
  /** From a process that cannot serve them: to be served here, and not by whoever is next. */
  readonly passedOn: boolean;
}

/** Signs of life of a process that may dispatch. */
export interface PresenceLedger {
  /** Notes that this process is alive, and how busy: 0 idle, 1 without a pause. */
  attend(sign: SignOfLife): Promise<Attendance>;
  /** This process stops. */
  leave(): Promise<void>;
}

/** The ledger's time and the list of processes. Used by the fleet alone. */
export interface FleetLedger {
  /** What time it is; null: the ledger has no clock but this process's. Without patience: it fails if the ledger is away. */
  readTime(): Promise<LedgerTime | null>;
  /** All that gave a sign of life lately, the oldest first. Ends as soon as `signal` aborts. */
  processes(signal?: AbortSignal): Promise<readonly FleetProcess[]>;
}

/** What a process can do by its own settings, and who serves a partner that it cannot. */
export interface OwnSettingsLedger {
  /** Tells the other processes which targets this one allows, and which master keys it has (by their ids). */
  declare(allowTargets: readonly string[]): Promise<void>;
  /** What the others allow that dispatch, or did in the last minute: a list each, equal ones once. */
  othersAllow(): Promise<readonly (readonly string[])[]>;
  /** Asks all processes to serve these partners themselves, since this one cannot. May be lost: sweeps find them as well. */
  passOn(partnerNos: readonly number[]): Promise<void>;
}

/** Rings from other processes. Used by the engine, which passes them to the dispatcher. */
export interface RingLedger {
  /**
   * Calls back when somebody has work for partners; an empty list asks for a sweep. `holdersOnly`: it concerns only the
   * process that holds a turn of theirs. `passedOn`: another process cannot serve them, so they are served here. The connection that hears it is this process's sign of life as well: when
   * it ends, the others need not wait for the ends of leases. Resolves to a stop function.
   */
  onRing(listener: (ring: Ring) => void): Promise<() => Promise<void>>;
}
