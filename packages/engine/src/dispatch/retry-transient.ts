import type { Clock } from "../ports/clock.ts";
import type { FaultLedger } from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface RetryTransientOptions {
  /** Names the work in the one fault event of a streak. */
  readonly where: string;
  readonly ledger: FaultLedger;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Ends the waiting: the last fault is thrown then. */
  readonly signal: AbortSignal;
}

const firstWaitMs = 50;
const lastWaitMs = 2_000;

/**
 * Runs ledger work again, with a growing wait, while its fault is one that passes by itself (the server restarts, the
 * connection was lost). `again` is true from the second try on. Any other fault is thrown at once.
 */
export async function retryTransient<Result>(
  work: (again: boolean) => Promise<Result>,
  { where, ledger, clock, telemetry, signal }: RetryTransientOptions,
): Promise<Result> {
  for (let tries = 0, waitMs = firstWaitMs; ; tries++, waitMs = Math.min(waitMs * 2, lastWaitMs)) {
    try {
      return await work(tries > 0);
    } catch (error) {
      const transient = ledger.isTransient(error);
      if (tries === 0 || !transient) telemetry.fault({ where, error, retryInMs: transient ? waitMs : null });
      if (!transient || signal.aborted) throw error;
      await clock.sleep(waitMs, signal);
    }
  }
}
