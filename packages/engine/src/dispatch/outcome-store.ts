import type { Clock } from "../ports/clock.ts";
import type { Outcome, OutcomeLedger } from "../ports/ledger.ts";

/** An outcome to store, and what to call once it is committed or set aside. */
export interface OutcomeEntry {
  readonly outcome: Outcome;
  readonly stored: () => void;
}

/** Stores outcomes, and keeps those that the ledger refuses, to try them again now and then. */
export interface OutcomeStore {
  /** Resolves when each of the batch is committed, set aside or, after the abort, given up. */
  store(batch: readonly OutcomeEntry[]): Promise<void>;
  /** Tries those again whose time has come. */
  retryRefused(): Promise<void>;
  /** How many wait for `retryRefused`. */
  retriesDue(): number;
  /** Deliveries whose outcomes the ledger refuses. */
  refused(): ReadonlyMap<string, Outcome>;
}

/** Runs one statement until it succeeds; null if it cannot succeed as it is. */
export type Persist = <Result>(
  where: string,
  statement: (again: boolean) => Promise<Result>,
) => Promise<Result | null>;

export interface OutcomeStoreTools {
  readonly ledger: Pick<OutcomeLedger, "record">;
  readonly clock: Pick<Clock, "sleep">;
  readonly persist: Persist;
  /** Aborts when what cannot be stored at the first try is given up. */
  readonly signal: AbortSignal;
  /** Called for each part of a batch that is stored. */
  readonly onStored: (entries: readonly OutcomeEntry[]) => void;
  /** Called when `retryRefused` has something to do. */
  readonly onRetryDue: () => void;
}

/** Between two tries to store an outcome that the ledger refuses. */
const retryRefusedMs = 5_000;

export function createOutcomeStore(tools: OutcomeStoreTools): OutcomeStore {
  const { ledger, clock, persist, signal } = tools;
  const refused = new Map<string, Outcome>();
  let due: Outcome[] = [];

  const record = async (outcomes: readonly Outcome[], again: boolean): Promise<boolean> =>
    (await persist("record", (retried) => ledger.record(outcomes, again || retried).then(() => true))) ??
    false;

  const setAside = (outcome: Outcome) => {
    refused.set(outcome.deliveryId, outcome);
    void clock.sleep(retryRefusedMs, signal).then(() => {
      if (signal.aborted) return;
      due.push(outcome);
      tools.onRetryDue();
    });
  };

  /** If one outcome spoils the batch, finds that one by halves and stores it without its texts. */
  const store = async (batch: readonly OutcomeEntry[], again: boolean): Promise<void> => {
    const outcomes = batch.map((entry) => entry.outcome);
    const done = (await record(outcomes, again)) || signal.aborted;
    if (!done && batch.length > 1) {
      const middle = batch.length >> 1;
      await store(batch.slice(0, middle), true);
      return store(batch.slice(middle), true);
    }
    if (!done && !(await record(outcomes.map(withoutTexts), true))) setAside(outcomes[0]!);
    tools.onStored(batch);
  };

  return {
    store: (batch) => store(batch, false),
    async retryRefused() {
      const again = due;
      due = [];
      for (const outcome of again) {
        if (await record([withoutTexts(outcome)], true)) refused.delete(outcome.deliveryId);
        else setAside(outcome);
      }
    },
    retriesDue: () => due.length,
    refused: () => refused,
  };
}

function withoutTexts(outcome: Outcome): Outcome {
  const attempt = outcome.attempt && { ...outcome.attempt, error: null, responseBody: null };
  return {
    ...outcome,
    attempt,
    change: { ...outcome.change, error: "the error's text could not be stored" },
  };
}
