/**
 * Turns handed out by BullMQ over Redis: rings are jobs, and whichever process takes a job runs the turns it asks for.
 * Redis only says who goes next. Who may send is the ledger's lease, so that losing Redis, its data or a lock costs
 * nothing but a detour: rings then stay in the process that has them, and the sweep finds the rest.
 *
 * Partners of whom it is known who had their last turn are rung there directly (peers.ts); the others by jobs.
 *
 * A job carries up to 32 partners and is over when their turns have begun. With a job per partner, deduplicated and
 * over with its turn, a turn cost 37 Redis commands and 350 µs of processor time, more than the attempt it was for.
 */
import { Queue, Worker } from "bullmq";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, Turns } from "../ports/turns.ts";
import { createAlarms } from "./alarms.ts";
import { createPeers } from "./peers.ts";
import { parseRedisAddress, type RedisAddress } from "./redis-address.ts";
import { createRedisClient, type RedisClient } from "./redis-client.ts";
import { createTurnRunner } from "./runner.ts";

export interface BullmqTurnsOptions {
  /** See `parseRedisAddress`. */
  readonly redisUrl: string;
  /** Before every key. In braces, so that all keys are in one slot of a Redis Cluster. Default `{postrider}`. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Turns active at once in this process. Default 1,000. */
  readonly maxActive?: number;
}

const queueName = "turns";
/** Jobs a process has in hand at once: a few, so that a busy process does not take what another has time for. */
const jobsInHand = 4;
const partnersPerJob = 32;
/** With more jobs waiting than this nobody is waiting for a ring but for a turn: more rings are left to the sweep. */
const mostJobsWaiting = 1_000;
/** How long a count of the waiting jobs is relied on. */
const countKeptMs = 100;
/** A process that died with a job in hand is noticed between one and two of these after its lock ran out. */
const lockMs = 4_000;
const stalledCheckMs = 2_000;
/** After a fault of Redis BullMQ tries again after this. */
const redisRetryMs = 500;
/** A stop waits so long for Redis, which may be away. */
const farewellMs = 2_000;

/**
 * @throws PostriderError `invalid_settings` for a URL that cannot be read
 * @example const turns = createBullmqTurns({ redisUrl: "redis://127.0.0.1:6379", clock: systemClock, telemetry });
 */
export function createBullmqTurns(options: BullmqTurnsOptions): Turns {
  const { clock, telemetry, maxActive = 1_000, prefix = "{postrider}" } = options;
  const address = parseRedisAddress(options.redisUrl);
  const fault = (error: unknown) => {
    if (!runner.stopping) telemetry.fault({ where: "redis", error, retryInMs: redisRetryMs });
  };
  const client = createRedisClient(address, "rings");
  client.on("error", fault);
  /** Jobs that wait for those before them to have begun. */
  let queued: (() => void)[] = [];
  let worker: OpenWorker | null = null;

  const connected = () => client.status === "ready";
  const full = () => queued.length > 0 || runner.busy >= maxActive;
  const runner = createTurnRunner({
    clock,
    telemetry,
    maxActive,
    othersWait: full,
    onHeld: (partnerNo) => peers.hold(partnerNo),
    onRung: (partnerNo) => ring([partnerNo]),
    onDue(partnerNo, atMs) {
      if (atMs > clock.now()) return alarms.set(partnerNo, atMs);
      // This process has had its time with the partner: whoever is next goes on.
      peers.release(partnerNo);
      toAny([partnerNo]);
    },
    onRoom() {
      const next = queued;
      queued = [];
      for (const goOn of next) goOn();
    },
  });
  /** Serves partners here. A process that only accepts leaves them to the sweep. */
  const keep = (partnerNos: Iterable<number>) => {
    if (worker !== null) runner.serve(partnerNos);
  };
  const outbox = createOutbox(client, prefix, {
    clock,
    fault,
    undelivered: keep,
    beside: (partnerNos) => peers.tellAll(partnerNos),
  });
  const toAny = (partnerNos: Iterable<number>) => {
    if (!connected()) return keep(partnerNos);
    for (const partnerNo of partnerNos) outbox.send(partnerNo);
  };
  /** While a turn is active here the others are to know, or they would send a job for each ring. */
  const sayHeld = (partnerNos: readonly number[]) => {
    for (const partnerNo of partnerNos) if (runner.holds(partnerNo)) peers.hold(partnerNo);
  };
  /** Rings for partners whose last turn was here: served here while there is room. */
  const toHere = (partnerNos: readonly number[]) => {
    sayHeld(partnerNos);
    const others = partnerNos.filter((partnerNo) => !runner.takes(partnerNo));
    if (others.length === 0) return;
    if (worker === null || runner.stopping || runner.waiting > 0 || full()) toAny(others);
    else runner.serve(others);
  };
  const peers = createPeers({
    address,
    prefix,
    client,
    clock,
    fault,
    onRings: toHere,
    onTold(partnerNos) {
      for (const partnerNo of partnerNos) runner.look(partnerNo);
      sayHeld(partnerNos);
    },
    undelivered: toAny,
  });

  const ring = (partnerNos: Iterable<number>) => {
    if (!connected()) return keep(partnerNos);
    for (const partnerNo of partnerNos) {
      if (runner.takes(partnerNo)) continue;
      const holder = peers.holderOf(partnerNo);
      if (holder === null) outbox.send(partnerNo);
      else if (holder === peers.id) toHere([partnerNo]);
      else peers.ring(holder, partnerNo);
    }
  };
  const alarms = createAlarms(clock, ring);

  return {
    ring,
    serve: keep,
    ringAt(partnerNo, atMs) {
      if (atMs <= clock.now()) ring([partnerNo]);
      else alarms.set(partnerNo, atMs);
    },
    look(partnerNos) {
      for (const partnerNo of partnerNos) runner.look(partnerNo);
    },
    reach: () => (connected() && !runner.stopping ? "cluster" : "process"),
    async start(run: RunTurn) {
      worker = openWorker(address, prefix, {
        fault,
        async take(partnerNos) {
          if (runner.waiting > 0) await new Promise<void>((goOn) => queued.push(goOn));
          if (runner.stopping) toAny(partnerNos);
          else runner.serve(partnerNos);
        },
      });
      whenReady(client, () => void warnOfEviction(client, telemetry).catch(fault));
      runner.begin(run);
    },
    async stop(graceMs) {
      alarms.stop();
      // What did not begin here is somebody else's.
      toAny(runner.letGo());
      for (const goOn of queued) goOn();
      const closing = Promise.all([peers.leave(), worker?.close()]);
      await runner.stop(graceMs);
      const farewell = new AbortController();
      await Promise.race([closing.then(() => outbox.close()), clock.sleep(farewellMs, farewell.signal)]);
      farewell.abort();
      worker?.disconnect();
      peers.disconnect();
      client.disconnect();
    },
    load: () => ({ active: runner.active, waiting: runner.waiting + outbox.size() }),
  };
}

