import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, TurnSlot } from "../ports/turns.ts";

/** The turns of this process: at most one per partner and `maxActive` in all, in the order in which they were asked for. */
export interface TurnRunner {
  readonly active: number;
  /** Active, not kept for the partner's next ring, and not waiting for name servers. */
  readonly busy: number;
  /** Partners that wait for a turn. */
  readonly waiting: number;
  readonly stopping: boolean;
  /** Takes no turn before this. */
  begin(run: RunTurn): void;
  /** A turn for each as soon as there is room. One that is active is told, and a partner that rests waits for its time. */
  serve(partnerNos: Iterable<number>): void;
  /**
   * True if nothing is left to do for a ring: a turn of the partner is active here and was told, or waits, or the
   * partner rests and is rung at the end of it.
   */
  takes(partnerNo: number): boolean;
  /** Tells an active turn to look again, and nothing else. */
  look(partnerNo: number): void;
  /** True if a turn of the partner is active and known to be this process's. */
  holds(partnerNo: number): boolean;
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
  /** In the clock's monotonic time. */
  readonly untilMs: number;
  /** After a turn that failed: the next failure doubles the wait. */
  readonly failed: boolean;
}

/** A turn that failed is tried again after the first wait, which doubles with each failure up to the last. */
const firstFaultWaitMs = 100;
const lastFaultWaitMs = 5_000;
/** Most turns that only wait for name servers and leave their places to others: each holds what it claimed. */
const mostParked = 2_000;
/** The holder of a turn was told of new work: another ring within this time would only have it told again. */
const elsewhereWaitMs = 50;

/**
 * Which partners rest. A flood of rings must not cause a flood of failed turns, or of questions for a turn that
 * another process holds.
 */
function createRests(clock: Clock) {
  const rests = new Map<number, Rest>();
  return {
    /** The time (epoch ms) until which a partner rests; null if it does not. */
    untilMs(partnerNo: number): number | null {
      const rest = rests.get(partnerNo);
      if (rest === undefined) return null;
      const leftMs = rest.untilMs - clock.monotonicMs();
      if (leftMs > 0) return clock.now() + leftMs;
      if (!rest.failed) rests.delete(partnerNo);
      return null;
    },
    elsewhere(partnerNo: number): void {
      const untilMs = clock.monotonicMs() + elsewhereWaitMs;
      rests.set(partnerNo, { waitMs: elsewhereWaitMs, untilMs, failed: false });
    },
    failed(partnerNo: number): { readonly first: boolean; readonly waitMs: number } {
      const before = rests.get(partnerNo);
      const first = !before?.failed;
      const waitMs = first ? firstFaultWaitMs : Math.min(before.waitMs * 2, lastFaultWaitMs);
      rests.set(partnerNo, { waitMs, untilMs: clock.monotonicMs() + waitMs, failed: true });
      return { first, waitMs };
    },
    over: (partnerNo: number) => void rests.delete(partnerNo),
  };
}

/** Turns that only wait for name servers, at most `most`. */
function createParked(most: number) {
  const parked = new Set<number>();
  return {
    get size() {
      return parked.size;
    },
    /** True if there is more room now. */
    set(partnerNo: number, waiting: boolean): boolean {
      if (!waiting) parked.delete(partnerNo);
      if (!waiting || parked.has(partnerNo) || parked.size >= most) return false;
      parked.add(partnerNo);
      return true;
    },
    delete: (partnerNo: number) => void parked.delete(partnerNo),
  };
}

export function createTurnRunner(options: TurnRunnerOptions): TurnRunner {
  const { clock, telemetry, maxActive, othersWait = () => false, onHeld, onRung, onDue, onRoom } = options;
  const active = new Map<number, ActiveTurn>();
  const waiting = new Set<number>();
  const rests = createRests(clock);
  /** Turns with nothing to do, those that have been so for longest first. */
  const idle = new Map<number, () => void>();
  const yielding = new Set<number>();
  const parked = createParked(mostParked);
  const aborted = new AbortController();
  const ended = new Set<() => void>();
  let runTurn: RunTurn | null = null;
  let stopping = false;

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
    idle(yieldPlace) {
      idle.delete(partnerNo);
      if (yieldPlace) idle.set(partnerNo, yieldPlace);
    },
    waits: (waiting) => parked.set(partnerNo, waiting) && fillUp(),
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
    const untilMs = rests.untilMs(partnerNo);
    if (untilMs !== null) onDue(partnerNo, untilMs);
    return untilMs !== null;
  };

  const fillUp = () => {
    if (runTurn === null || stopping) return;
    for (const partnerNo of waiting) {
      if (active.size - parked.size >= maxActive) return makeRoom();
      waiting.delete(partnerNo);
      void runOne(partnerNo, runTurn);
    }
    onRoom?.();
  };

  /** Has as many turns with nothing to do end as partners wait. */
  const makeRoom = () => {
    for (const [partnerNo, yieldPlace] of idle) {
      if (yielding.size >= waiting.size) return;
      idle.delete(partnerNo);
      yielding.add(partnerNo);
      yieldPlace();
    }
  };

  const runOne = async (partnerNo: number, run: RunTurn) => {
    const turn: ActiveTurn = { rung: false, held: false, listener: null };
    active.set(partnerNo, turn);
    let nextDueAtMs: number | null;
    try {
      const end = await run(slotOf(partnerNo, turn));
      ({ nextDueAtMs } = end);
      if (end.elsewhere) rests.elsewhere(partnerNo);
      else rests.over(partnerNo);
    } catch (error) {
      const { first, waitMs } = rests.failed(partnerNo);
      nextDueAtMs = clock.now() + waitMs;
      if (first && !stopping) telemetry.fault({ where: "turn", error, retryInMs: waitMs });
    }
    active.delete(partnerNo);
    idle.delete(partnerNo);
    yielding.delete(partnerNo);
    parked.delete(partnerNo);
    if (active.size === 0) for (const say of ended) say();
    if (nextDueAtMs !== null) onDue(partnerNo, nextDueAtMs);
    if (turn.rung) onRung(partnerNo);
    fillUp();
  };

  return {
    get active() {
      return active.size;
    },
    get busy() {
      return active.size - idle.size - yielding.size - parked.size;
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
    look: (partnerNo) => active.get(partnerNo)?.listener?.(),
    holds: (partnerNo) => active.get(partnerNo)?.held ?? false,
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
