import type { AllowedTargets } from "../core/target.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  CircuitSave,
  Claimed,
  ClaimLedger,
  ClaimRequest,
  DispatchLedger,
  FaultLedger,
  PresenceLedger,
  Retention,
  Ring,
} from "../ports/ledger.ts";
import type { Attendance, Fleet } from "../ports/fleet.ts";
import { type Conditions, silentConditions } from "../ports/conditions.ts";
import { noOperatorEvents, type OperatorEvents } from "../ports/operator-events.ts";
import type { Load } from "../ports/load.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Transport } from "../ports/transport.ts";
import type { Turns } from "../ports/turns.ts";
import { type Batcher, createBatcher } from "./batcher.ts";
import { RecentPartners } from "./recent-partners.ts";
import { OwnFaults } from "./own-faults.ts";
import { createOwnSettings, type OwnSettings } from "./own-settings.ts";
import { createPartnerCache } from "./partner-cache.ts";
import { retryTransient } from "./retry-transient.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { Slots } from "./slots.ts";
import { startSweep, type Sweep } from "./sweep.ts";
import type { TurnTools } from "./turn/tools.ts";
import { Turn } from "./turn/turn.ts";
import { createOperatorChecks } from "./operator-checks.ts";

export interface DispatcherOptions {
  readonly ledger: DispatchLedger;
  readonly turns: Turns;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly load: Load;
  /** Default: this process is alone, and its clock is right. */
  readonly fleet?: Fleet;
  readonly telemetry: Telemetry;
  readonly allowedTargets: AllowedTargets;
  /** Gets what this process lacks. Default: nobody is told. */
  readonly conditions?: Pick<Conditions, "set">;
  readonly userAgent: string;
  /** Requests in flight at most over all partners of this process. */
  readonly maxInFlight: number;
  readonly retention: Retention;
  /** Default: operators are told nothing. */
  readonly operatorEvents?: OperatorEvents;
  /** Operators are told of a backlog whose oldest delivery has been due for longer. Default 5 minutes. */
  readonly backlogOldAfterMs?: number;
  /** Claim statements under way at once. At most as many as the ledger's driver runs side by side. */
  readonly parallelClaims: number;
}

export interface Dispatcher {
  start(): Promise<void>;
  /** No new turns and attempts; what is in flight ends within `graceMs` or is aborted, and outcomes are stored. */
  stop(graceMs: number): Promise<void>;
  sweepNow(): void;
  /** Takes a ring from another process. */
  hear(ring: Ring): void;
  progress(): {
    readonly lastProgressMs: number;
    readonly inFlight: number;
    readonly turnsActive: number;
    readonly turnsWaiting: number;
    readonly unrecorded: number;
    /** Processes that dispatch, this one included. */
    readonly alive: number;
  };
}

/** After the grace: time to store the answers that came within it. */
const lastMomentMs = 1_000;
/** A process that is busier than the least busy by this much closes its long turns. */
const muchBusier = 0.3;
/** If rings stay in the process, the others find a partner by their sweep, which comes each second. */
const untilOthersSweptMs = 1_200;
const defaultBacklogOldAfterMs = 5 * 60_000;
/** Partners opened by one statement at most. */
const maxClaims = 256;

/** Puts turns, recorder, sweep and transport together. One per process. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { ledger, turns, transport, clock, random, telemetry, userAgent } = options;
  const { operatorEvents = noOperatorEvents, backlogOldAfterMs = defaultBacklogOldAfterMs } = options;
  const fleet = options.fleet ?? createLoneFleet(ledger);
  const stopping = new AbortController();
  const recorder = createRecorder(ledger, clock, telemetry);
  const slots = new Slots(options.maxInFlight);
  const partners = createPartnerCache(ledger, clock, options.allowedTargets);
  /** Monotonic: callers ask how long ago it was. */
  let progressAtMs = clock.monotonicMs();
  const noteProgress = () => (progressAtMs = clock.monotonicMs());
  let attendance: Attendance = { alive: 1, first: true, idlest: null, foundDead: 0, time: null };
  const { signal } = stopping;
  const ownSettings = createOwnSettings({ conditions: silentConditions, ...options, partners, signal });

  const claimAll = createClaimBatcher(options, { fleet, recorder, signal, claimed: noteProgress });
  let serverLosses = 0;
  ledger.onLost(() => {
    serverLosses += 1;
    partners.forget();
    // Another partner may have the same number after the loss.
    tools.shares.clear();
    tools.windows.clear();
  });

  const tools: TurnTools = {
    transport,
    clock,
    random,
    userAgent,
    ownFaults: new OwnFaults({ clock, random, telemetry }),
    telemetry,
    recorder,
    slots,
    load: options.load,
    recentPartners: new RecentPartners(),
    shares: new Map(),
    windows: new Map(),
    operatorEvents,
    saveCircuit: createCircuitSaver(options, signal),
    readPartner: ownSettings.readPartner,
    leaves: ownSettings.leaves,
    refuse: ownSettings.refuse,
    claim: claimAll,
    serverLosses: () => serverLosses,
    turnsActive: () => turns.load().active,
    handOverAfterMs: () => {
      const { idlest } = attendance;
      if (idlest === null || options.load.busy() - idlest < muchBusier) return null;
      return turns.reach() === "cluster" ? 0 : untilOthersSweptMs;
    },
  };

  const sweep = startSweep({
    ledger,
    turns,
    clock,
    telemetry,
    load: options.load,
    attend: (busy) => fleet.attend(busy),
    retention: options.retention,
    checkForOperators: createOperatorChecks({ ledger, operatorEvents, backlogOldAfterMs }),
    signal,
    onProgress: noteProgress,
    onAttended: (now) => (attendance = now),
  });

  return {
    async start() {
      await ownSettings.begin();
      await turns.start((slot) => ownSettings.runTurn(slot.partnerNo, () => new Turn(slot, tools).run()));
      sweep.start();
    },
    stop: (graceMs) => stopAll(graceMs, { ...options, sweep, ownSettings, recorder, stopping }),
    sweepNow: sweep.now,
    hear: (ring) => hear(ring, { turns, sweep, ownSettings }),
    progress: () => {
      const { active, waiting } = turns.load();
      return {
        lastProgressMs: clock.now() - Math.round(clock.monotonicMs() - progressAtMs),
        inFlight: slots.taken,
        turnsActive: active,
        turnsWaiting: waiting,
        unrecorded: recorder.unrecorded(),
        alive: attendance.alive,
      };
    },
  };
}