function whenReady(client: RedisClient, act: () => void): void {
  if (client.status === "ready") act();
  else client.once("ready", act);
}

/** Jobs on their way to Redis: one call at a time, and what is rung meanwhile goes with the next, each partner once. */
function createOutbox(
  client: RedisClient,
  prefix: string,
  tools: {
    readonly clock: Clock;
    readonly fault: (error: unknown) => void;
    readonly undelivered: (partnerNos: readonly number[]) => void;
    /** Also done with what is sent: a turn that is active in another process is told, for no job can take its place. */
    readonly beside: (partnerNos: readonly number[]) => void;
  },
) {
  const { clock, fault } = tools;
  const queue = new Queue<{ p: readonly number[] }>(queueName, {
    connection: client,
    prefix,
    streams: { events: { maxLen: 100 } },
  });
  queue.on("error", fault);
  let outgoing = new Set<number>();
  let sending: Promise<void> | null = null;
  let counted = { jobs: 0, atMs: Number.NEGATIVE_INFINITY };

  const full = async () => {
    if (clock.monotonicMs() - counted.atMs > countKeptMs)
      counted = { jobs: await queue.getWaitingCount(), atMs: clock.monotonicMs() };
    return counted.jobs >= mostJobsWaiting;
  };
  const sendAll = async () => {
    while (outgoing.size > 0) {
      const partnerNos = [...outgoing];
      outgoing = new Set();
      try {
        tools.beside(partnerNos);
        if (!(await full())) await queue.addBulk(jobsFor(partnerNos));
      } catch (error) {
        fault(error);
        tools.undelivered(partnerNos);
      }
    }
    sending = null;
  };

  return {
    size: () => outgoing.size,
    send(partnerNo: number) {
      outgoing.add(partnerNo);
      // After the current burst of rings, so that they go together.
      sending ??= new Promise<void>((resolve) => setImmediate(resolve)).then(sendAll);
    },
    async close() {
      await sending;
      await queue.close().catch(() => {});
    },
  };
}

function jobsFor(partnerNos: readonly number[]) {
  const opts = { removeOnComplete: true, removeOnFail: true };
  return Array.from({ length: Math.ceil(partnerNos.length / partnersPerJob) }, (_, index) => ({
    name: "turns",
    data: { p: partnerNos.slice(index * partnersPerJob, (index + 1) * partnersPerJob) },
    opts,
  }));
}

interface OpenWorker {
  /** Takes no more jobs; resolves when those in hand are over. */
  close(): Promise<void>;
  disconnect(): void;
}

/** Takes the jobs of the cluster. */
function openWorker(
  address: RedisAddress,
  prefix: string,
  tools: {
    readonly fault: (error: unknown) => void;
    readonly take: (partnerNos: readonly number[]) => Promise<void>;
  },
): OpenWorker {
  const connection = createRedisClient(address, "worker");
  connection.on("error", tools.fault);
  const worker = new Worker<{ p: readonly number[] }>(queueName, ({ data }) => tools.take(data.p), {
    connection,
    prefix,
    concurrency: jobsInHand,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    // A job may be handed out again as often as processes die.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: redisRetryMs,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on("error", tools.fault);
  return {
    close: () => worker.close().catch(() => {}),
    disconnect: () => connection.disconnect(),
  };
}

/** Redis holds nothing that cannot be made again, so how it stores is its own affair; only keys that vanish are a nuisance. */
async function warnOfEviction(client: RedisClient, telemetry: Telemetry): Promise<void> {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await client.info("memory"))?.[1];
  if (policy === undefined || policy === "noeviction") return;
  const error = new Error(
    `Redis evicts keys when its memory is full (maxmemory-policy ${policy}): turns are then late by a second or more. Set it to noeviction.`,
  );
  telemetry.fault({ where: "redis settings", error, retryInMs: null });
}
