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

/** Alarms are looked at this often at most: a thousand retries due in the same moment cost one look. */
const alarmStepMs = 5;
/** A turn that failed is tried again after this wait, growing to the second. */
const firstFaultWaitMs = 100;
const lastFaultWaitMs = 5_000;

/** Turns for a single dispatching process: a queue in memory, in the order of the rings. */
export function createInProcessTurns({ clock, telemetry, maxActive = 1_000 }: InProcessTurnsOptions): Turns {
  const waiting = new Set<number>();
  const active = new Map<number, ActiveTurn>();
  const alarms = new Map<number, number>();
  const faultWaitMs = new Map<number, number>();
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
      faultWaitMs.delete(partnerNo);
    } catch (error) {
      const waitMs = faultWaitMs.get(partnerNo) ?? firstFaultWaitMs;
      faultWaitMs.set(partnerNo, Math.min(waitMs * 2, lastFaultWaitMs));
      telemetry.fault({ where: "turn", error, retryInMs: waitMs });
      nextDueAtMs = clock.now() + waitMs;
    }
    active.delete(partnerNo);
    if (turn.rung) waiting.add(partnerNo);
    if (nextDueAtMs !== null) ringAt(partnerNo, nextDueAtMs);
    if (active.size === 0) for (const tell of ended) tell();
    fillUp();
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
      if (turn === undefined) waiting.add(partnerNo);
      else if (turn.listener) turn.listener();
      else turn.rung = true;
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
    void clock.sleep(Math.min(Math.max(atMs - clock.now(), alarmStepMs), 86_400_000), timer.signal).then(() => {
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
