import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, TurnSlot } from "../ports/turns.ts";

/** The turns of this process: at most one per partner and `maxActive` in all, in the order in which they were asked for. */
export interface TurnRunner {
  readonly active: number;
  /** Partners that wait for a turn. */
  readonly waiting: number;
  readonly stopping: boolean;
  /** Takes no turn before this. */
  begin(run: RunTurn): void;
  /** A turn for each as soon as there is room. One that is active is told, and a partner that rests waits for its time. */
  serve(partnerNos: Iterable<number>): void;
  /**
   * True where nothing is left to do for a ring: a turn of the partner is active here and was told, or waits, or the
   * partner rests and is rung at the end of it.
   */
  takes(partnerNo: number): boolean;
  /** Tells an active turn to look again, and nothing else. True where that turn is known to be this process's. */
  look(partnerNo: number): boolean;
  /** Partners that still wait, which begin here no more. */
  letGo(): readonly number[];
  /** Tells the active turns, aborts them after `graceMs`, and resolves when all have ended. */
  stop(graceMs: number): Promise<void>;
}

export interface TurnRunnerOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly maxActive: number;
  /** True while others wait for a turn that this process does not know of. Default: never. */
  readonly othersWait?: () => boolean;
  /** The turn is this process's: told when its claim has said so. */
  readonly onHeld?: (partnerNo: number) => void;
  /** The partner was rung when its turn no longer listened. */
  readonly onRung: (partnerNo: number) => void;
  /** The partner next has work, or ends its rest, at this time (epoch ms), which may be now. */
  readonly onDue: (partnerNo: number, atMs: number) => void;
  /** A turn ended or could begin: there may be room. */
  readonly onRoom?: () => void;
}

interface ActiveTurn {
  /** Rung while active and nobody took notice: one more turn follows. */
  rung: boolean;
  /** Its claim has said that it is this process's. */
  held: boolean;
  listener: (() => void) | null;
}

interface Rest {
  readonly waitMs: number;
  readonly untilMs: number;
  /** After a turn that failed: the next failure doubles the wait. */
  readonly failed: boolean;
}

/** A turn that failed is tried again after the first wait, which doubles with each failure up to the last. */
const firstFaultWaitMs = 100;
const lastFaultWaitMs = 5_000;
/** The holder of a turn was told of new work: another ring within this time would only have it told again. */
const elsewhereWaitMs = 50;

export function createTurnRunner(options: TurnRunnerOptions): TurnRunner {
  const { clock, telemetry, maxActive, othersWait = () => false, onHeld, onRung, onDue, onRoom } = options;
  const active = new Map<number, ActiveTurn>();
  const waiting = new Set<number>();
  const rests = new Map<number, Rest>();
  const aborted = new AbortController();
  const ended = new Set<() => void>();
  let runTurn: RunTurn | null = null;
  let stopping = false;

  /** Notes a failed turn; the time at which it is tried again. */
  const failed = (partnerNo: number, error: unknown): number => {
    const before = rests.get(partnerNo);
    const waitMs = before?.failed ? Math.min(before.waitMs * 2, lastFaultWaitMs) : firstFaultWaitMs;
    const untilMs = clock.now() + waitMs;
    rests.set(partnerNo, { waitMs, untilMs, failed: true });
    if (!before?.failed && !stopping) telemetry.fault({ where: "turn", error, retryInMs: waitMs });
    return untilMs;
  };

  /**
   * The time until which a partner rests; null where it does not. A flood of rings must not make a flood of failed
   * turns, nor of questions for a turn that another process holds.
   */
  const restsUntilMs = (partnerNo: number): number | null => {
    const rest = rests.get(partnerNo);
    if (rest === undefined) return null;
    if (clock.now() < rest.untilMs) return rest.untilMs;
    if (!rest.failed) rests.delete(partnerNo);
    return null;
  };

  const contended = () => waiting.size > 0 || othersWait();

  const slotOf = (partnerNo: number, turn: ActiveTurn): TurnSlot => ({
    partnerNo,
    signal: aborted.signal,
    contended,
    stopping: () => stopping,
    onRing(listener) {
      turn.listener = listener;
      if (listener && turn.rung) {
        turn.rung = false;
        listener();
      }
    },
    held() {
      turn.held = true;
      onHeld?.(partnerNo);
    },
  });

  const tell = (partnerNo: number): boolean => {
    const turn = active.get(partnerNo);
    if (!turn) return false;
    if (turn.listener) turn.listener();
    else turn.rung = true;
    return true;
  };

  const takes = (partnerNo: number): boolean => {
    if (tell(partnerNo) || waiting.has(partnerNo)) return true;
    const untilMs = restsUntilMs(partnerNo);
    if (untilMs !== null) onDue(partnerNo, untilMs);
    return untilMs !== null;
  };

  const fillUp = () => {
    if (runTurn === null || stopping) return;
    for (const partnerNo of waiting) {
      if (active.size >= maxActive) return;
      waiting.delete(partnerNo);
      void runOne(partnerNo, runTurn);
    }
    onRoom?.();
  };

  const runOne = async (partnerNo: number, run: RunTurn) => {
    const turn: ActiveTurn = { rung: false, held: false, listener: null };
    active.set(partnerNo, turn);
    let nextDueAtMs: number | null;
    try {
      const end = await run(slotOf(partnerNo, turn));
      ({ nextDueAtMs } = end);
      if (end.elsewhere)
        rests.set(partnerNo, {
          waitMs: elsewhereWaitMs,
          untilMs: clock.now() + elsewhereWaitMs,
          failed: false,
        });
      else rests.delete(partnerNo);
    } catch (error) {
      nextDueAtMs = failed(partnerNo, error);
    }
    active.delete(partnerNo);
    if (active.size === 0) for (const say of ended) say();
    if (nextDueAtMs !== null) onDue(partnerNo, nextDueAtMs);
    if (turn.rung) onRung(partnerNo);
    fillUp();
  };

  return {
    get active() {
      return active.size;
    },
    get waiting() {
      return waiting.size;
    },
    get stopping() {
      return stopping;
    },
    begin(run) {
      runTurn = run;
      fillUp();
    },
    serve(partnerNos) {
      for (const partnerNo of partnerNos) if (!takes(partnerNo)) waiting.add(partnerNo);
      fillUp();
    },
    takes,
    look(partnerNo) {
      const turn = active.get(partnerNo);
      turn?.listener?.();
      return turn?.held ?? false;
    },
    letGo() {
      const left = [...waiting];
      waiting.clear();
      return left;
    },
    async stop(graceMs) {
      stopping = true;
      for (const turn of active.values()) turn.listener?.();
      if (active.size === 0) return;
      const over = new AbortController();
      const allEnded = new Promise<void>((resolve) => ended.add(resolve)).then(() => over.abort());
      await Promise.race([allEnded, clock.sleep(graceMs, over.signal)]);
      aborted.abort();
      await allEnded;
    },
  };
}
