import type { Clock } from "../ports/clock.ts";
import type {
  CursorSave,
  EndpointHold,
  FanOut,
  FaultLedger,
  Outcome,
  OutcomeLedger,
  TurnClose,
} from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createOutcomeStore, type OutcomeEntry, type Persist } from "./outcome-store.ts";
import { retryTransient } from "./retry-transient.ts";

/** Stores the outcomes of all turns of a process, many in one statement. */
export interface Recorder {
  /** `stored` is called once the outcome is committed, or set aside. */
  record(outcome: Outcome, stored: () => void): void;
  /** `done` is called once the delivery is split, or (false) that cannot be stored. */
  fanOut(split: FanOut, done: (stored: boolean) => void): void;
  /** `stored` is called once the ledger knows of the hold. A hold is committed before outcomes that are recorded after it. */
  hold(hold: EndpointHold, stored: () => void): void;
  /** Resolves once the cursor is committed; false if the turn's fence was passed, or it cannot be stored. */
  saveCursor(save: CursorSave): Promise<boolean>;
  /** Resolves once the turn is given back, or that cannot be stored; true if another process had work for the partner meanwhile. */
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

interface HoldEntry {
  readonly hold: EndpointHold;
  readonly stored: () => void;
}

interface FanOutEntry {
  readonly split: FanOut;
  readonly done: (stored: boolean) => void;
}

interface SaveEntry {
  readonly save: CursorSave;
  readonly resolve: (kept: boolean) => void;
}

interface CloseEntry {
  readonly close: TurnClose;
  readonly resolve: (rung: boolean) => void;
}

const maxBatch = 1_000;
/** Deliveries made by one statement, unless the first entry makes more: some 50 ms. */
const maxItems = 2_000;

/**
 * One statement is under way at a time, and everything that ends meanwhile goes in the next: at high load the batches
 * grow by themselves, at low load an outcome is stored at once. When the ledger has a fault that passes by
 * itself, the recorder waits and keeps the outcomes: a received answer is never forgotten while the process lives.
 */
export function createRecorder(
  ledger: OutcomeLedger & FaultLedger,
  clock: Clock,
  telemetry: Telemetry,
): Recorder {
  let entries: OutcomeEntry[] = [];
  let holds: HoldEntry[] = [];
  let saves: SaveEntry[] = [];
  let closes: CloseEntry[] = [];
  const splits: FanOutEntry[] = [];
  let flushing = false;
  let inHand = 0;
  let waiting: (() => void)[] = [];
  const stopped = new AbortController();

  /** Runs one statement until it succeeds; null if it cannot succeed as it is. */
  const persist: Persist = (where, statement) =>
    retryTransient(statement, { where, ledger, clock, telemetry, signal: stopped.signal }).catch(() => null);

  const outcomes = createOutcomeStore({
    ledger,
    clock,
    persist,
    signal: stopped.signal,
    onStored(stored) {
      inHand -= stored.length;
      for (const entry of stored) entry.stored();
    },
    onRetryDue: () => kick(),
  });

  const { storeHolds, storeFanOuts, saveCursors, closeTurns } = createTurnStatements(ledger, persist);

  const flush = async () => {
    while (
      entries.length + splits.length + holds.length + saves.length + closes.length + outcomes.retriesDue() >
      0
    ) {
      const batch = entries.slice(0, maxBatch);
      entries = entries.length > maxBatch ? entries.slice(maxBatch) : [];
      const [holdsNow, savesNow] = [holds, saves];
      [holds, saves] = [[], []];
      // Holds first: a crash in between then leaves an endpoint that waits, not one that is called too early.
      if (holdsNow.length > 0) await storeHolds(holdsNow);
      if (savesNow.length > 0) await saveCursors(savesNow);
      const closesNow = closes;
      closes = [];
      const stored = batch.length > 0 && outcomes.store(batch);
      // Their outcomes are stored by then: a turn ends after them.
      const closed = closesNow.length > 0 && closeTurns(closesNow);
      await stored;
      await closed;
      if (splits.length > 0) await storeFanOuts(splits.splice(0, fanOutsOfOneStatement(splits)));
      if (outcomes.retriesDue() > 0) await outcomes.retryRefused();
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
    fanOut(split, done) {
      splits.push({ split, done });
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
    unrecorded: () => inHand + outcomes.refused().size,
    setAside: () => outcomes.refused().keys(),
    drained: () => (flushing ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    stop() {
      stopped.abort();
      for (const tell of waiting.splice(0)) tell();
    },
  };
}

/** How many of the first entries go together. */
function fanOutsOfOneStatement(entries: readonly FanOutEntry[]): number {
  let items = 0;
  const over = entries.findIndex(({ split }, index) => (items += split.items) > maxItems && index > 0);
  return over === -1 ? entries.length : over;
}

/** The statements that store no outcomes. Each stores all entries that it is given, and then calls each of them. */
function createTurnStatements(ledger: OutcomeLedger, persist: Persist) {
  return {
    async storeHolds(entries: readonly HoldEntry[]) {
      await persist("hold", () => ledger.hold(entries.map(({ hold }) => hold)));
      for (const { stored } of entries) stored();
    },
    async storeFanOuts(entries: readonly FanOutEntry[]) {
      const splits = entries.map(({ split }) => split);
      const stored = await persist("fan out", () => ledger.fanOut(splits).then(() => true));
      for (const { done } of entries) done(stored === true);
    },
    async saveCursors(entries: readonly SaveEntry[]) {
      const kept = await persist("save cursors", () => ledger.saveCursors(entries.map(({ save }) => save)));
      const keptNos = new Set(kept);
      for (const { save, resolve } of entries) resolve(keptNos.has(save.partnerNo));
    },
    async closeTurns(entries: readonly CloseEntry[]) {
      const rung = await persist("close turns", () => ledger.closeTurns(entries.map(({ close }) => close)));
      const rungNos = new Set(rung);
      for (const { close, resolve } of entries) resolve(rungNos.has(close.partnerNo));
    },
  };
}
