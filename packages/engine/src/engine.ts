/**
 * The embedding entry: one call that puts the adapters together. The server is built on it, and so can be any
 * application that would rather carry the dispatcher inside.
 */
import { notResealed } from "./core/own-settings.ts";
import { type AllowedTargets, parseAllowedTargets } from "./core/target.ts";
import { recovered } from "./core/operator-events.ts";
import { createDispatcher, type Dispatcher } from "./dispatch/dispatcher.ts";
import { createOperatorEvents, type SentOperatorEvents } from "./dispatch/operator-events.ts";
import type { TestPostback } from "./dispatch/test-postback.ts";
import { createConditions, type ProcessConditions } from "./fleet/conditions.ts";
import { createLedgerClock, type LedgerClock } from "./fleet/ledger-clock.ts";
import { createPresence, type Presence } from "./fleet/presence.ts";
import { createTimelyDoor } from "./fleet/timely-door.ts";
import { createDispatchLedger } from "./ledger/dispatch-ledger.ts";
import { createEventDoor } from "./ledger/event-door.ts";
import { type Ceiling, watchCeiling } from "./ledger/ceiling.ts";
import { copiedLedger } from "./ledger/identity.ts";
import { asReadError } from "./ledger/ledger-error.ts";
import { createOperations } from "./ledger/operations/index.ts";
import { newIdentity } from "./ledger/processes.ts";
import { createReadiness, type Readiness } from "./ledger/readiness.ts";
import { createSeal, type Seal } from "./ledger/seal.ts";
import { type Clock, systemClock } from "./ports/clock.ts";
import type { Condition } from "./ports/conditions.ts";
import { createSystemLoad } from "./ports/load.ts";
import type { EventDoor } from "./ports/event-door.ts";
import type { FleetProcess } from "./ports/fleet.ts";
import type { Ledger, Retention } from "./ports/ledger.ts";
import type { Operations } from "./ports/operations.ts";
import { systemRandom } from "./ports/random.ts";
import { createJudgedDoor } from "./judged-door.ts";
import { type OpenLedger, openLedger } from "./open-ledger.ts";
import type { EngineOptions } from "./engine-options.ts";
import { createShownRequests, type ShownRequests } from "./shown-requests.ts";
import { type TestChoice, testEndpoint } from "./test-endpoint.ts";
import { openTransport } from "./open-transport.ts";
import { checkTurnsSettings, openTurns } from "./open-turns.ts";
import { silentTelemetry, type Telemetry } from "./ports/telemetry.ts";
import type { Transport } from "./ports/transport.ts";
import type { Turns } from "./ports/turns.ts";

/** Sent with every postback, so that partners can allow-list it and read what it is. */
export const defaultUserAgent = "Postrider/0.1 (+https://github.com/postrider/postrider)";

