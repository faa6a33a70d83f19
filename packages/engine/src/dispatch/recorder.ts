import type { Clock } from "../ports/clock.ts";
import type { CursorSave, DispatchLedger, EndpointHold, Outcome } from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { untilItPasses } from "./patience.ts";

/** Stores the outcomes of all turns of a process, many in one statement. */
export interface Recorder {
  /** `stored` is called once the outcome is committed. */
  record(outcome: Outcome, stored: () => void): void;
  hold(hold: EndpointHold): void;
  /** Resolves once the cursor is committed. */
  saveCursor(save: CursorSave): Promise<void>;
  /** Outcomes not yet committed. */
  unrecorded(): number;
  /** Resolves when everything handed in so far is committed, or `signal` aborts. */
  drained(signal: AbortSignal): Promise<void>;
  /** Gives up on what cannot be stored; call after `drained`. */
  stop(): void;
}

interface Entry {
  readonly outcome: Outcome;
  readonly stored: () => void;
}

const maxBatch = 1_000;

/**
 * One statement is under way at a time, and everything that ends meanwhile goes in the next: at high load the batches
 * grow by themselves, at low load an outcome is stored at once. A fault of the ledger that passes by itself is waited
 * out with the outcomes in hand: an answer once received is never forgotten while the process lives.
 */
export function createRecorder(ledger: DispatchLedger, clock: Clock, telemetry: Telemetry): Recorder {
  let entries: Entry[] = [];
  let holds: EndpointHold[] = [];
  let saves: { save: CursorSave; resolve: () => void }[] = [];
  let flushing = false;
  let inHand = 0;
  let waiting: (() => void)[] = [];
  const stopped = new AbortController();

  /** Runs one statement until it succeeds; false where it cannot succeed as it is. */
  const persist = (where: string, statement: (again: boolean) => Promise<void>): Promise<boolean> =>
    untilItPasses(statement, { where, ledger, clock, telemetry, signal: stopped.signal }).then(
      () => true,
      () => stopped.signal.aborted,
    );

  /** Stores a batch; where one outcome spoils it, finds that one by halves and stores it without its texts. */
  const store = async (batch: readonly Entry[]): Promise<void> => {
    const done = await persist("record", (again) => ledger.record(batch.map((entry) => entry.outcome), again));
    if (!done && batch.length > 1) {
      const middle = batch.length >> 1;
      await store(batch.slice(0, middle));
      await store(batch.slice(middle));
      return;
    }
    if (!done) await persist("record", (again) => ledger.record(batch.map((entry) => withoutTexts(entry.outcome)), again));
    inHand -= batch.length;
    for (const entry of batch) entry.stored();
  };

  const flush = async () => {
    while (entries.length > 0 || holds.length > 0 || saves.length > 0) {
      const batch = entries.slice(0, maxBatch);
      entries = entries.length > maxBatch ? entries.slice(maxBatch) : [];
      const [heldNow, savesNow] = [holds, saves];
      [holds, saves] = [[], []];
      // Holds first: a crash in between then leaves an endpoint that waits, not one that is called too early.
      if (heldNow.length > 0) await persist("hold", () => ledger.hold(heldNow));
      if (savesNow.length > 0) {
        await persist("save cursors", () => ledger.saveCursors(savesNow.map(({ save }) => save)));
        for (const { resolve } of savesNow) resolve();
      }
      if (batch.length > 0) await store(batch);
    }
    flushing = false;
    const told = waiting;
    waiting = [];
    for (const tell of told) tell();
  };
  const kick = () => {
    if (flushing) return;
    flushing = true;
    setImmediate(() => void flush());
  };

  return {
    record(outcome, stored) {
      inHand += 1;
      entries.push({ outcome, stored });
      kick();
    },
    hold(hold) {
      holds.push(hold);
      kick();
    },
    saveCursor(save) {
      return new Promise((resolve) => {
        saves.push({ save, resolve });
        kick();
      });
    },
    unrecorded: () => inHand,
    drained: (signal) =>
      new Promise((resolve) => {
        if (!flushing || signal.aborted) return resolve();
        waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
    stop: () => stopped.abort(),
  };
}

function withoutTexts(outcome: Outcome): Outcome {
  const attempt = outcome.attempt && { ...outcome.attempt, error: null, responseBody: null };
  return { ...outcome, attempt, change: { ...outcome.change, error: "the error's text could not be stored" } };
}
