import type { Clock } from "../ports/clock.ts";
import type {
  CursorSave,
  EndpointHold,
  FaultLedger,
  Outcome,
  OutcomeLedger,
  TurnClose,
} from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { untilItPasses } from "./patience.ts";

/** Stores the outcomes of all turns of a process, many in one statement. */
export interface Recorder {
  /** `stored` is called once the outcome is committed, or set aside. */
  record(outcome: Outcome, stored: () => void): void;
  /** `stored` is called once the ledger knows of the hold. A hold is committed before outcomes that are recorded after it. */
  hold(hold: EndpointHold, stored: () => void): void;
  /** Resolves once the cursor is committed; false where the turn's fence was passed, or it cannot be stored. */
  saveCursor(save: CursorSave): Promise<boolean>;
  /** Resolves once the turn is given back, or that cannot be stored; true where another process had work for the partner meanwhile. */
  closeTurn(close: TurnClose): Promise<boolean>;
  /** Outcomes not yet committed. */
  unrecorded(): number;
  /**
   * Deliveries whose outcomes the ledger refuses: kept and tried again now and then. They must not be claimed
   * meanwhile, for they were sent.
   */
  setAside(): Iterable<string>;
  /** Resolves when everything handed in so far is committed, set aside or, after `stop`, given up. */
  drained(): Promise<void>;
  /** Gives up on what cannot be stored at the first try. */
  stop(): void;
}

interface Entry {
  readonly outcome: Outcome;
  readonly stored: () => void;
}

const maxBatch = 1_000;
/** Between two tries to store an outcome that the ledger refuses. */
const asideMs = 5_000;

/**
 * One statement is under way at a time, and everything that ends meanwhile goes in the next: at high load the batches
 * grow by themselves, at low load an outcome is stored at once. A fault of the ledger that passes by itself is waited
 * out with the outcomes in hand: an answer once received is never forgotten while the process lives.
 */
export function createRecorder(
  ledger: OutcomeLedger & FaultLedger,
  clock: Clock,
  telemetry: Telemetry,
): Recorder {
  let entries: Entry[] = [];
  let holds: { hold: EndpointHold; stored: () => void }[] = [];
  let saves: { save: CursorSave; resolve: (kept: boolean) => void }[] = [];
  let closes: { close: TurnClose; resolve: (rung: boolean) => void }[] = [];
  const aside = new Map<string, Outcome>();
  let asideAgain: Outcome[] = [];
  let flushing = false;
  let inHand = 0;
  let waiting: (() => void)[] = [];
  const stopped = new AbortController();

  /** Runs one statement until it succeeds; null where it cannot succeed as it is. */
  const persist = <Result>(
    where: string,
    statement: (again: boolean) => Promise<Result>,
  ): Promise<Result | null> =>
    untilItPasses(statement, { where, ledger, clock, telemetry, signal: stopped.signal }).catch(() => null);
  const recorded = async (outcomes: readonly Outcome[], again: boolean): Promise<boolean> =>
    (await persist("record", (retried) => ledger.record(outcomes, again || retried).then(() => true))) ??
    false;

  /** Stores a batch; where one outcome spoils it, finds that one by halves and stores it without its texts. */
  const store = async (batch: readonly Entry[], again: boolean): Promise<void> => {
    const outcomes = batch.map((entry) => entry.outcome);
    const done = (await recorded(outcomes, again)) || stopped.signal.aborted;
    if (!done && batch.length > 1) {
      const middle = batch.length >> 1;
      await store(batch.slice(0, middle), true);
      return store(batch.slice(middle), true);
    }
    if (!done && !(await recorded(outcomes.map(withoutTexts), true))) setAside(outcomes[0]!);
    inHand -= batch.length;
    for (const entry of batch) entry.stored();
  };

  const setAside = (outcome: Outcome) => {
    aside.set(outcome.deliveryId, outcome);
    void clock.sleep(asideMs, stopped.signal).then(() => {
      if (stopped.signal.aborted) return;
      asideAgain.push(outcome);
      kick();
    });
  };

  const tryAside = async () => {
    const again = asideAgain;
    asideAgain = [];
    for (const outcome of again) {
      if (await recorded([withoutTexts(outcome)], true)) aside.delete(outcome.deliveryId);
      else setAside(outcome);
    }
  };

  /** Gives turns back. Their outcomes are stored by then: a turn ends after them. */
  const giveBack = async () => {
    const closesNow = closes;
    closes = [];
    const rung = await persist("close turns", () => ledger.closeTurns(closesNow.map(({ close }) => close)));
    const rungNos = new Set(rung);
    for (const { close, resolve } of closesNow) resolve(rungNos.has(close.partnerNo));
  };

  const flush = async () => {
    while (entries.length + holds.length + saves.length + closes.length + asideAgain.length > 0) {
      const batch = entries.slice(0, maxBatch);
      entries = entries.length > maxBatch ? entries.slice(maxBatch) : [];
      const [heldNow, savesNow] = [holds, saves];
      [holds, saves] = [[], []];
      // Holds first: a crash in between then leaves an endpoint that waits, not one that is called too early.
      if (heldNow.length > 0) {
        await persist("hold", () => ledger.hold(heldNow.map(({ hold }) => hold)));
        for (const { stored } of heldNow) stored();
      }
      if (savesNow.length > 0) {
        const kept = await persist("save cursors", () =>
          ledger.saveCursors(savesNow.map(({ save }) => save)),
        );
        const keptNos = new Set(kept);
        for (const { save, resolve } of savesNow) resolve(keptNos.has(save.partnerNo));
      }
      const [stored, given] = [batch.length > 0 && store(batch, false), closes.length > 0 && giveBack()];
      await stored;
      await given;
      if (asideAgain.length > 0) await tryAside();
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
    hold(hold, stored) {
      holds.push({ hold, stored });
      kick();
    },
    saveCursor: (save) =>
      new Promise((resolve) => {
        saves.push({ save, resolve });
        kick();
      }),
    closeTurn: (close) =>
      new Promise((resolve) => {
        closes.push({ close, resolve });
        kick();
      }),
    unrecorded: () => inHand + aside.size,
    setAside: () => aside.keys(),
    drained: () => (flushing ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    stop() {
      stopped.abort();
      for (const tell of waiting.splice(0)) tell();
    },
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
