import type { Clock } from "../ports/clock.ts";
import type { Attendance } from "../ports/fleet.ts";
import type { FaultLedger, Retention, SweepLedger } from "../ports/ledger.ts";
import type { Load } from "../ports/load.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Turns } from "../ports/turns.ts";
import { retryTransient } from "./retry-transient.ts";

export interface SweepOptions {
  readonly ledger: SweepLedger & FaultLedger;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly load: Load;
  /** Gives this process's sign of life. */
  readonly attend: (busy: number) => Promise<Attendance>;
  readonly retention: Retention;
  /** Looks for what operators should hear of, once a minute. */
  readonly checkForOperators?: (nowMs: number) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
  readonly onAttended: (attendance: Attendance) => void;
}

export interface Sweep {
  start(): void;
  /** Sweeps at once rather than at the next interval. */
  readonly now: () => void;
  stop(): void;
  /** Resolves when the loop has ended. */
  readonly ended: Promise<void>;
}

/** Between two sweeps. What is due within it is rung in time, so this is the delay of lost rings only. */
const intervalMs = 1_000;
/** A sweep takes at most this part of the time: with very many partners due, lost rings wait a little longer. */
const sweepingPart = 0.1;
/** A sweep that took longer had to step over index entries that cannot be removed yet. The sweeps after it skip partners that have a turn. */
const slowMs = 20;
const slowForMs = 30_000;
const upkeepEveryMs = 10 * 60_000;
/** After an upkeep that failed. */
const upkeepAgainMs = 60_000;
const checkEveryMs = 60_000;
/** Nothing is put too far ahead while the ledger's clock is right. */
const cutBackEveryMs = 60_000;
/** If the process stood still, its time is older than this when the ledger is asked, and new rows would look too far ahead. */
const cutBackStaleMs = 30_000;
/** Deliveries that one replay puts back per sweep at most: its pace if it has no rate of its own. */
const replayStep = 500;

/**
 * The safety net: rings every partner with due work, moves replays on, keeps partitions and retention. If rings
 * reach the whole cluster one process does it for all; if they do not, each rings for itself.
 */
export function startSweep({
  ledger,
  turns,
  clock,
  telemetry,
  load,
  attend,
  retention,
  checkForOperators,
  signal,
  onProgress,
  onAttended,
}: SweepOptions): Sweep {
  let wake = new AbortController();
  const stopped = new AbortController();
  const upkeep = createUpkeep({ ledger, clock, telemetry, retention, signal: stopped.signal });
  let checkAtMs = 0;
  let pauseMs = intervalMs;
  let slowAtMs = Number.NEGATIVE_INFINITY;
  let loop: Promise<void> = Promise.resolve();

  const once = async () => {
    const attendance = await attend(load.busy());
    const now = clock.now();
    const { first, foundDead } = attendance;
    onAttended(attendance);
    if (first || foundDead > 0 || turns.reach() === "process") {
      const askedAtMs = clock.monotonicMs();
      const skipHeld = askedAtMs - slowAtMs < slowForMs;
      for (const { partnerNo, dueAtMs } of await ledger.duePartners(now + pauseMs, skipHeld))
        turns.ringAt(partnerNo, dueAtMs);
      const tookMs = clock.monotonicMs() - askedAtMs;
      if (tookMs > slowMs) slowAtMs = askedAtMs;
      pauseMs = Math.max(intervalMs, tookMs / sweepingPart);
    }
    if (!first) return 0;
    const { partnerNos, running } = await ledger.advanceReplays(replayStep, now);
    if (partnerNos.length > 0) turns.ring(partnerNos);
    const monotonicMs = clock.monotonicMs();
    upkeep.begin(now, monotonicMs);
    if (checkForOperators && monotonicMs >= checkAtMs) {
      checkAtMs = monotonicMs + checkEveryMs;
      await checkForOperators(now);
    }
    return running;
  };

  const run = async () => {
    while (!stopped.signal.aborted) {
      const asleep = (wake = new AbortController());
      const swept = retryTransient(once, { where: "sweep", ledger, clock, telemetry, signal });
      const running = await swept.catch(() => null);
      if (running !== null) onProgress();
      if (stopped.signal.aborted) return upkeep.ended();
      await clock.sleep(running ? pauseMs / 4 : pauseMs, asleep.signal);
    }
    return upkeep.ended();
  };

  return {
    start: () => void (loop = run()),
    now: () => wake.abort(),
    stop() {
      stopped.abort();
      wake.abort();
    },
    get ended() {
      return loop;
    },
  };
}

/** Work for the ledger beside the sweeps, which must not wait for it; one of each kind at a time. */
function createUpkeep({
  ledger,
  clock,
  telemetry,
  retention,
  signal,
}: Pick<SweepOptions, "ledger" | "clock" | "telemetry" | "retention" | "signal">) {
  let upkeepAtMs = 0;
  let upkeep: Promise<void> = Promise.resolve();
  let cutBackAtMs = 0;
  let cuttingBack: Promise<void> = Promise.resolve();

  const keepUp = async (now: number) => {
    upkeepAtMs = Number.POSITIVE_INFINITY;
    try {
      await ledger.keepUp(now, retention, signal);
      upkeepAtMs = clock.monotonicMs() + upkeepEveryMs;
    } catch (error) {
      upkeepAtMs = clock.monotonicMs() + upkeepAgainMs;
      telemetry.fault({ where: "upkeep", error, retryInMs: upkeepAgainMs });
    }
  };

  const cutBack = async () => {
    cutBackAtMs = Number.POSITIVE_INFINITY;
    try {
      await ledger.cutBack(clock.now(), cutBackStaleMs);
    } catch (error) {
      telemetry.fault({ where: "cut back", error, retryInMs: cutBackEveryMs });
    }
    cutBackAtMs = clock.monotonicMs() + cutBackEveryMs;
  };

  return {
    /** Begins what is due. */
    begin(now: number, monotonicMs: number) {
      if (monotonicMs >= upkeepAtMs) upkeep = keepUp(now);
      if (monotonicMs >= cutBackAtMs) cuttingBack = cutBack();
    },
    /** Resolves when nothing of it is under way. */
    ended: async () => void (await Promise.all([upkeep, cuttingBack])),
  };
}