export interface Engine {
  /**
   * The door for events of this process; plain SQL has `postrider.accept`. `accept` judges the form of each event: what
   * is wrong gets an `invalid` result, and is not stored. `nowMs`: when they are accepted. Default: now, by the ledger's clock.
   *
   * @example
   * const { results, partnerNos } = await engine.events.accept([{ event_id: "order-1", type: "order.paid" }]);
   * engine.ring(partnerNos);
   */
  readonly events: {
    accept(events: Parameters<EventDoor["accept"]>[0], nowMs?: number): ReturnType<EventDoor["accept"]>;
    /** The same for events that `eventIssues` found nothing in: their form is not judged again. */
    readonly acceptJudged: EventDoor["accept"];
  };
  readonly operations: Operations;
  /** Which adapters run, for `doctor` and the start line. */
  readonly description: {
    readonly ledger: string;
    readonly turns: string;
    /** The ledger's own id. */
    readonly ledgerId: string;
    /** The ledger was copied and not adopted: `start` is refused. */
    readonly copied: boolean;
  };
  /** How far rings go now, and why no further though they should, in words with the remedy; null: nothing is wrong. */
  turns(): { readonly reach: "process" | "cluster"; readonly fault: string | null };
  /** Tells the dispatcher that partners have work (after an accept, a resume, a replay). Cheap and idempotent. */
  ring(partnerNos: readonly number[]): void;
  /** Finds due work of partners whose settings changed: call after operations that may free a backlog. */
  sweepNow(): void;
  /**
   * Sends one flagged test postback (header `webhook-test: 1`), not counted as a delivery. Null if there is no such endpoint.
   *
   * @throws PostriderError `not_found` for an event that is not in the ledger
   */
  testPostback(partner: string, endpoint: string, test?: TestChoice): Promise<TestPostback | null>;
  /** Requests as people may see them, without sending. */
  readonly shown: ShownRequests;
  /**
   * Begins to dispatch: sweep, turns, replays, upkeep. Without it the engine only accepts and reads.
   *
   * @throws PostriderError `ledger_copied`
   */
  start(): Promise<void>;
  /** No new turns; in-flight attempts end or are handed back within `graceMs`; then closes everything. */
  stop(graceMs?: number): Promise<void>;
  /** Tries what accepting needs, at most once a second. Null: it works; otherwise why not, in words. */
  checkReady(): Promise<string | null>;
  /** What readiness and the ceiling last saw, for metrics; null: not looked at. */
  room(): {
    readonly accepting: boolean;
    readonly bytes: number | null;
    readonly freeBytes: number | null;
  };
  /** What is not as it should be with this process now. */
  conditions(): readonly Condition[];
  /** What time it is by the ledger, in epoch milliseconds: for every `nowMs` that the engine is given. */
  now(): number;
  /**
   * How far the clock of this machine is ahead of the ledger's (behind: below 0), in milliseconds. Null: the ledger is embedded, so
   * there is no other clock.
   */
  clockSkewMs(): number | null;
  /** The processes of the ledger that gave a sign of life lately, this one included. @throws PostriderError `ledger_unavailable`, `busy` */
  processes(signal?: AbortSignal): Promise<readonly (FleetProcess & { readonly self: boolean })[]>;
  /** For liveness and metrics. `lastProgressMs`: epoch ms of the dispatcher's last sweep or turn. */
  progress(): {
    readonly dispatching: boolean;
    readonly lastProgressMs: number;
    readonly inFlight: number;
    readonly turnsActive: number;
    readonly turnsWaiting: number;
    readonly unrecorded: number;
    /** Processes that dispatch from this ledger, as far as this one knows. */
    readonly alive: number;
  };
}

const defaultMaxInFlight = 256;
const defaultRetentionDays = 35;
const defaultDeadRetentionDays = 90;
const defaultGraceMs = 10_000;
const defaultWindowMs = 3_600_000;
const dayMs = 86_400_000;

/**
 * Opens the ledger (migrating it if needed) and puts the engine together. It does not dispatch before `start()`.
 *
 * @throws PostriderError `invalid_settings`, `database_unreachable`, `database_unsuitable`, `ledger_unavailable`,
 * `ledger_too_new`, `ledger_differs`, `secret_unreadable`
 * @example
 * const engine = await openEngine({ dataDir: "./.postrider", masterKeys: [key], allowTargets: [] });
 * await engine.start();
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { telemetry = silentTelemetry } = options;
  const ledgerClock = options.clock ? null : createLedgerClock(options.localClock ?? systemClock);
  const clock = options.clock ?? ledgerClock!;
  const allowedTargets = parseAllowedTargets(options.allowTargets);
  const seal = createSeal(options.masterKeys);
  const transport = openTransport(options, clock, allowedTargets);
  checkTurnsSettings({ ...options, maxInFlight: options.maxInFlight ?? defaultMaxInFlight });
  const conditions = createConditions({ clock, telemetry });
  const opened = await openLedger(options, { ledgerClock, nowMs: clock.now, conditions });
  const undo: (() => Promise<void> | void)[] = [() => opened.sql.close(), () => conditions.stop()];
  try {
    const parts = { ...opened, ledgerClock, clock, allowedTargets, seal, transport, conditions, telemetry };
    return await putTogether(options, parts, undo);
  } catch (error) {
    // What fails to close must not hide why the start failed.
    for (const close of undo.toReversed()) {
      try {
        await close();
      } catch {}
    }
    throw error;
  }
}

/** What is there before the engine is put together. */
interface EngineParts extends OpenLedger {
  /** Null: the time is given by whoever embeds the engine. */
  readonly ledgerClock: LedgerClock | null;
  readonly clock: Clock;
  readonly allowedTargets: AllowedTargets;
  readonly seal: Seal;
  readonly transport: Transport;
  readonly conditions: ProcessConditions;
  readonly telemetry: Telemetry;
}

