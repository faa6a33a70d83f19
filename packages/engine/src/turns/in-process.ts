import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, Turns, TurnSlot } from "../ports/turns.ts";

export interface InProcessTurnsOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Turns active at once. Default 1,000. */
  readonly maxActive?: number;
}

interface ActiveTurn {
  /** Rung while active and nobody took notice: one more turn follows. */
  rung: boolean;
  listener: (() => void) | null;
}

interface Fault {
  readonly waitMs: number;
  readonly untilMs: number;
}

/** Alarms are looked at this often at most: a thousand retries due in the same moment cost one look. */
const alarmStepMs = 5;
/** A turn that failed is tried again after the first wait, which doubles with each failure up to the last. */
const firstFaultWaitMs = 100;
const lastFaultWaitMs = 5_000;

/** Turns for a single dispatching process: a queue in memory, in the order of the rings. */
export function createInProcessTurns({ clock, telemetry, maxActive = 1_000 }: InProcessTurnsOptions): Turns {
  const waiting = new Set<number>();
  const active = new Map<number, ActiveTurn>();
  const alarms = new Map<number, number>();
  const faults = new Map<number, Fault>();
  const aborted = new AbortController();
  const ended = new Set<() => void>();
  let run: RunTurn | null = null;
  let stopping = false;
  let alarmAtMs = Number.POSITIVE_INFINITY;
  let alarmTimer: AbortController | null = null;

  const fillUp = () => {
    if (run === null || stopping) return;
    for (const partnerNo of waiting) {
      if (active.size >= maxActive) return;
      waiting.delete(partnerNo);
      void runOne(partnerNo, run);
    }
  };

  const runOne = async (partnerNo: number, run: RunTurn) => {
    const turn: ActiveTurn = { rung: false, listener: null };
    active.set(partnerNo, turn);
    let nextDueAtMs: number | null;
    try {
      ({ nextDueAtMs } = await run(slotOf(partnerNo, turn)));
      faults.delete(partnerNo);
    } catch (error) {
      nextDueAtMs = failed(partnerNo, error);
    }
    active.delete(partnerNo);
    if (turn.rung) ring([partnerNo]);
    if (nextDueAtMs !== null) ringAt(partnerNo, nextDueAtMs);
    if (active.size === 0) for (const tell of ended) tell();
    fillUp();
  };

  /** Notes a failed turn; the time at which it is tried again. */
  const failed = (partnerNo: number, error: unknown): number => {
    const before = faults.get(partnerNo);
    const waitMs = before ? Math.min(before.waitMs * 2, lastFaultWaitMs) : firstFaultWaitMs;
    const untilMs = clock.now() + waitMs;
    faults.set(partnerNo, { waitMs, untilMs });
    if (!before && !stopping) telemetry.fault({ where: "turn", error, retryInMs: waitMs });
    return untilMs;
  };
  /** True during the wait after a failed turn: a flood of rings must not make a flood of failures. */
  const resting = (partnerNo: number): boolean => {
    const fault = faults.get(partnerNo);
    return fault !== undefined && clock.now() < fault.untilMs;
  };

  const slotOf = (partnerNo: number, turn: ActiveTurn): TurnSlot => ({
    partnerNo,
    signal: aborted.signal,
    contended: () => waiting.size > 0,
    stopping: () => stopping,
    onRing(listener) {
      turn.listener = listener;
      if (listener && turn.rung) {
        turn.rung = false;
        listener();
      }
    },
  });

  const ring = (partnerNos: Iterable<number>) => {
    for (const partnerNo of partnerNos) {
      const turn = active.get(partnerNo);
      if (turn?.listener) turn.listener();
      else if (turn) turn.rung = true;
      else if (faults.size > 0 && resting(partnerNo)) ringAt(partnerNo, faults.get(partnerNo)!.untilMs);
      else waiting.add(partnerNo);
    }
    fillUp();
  };

  const ringAt = (partnerNo: number, atMs: number) => {
    if (atMs <= clock.now()) return ring([partnerNo]);
    const before = alarms.get(partnerNo);
    if (before !== undefined && before <= atMs) return;
    alarms.set(partnerNo, atMs);
    if (atMs < alarmAtMs) setAlarm(atMs);
  };

  const setAlarm = (atMs: number) => {
    alarmAtMs = atMs;
    alarmTimer?.abort();
    if (stopping || !Number.isFinite(atMs)) return;
    const timer = new AbortController();
    alarmTimer = timer;
    // Timers of more than 24.8 days fire at once: look again within a day.
    void clock
      .sleep(Math.min(Math.max(atMs - clock.now(), alarmStepMs), 86_400_000), timer.signal)
      .then(() => {
        if (!timer.signal.aborted) ringDue();
      });
  };

  const ringDue = () => {
    const now = clock.now();
    const due: number[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [partnerNo, atMs] of alarms) {
      if (atMs <= now) due.push(partnerNo);
      else if (atMs < nextMs) nextMs = atMs;
    }
    for (const partnerNo of due) alarms.delete(partnerNo);
    setAlarm(nextMs);
    ring(due);
  };

  return {
    ring,
    ringAt,
    async start(runTurn) {
      run = runTurn;
      fillUp();
    },
    async stop(graceMs) {
      stopping = true;
      alarmTimer?.abort();
      for (const turn of active.values()) turn.listener?.();
      if (active.size === 0) return;
      const over = new AbortController();
      const allEnded = new Promise<void>((resolve) => ended.add(resolve)).then(() => over.abort());
      await Promise.race([allEnded, clock.sleep(graceMs, over.signal)]);
      aborted.abort();
      await allEnded;
    },
    load: () => ({ active: active.size, waiting: waiting.size }),
  };
}