/** See `Dispatcher.stop`. */
async function stopAll(
  graceMs: number,
  parts: Pick<DispatcherOptions, "ledger" | "turns" | "transport" | "clock"> & {
    readonly sweep: Sweep;
    readonly ownSettings: OwnSettings;
    readonly recorder: Recorder;
    readonly stopping: AbortController;
  },
): Promise<void> {
  const { ledger, turns, transport, clock, sweep, ownSettings, recorder, stopping } = parts;
  sweep.stop();
  ownSettings.stop();
  const ended = new AbortController();
  // Turns may be waiting for a ledger that is away: their waits end with the grace. The answers that have come
  // are worth a moment more than the grace for answers that may come.
  const graceIsOver = (async () => {
    await clock.sleep(graceMs, ended.signal);
    stopping.abort();
    if (!ended.signal.aborted) await clock.sleep(lastMomentMs, ended.signal);
    recorder.stop();
  })();
  await turns.stop(graceMs);
  await recorder.drained();
  ended.abort();
  await graceIsOver;
  await sweep.ended;
  await ledger.leave().catch(() => {});
  await transport.close();
}

/** Saves many circuits with few statements; of each circuit only the latest state. */
function createCircuitSaver(
  { ledger, clock, telemetry }: DispatcherOptions,
  signal: AbortSignal,
): Batcher<CircuitSave, void> {
  return createBatcher<CircuitSave, void>(
    async (saves) => {
      const latest = new Map(saves.map((save) => [save.endpointNo, save]));
      await retryTransient(() => ledger.saveCircuits([...latest.values()]), {
        where: "save circuits",
        ledger,
        clock,
        telemetry,
        signal,
      }).catch(() => {}); // The fault was reported. The next change stores the whole circuit again.
      return [];
    },
    { maxItems: maxClaims, parallel: 1 },
  );
}

/** Claims for many turns with few statements. */
function createClaimBatcher(
  {
    ledger,
    clock,
    telemetry,
    parallelClaims,
  }: Pick<DispatcherOptions, "clock" | "telemetry" | "parallelClaims"> & {
    readonly ledger: ClaimLedger & FaultLedger;
  },
  tools: {
    readonly fleet: Fleet;
    readonly recorder: Recorder;
    readonly signal: AbortSignal;
    readonly claimed: () => void;
  },
): Batcher<ClaimRequest, Claimed> {
  const { fleet, recorder, signal } = tools;
  const claim = async (requests: readonly ClaimRequest[]) => {
    const learning = fleet.learnTime();
    if (learning) await learning;
    return ledger.claim(requests, [...recorder.setAside()], clock.now());
  };
  /** Another process has the turn of a partner with work: tells that process now. It learns of the work at the latest when it gives the turn back. */
  const tellHolders = (claimed: readonly Claimed[]) => {
    const elsewhere = claimed.filter(({ standing }) => standing === "elsewhere");
    if (elsewhere.length > 0) ledger.tellHolders(elsewhere.map(({ partnerNo }) => partnerNo)).catch(() => {});
  };
  return createBatcher(
    async (requests) => {
      const retry = { where: "claim", ledger, clock, telemetry, signal };
      const claimed = await retryTransient(() => claim(requests), retry);
      tools.claimed();
      tellHolders(claimed);
      const byPartner = new Map(claimed.map((one) => [one.partnerNo, one]));
      return requests.map((request) => byPartner.get(request.partnerNo) ?? answerForMissing(request));
    },
    { maxItems: maxClaims, parallel: parallelClaims },
  );
}

function createLoneFleet(ledger: PresenceLedger): Fleet {
  return {
    attend: (busy) => ledger.attend({ busy, dispatches: true, skewMs: null, conditions: [] }),
    learnTime: () => null,
  };
}

/** See `Dispatcher.hear`. */
function hear(
  { partnerNos, holdersOnly, passedOn }: Ring,
  { turns, sweep, ownSettings }: { turns: Turns; sweep: Sweep; ownSettings: OwnSettings },
): void {
  if (holdersOnly) return turns.look(partnerNos);
  if (partnerNos.length === 0) return sweep.now();
  // All processes hear it, so one that can serve the partner does.
  const served = partnerNos.filter((partnerNo) => !ownSettings.leaves(partnerNo));
  if (passedOn) turns.serve(served);
  else turns.ring(served);
}

/** The answer for a partner whose row is not there. */
function answerForMissing({ partnerNo }: ClaimRequest): Claimed {
  return {
    partnerNo,
    fence: 0,
    standing: "inactive",
    leaseMs: 0,
    version: 0,
    limiterCursorMs: 0,
    nextDueAtMs: null,
    circuits: null,
    deliveries: [],
    lastLane: null,
  };
}