/** @param undo gets what closes each part that it opens, for the case that a later one fails */
async function putTogether(
  options: EngineOptions,
  parts: EngineParts,
  undo: (() => Promise<void> | void)[],
): Promise<Engine> {
  const { sql, place, clock, allowedTargets, seal, transport, conditions, telemetry } = parts;
  const { operator, random = systemRandom, maxInFlight = defaultMaxInFlight } = options;
  const userAgent = options.userAgent ?? defaultUserAgent;
  const turns = await openTurns({ ...options, maxInFlight }, { clock, random, telemetry, conditions, place });
  undo.push(() => turns.stop(0));
  const { ledger, presence } = joinFleet(options, parts);
  const ceiling = await watchCeiling(options.ceiling ?? {}, {
    sql,
    folder: options.databaseUrl !== undefined || options.dataDir === "memory://" ? null : options.dataDir,
    clock,
    telemetry,
  });
  undo.push(() => ceiling.stop());
  const readiness = createReadiness({ sql, clock, telemetry, ceiling: ceiling.reached });
  const events = createTimelyDoor(readiness.watch(createEventDoor(sql)), { fleet: presence, clock });
  const ring = (partnerNos: readonly number[]) => {
    if (run.dispatching() || turns.reach() === "cluster") turns.ring(partnerNos);
    else
      events
        .announce(partnerNos)
        .catch((error: unknown) => telemetry.fault({ where: "announce", error, retryInMs: null }));
  };
  const operatorEvents = createOperatorEvents({
    partner: operator?.partner ?? null,
    windowMs: operator?.windowMs ?? defaultWindowMs,
    door: events,
    ring,
    heard: operator?.heard ?? (() => {}),
    clock,
    telemetry,
  });
  ledger.onLost(operatorEvents.forget);
  const operations = createOperations(sql, seal, {
    allowedTargets,
    onMadeDue: ring,
    onEndpointResumed: (partner, endpoint, troubleMs) =>
      operatorEvents.tell(recovered({ partner, endpoint }, troubleMs, "operator", clock.now())),
  });
  const { left } = await operations.resealSecrets();
  if (left > 0) tellNotResealed(left, telemetry);
  const dispatcher = createDispatcher({
    ledger,
    turns,
    transport,
    clock,
    random,
    load: createSystemLoad(),
    fleet: presence,
    telemetry,
    allowedTargets,
    conditions,
    userAgent,
    maxInFlight,
    retention: retentionOf(options),
    operatorEvents,
    ...(operator?.backlogOldAfterMs ? { backlogOldAfterMs: operator.backlogOldAfterMs } : {}),
    parallelClaims: Math.min(2, sql.capabilities.parallel),
  });
  const run = createRun(parts, { ledger, presence, ceiling, operatorEvents, dispatcher });
  presence.start();
  const running = { turns, ledger, presence, ceiling, readiness, events, operations, dispatcher, ring, run };
  return engineOf(options, parts, { ...running, userAgent });
}

/** The ledger as this process sees it, and what it knows there of the others. */
function joinFleet(
  options: EngineOptions,
  { sql, seal, clock, ledgerClock, conditions, telemetry }: EngineParts,
): { readonly ledger: Ledger; readonly presence: Presence } {
  const identity = { ...newIdentity(), ...options.process };
  const ledger = createDispatchLedger(sql, seal, { process: identity });
  const presence = createPresence({
    ledger,
    shared: sql.capabilities.shared,
    self: { ...identity, version: options.process?.version ?? null, roles: options.process?.roles ?? [] },
    clock: ledgerClock ?? createLedgerClock(clock),
    conditions,
    telemetry,
  });
  return { ledger, presence };
}

