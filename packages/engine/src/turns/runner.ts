import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, TurnSlot } from "../ports/turns.ts";

/** Runs the turns of this process, at most one per partner, whoever hands them out. */
export interface TurnRunner {
  readonly active: number;
  readonly stopping: boolean;
  /** Takes no turn before this. */
  begin(run: RunTurn): void;
  /** Runs one turn to its end. Resolves with what the partner needs next. Null: its turn is active here already, and was told. */
  run(partnerNo: number, slot: Pick<TurnSlot, "contended">): Promise<AfterTurn | null>;
  /** True where a turn of the partner is active here: it was told to look again, or will say that it was rung. */
  tell(partnerNo: number): boolean;
  /** Tells an active turn to look again; nothing else. */
  look(partnerNo: number): void;
  /**
   * The time until which a partner rests; null where it does not. A flood of rings must not make a flood of failed
   * turns, nor of questions for a turn that another process holds.
   */
  restsUntilMs(partnerNo: number): number | null;
  /** Tells the active turns, aborts them after `graceMs`, and resolves when all have ended. */
  stop(graceMs: number): Promise<void>;
}

/** What is to follow on a turn. */
export interface AfterTurn {
  /** It was rung when it no longer listened. */
  readonly rung: boolean;
  /** When the partner next has work, or null. */
  readonly nextDueAtMs: number | null;
}

interface ActiveTurn {
  /** Rung while active and nobody took notice: one more turn follows. */
  rung: boolean;
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

export function createTurnRunner({ clock, telemetry }: { clock: Clock; telemetry: Telemetry }): TurnRunner {
  const active = new Map<number, ActiveTurn>();
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

  const slotOf = (
    partnerNo: number,
    turn: ActiveTurn,
    { contended }: Pick<TurnSlot, "contended">,
  ): TurnSlot => ({
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
  });

  const tell = (partnerNo: number): boolean => {
    const turn = active.get(partnerNo);
    if (!turn) return false;
    if (turn.listener) turn.listener();
    else turn.rung = true;
    return true;
  };

  return {
    get active() {
      return active.size;
    },
    get stopping() {
      return stopping;
    },
    begin: (run) => void (runTurn = run),
    async run(partnerNo, slot) {
      if (tell(partnerNo)) return null;
      if (stopping || runTurn === null) return { rung: false, nextDueAtMs: null };
      const turn: ActiveTurn = { rung: false, listener: null };
      active.set(partnerNo, turn);
      let nextDueAtMs: number | null;
      try {
        const end = await runTurn(slotOf(partnerNo, turn, slot));
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
      return { rung: turn.rung, nextDueAtMs };
    },
    tell,
    look: (partnerNo) => active.get(partnerNo)?.listener?.(),
    restsUntilMs(partnerNo) {
      const rest = rests.get(partnerNo);
      if (rest === undefined) return null;
      if (clock.now() < rest.untilMs) return rest.untilMs;
      if (!rest.failed) rests.delete(partnerNo);
      return null;
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