/** What is there once the engine is put together. */
interface RunningParts {
  readonly turns: Turns;
  readonly ledger: Ledger;
  readonly presence: Presence;
  readonly ceiling: Ceiling;
  readonly readiness: Readiness;
  readonly events: EventDoor;
  readonly operations: Operations;
  readonly operatorEvents: SentOperatorEvents;
  readonly dispatcher: Dispatcher;
  readonly ring: Engine["ring"];
  readonly run: Run;
  readonly userAgent: string;
}

/** Whether the engine dispatches: its start and its stop. */
interface Run extends Pick<Engine, "start" | "stop"> {
  dispatching(): boolean;
}

function createRun(
  { place, sql, conditions }: EngineParts,
  {
    ledger,
    presence,
    ceiling,
    operatorEvents,
    dispatcher,
  }: Pick<RunningParts, "ledger" | "presence" | "ceiling" | "operatorEvents" | "dispatcher">,
): Run {
  let dispatching = false;
  let stopListening: (() => Promise<void>) | null = null;
  return {
    dispatching: () => dispatching,
    async start() {
      if (place.copied) throw copiedLedger(place);
      stopListening = await ledger.onRing(dispatcher.hear);
      await presence.handOver();
      await dispatcher.start();
      dispatching = true;
    },
    async stop(graceMs = defaultGraceMs) {
      dispatching = false;
      await dispatcher.stop(graceMs);
      // Last: with this connection goes the lock that says that the process lives. Others would take over what is in flight.
      await stopListening?.();
      await operatorEvents.stop();
      await presence.stop();
      await ceiling.stop();
      conditions.stop();
      await sql.close();
    },
  };
}

function engineOf(
  { redisUrl }: EngineOptions,
  { sql, place, clock, ledgerClock, allowedTargets, transport, conditions }: EngineParts,
  running: Omit<RunningParts, "operatorEvents">,
): Engine {
  const { turns, ledger, presence, ceiling, readiness, events, operations, dispatcher, run } = running;
  const { userAgent, ring } = running;
  const judgedDoor = createJudgedDoor(events);
  return {
    events: {
      accept: (given, nowMs = clock.now()) => judgedDoor.accept(given, nowMs),
      acceptJudged: events.accept,
    },
    operations,
    description: {
      ledger: sql.capabilities.name,
      turns: redisUrl === undefined || place.copied ? "in-process" : "redis",
      ledgerId: place.id,
      copied: place.copied,
    },
    turns: () => ({ reach: turns.reach(), fault: turns.fault() }),
    ring,
    sweepNow: () => dispatcher.sweepNow(),
    testPostback: (partner, endpoint, test = {}) =>
      testEndpoint(
        { ledger, operations, transport, clock, allowedTargets, userAgent },
        partner,
        endpoint,
        test,
      ),
    shown: createShownRequests({ operations, allowedTargets, clock, userAgent }),
    start: run.start,
    stop: run.stop,
    conditions: conditions.list,
    now: clock.now,
    clockSkewMs: () => ledgerClock?.skewMs() ?? null,
    processes: (signal) =>
      presence.processes(signal).catch((error: unknown) => {
        // The reason is the caller's own.
        if (signal?.aborted === true) throw error;
        return asReadError(error);
      }),
    progress: () => ({ dispatching: run.dispatching(), ...dispatcher.progress() }),
    checkReady: readiness.check,
    room: () => ({ ...ceiling.seen(), accepting: readiness.trouble() === null }),
  };
}

function tellNotResealed(left: number, telemetry: Telemetry): void {
  telemetry.fault({ where: "master key", error: new Error(notResealed(left)), retryInMs: null });
}

function retentionOf({ retentionDays = defaultRetentionDays, deadRetentionDays }: EngineOptions): Retention {
  return {
    deliveredMs: retentionDays * dayMs,
    undeliveredMs: Math.max(retentionDays, deadRetentionDays ?? defaultDeadRetentionDays) * dayMs,
  };
}
