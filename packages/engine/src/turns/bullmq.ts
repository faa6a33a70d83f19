/**
 * Turns handed out by BullMQ over Redis: rings are jobs, and whichever process takes a job runs the turns it asks for.
 * Redis only says who goes next. Who may send is the ledger's lease, so that losing Redis, its data or a lock costs
 * nothing but a detour: rings then stay in the process that has them, and the sweep finds the rest.
 *
 * A job carries up to 32 partners and is over when their turns have begun. With a job per partner, deduplicated and
 * over with its turn, a turn cost 37 Redis commands and 350 µs of processor time, more than the attempt it was for.
 */
import { Queue, Worker } from "bullmq";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, Turns } from "../ports/turns.ts";
import { createAlarms } from "./alarms.ts";
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
  const runner = createTurnRunner({ clock, telemetry });
  const outbox = createOutbox(address, prefix, { clock, fault, undelivered: (nos) => keep(nos) });
  /** Partners that this process is to serve, in order: from jobs, and from rings that Redis did not take. */
  const waiting = new Set<number>();
  /** Jobs that wait for those before them to have begun. */
  let queued: (() => void)[] = [];
  let worker: OpenWorker | null = null;

  const contended = () => waiting.size + queued.length > 0 || runner.active >= maxActive;
  const connected = () => outbox.connected() && !runner.stopping;

  const fillUp = () => {
    if (worker === null || runner.stopping) return;
    for (const partnerNo of waiting) {
      if (runner.active >= maxActive) return;
      waiting.delete(partnerNo);
      void runOne(partnerNo);
    }
    const next = queued;
    queued = [];
    for (const goOn of next) goOn();
  };
  const runOne = async (partnerNo: number) => {
    const after = await runner.run(partnerNo, { contended });
    if (after?.rung) ring([partnerNo]);
    if (after?.nextDueAtMs != null) ringAt(partnerNo, after.nextDueAtMs);
    fillUp();
  };
  /** Serves partners here. A process that only accepts leaves them to the sweep. */
  const keep = (partnerNos: Iterable<number>) => {
    if (worker === null) return;
    for (const partnerNo of partnerNos) {
      if (runner.tell(partnerNo)) continue;
      const restsUntilMs = runner.restsUntilMs(partnerNo);
      if (restsUntilMs !== null) ringAt(partnerNo, restsUntilMs);
      else waiting.add(partnerNo);
    }
    fillUp();
  };

  const ring = (partnerNos: Iterable<number>) => {
    if (!connected()) return keep(partnerNos);
    for (const partnerNo of partnerNos) {
      if (runner.tell(partnerNo) || waiting.has(partnerNo)) continue;
      const restsUntilMs = runner.restsUntilMs(partnerNo);
      if (restsUntilMs !== null) ringAt(partnerNo, restsUntilMs);
      else outbox.send(partnerNo);
    }
  };
  const alarms = createAlarms(clock, ring);
  const ringAt = (partnerNo: number, atMs: number) => {
    if (atMs <= clock.now()) ring([partnerNo]);
    else alarms.set(partnerNo, atMs);
  };

  return {
    ring,
    ringAt,
    look(partnerNos) {
      for (const partnerNo of partnerNos) runner.look(partnerNo);
    },
    reach: () => (connected() ? "cluster" : "process"),
    async start(run: RunTurn) {
      runner.begin(run);
      worker = openWorker(address, prefix, {
        fault,
        look: runner.look,
        async take(partnerNos) {
          if (waiting.size > 0) await new Promise<void>((goOn) => queued.push(goOn));
          keep(partnerNos);
        },
      });
      outbox.whenReady((client) => void warnOfEviction(client, telemetry).catch(fault));
      fillUp();
    },
    async stop(graceMs) {
      alarms.stop();
      // What did not begin here is somebody else's.
      if (connected()) for (const partnerNo of waiting) outbox.send(partnerNo);
      waiting.clear();
      for (const goOn of queued) goOn();
      const closing = worker?.close();
      await runner.stop(graceMs);
      const farewell = new AbortController();
      await Promise.race([Promise.all([closing, outbox.close()]), clock.sleep(farewellMs, farewell.signal)]);
      farewell.abort();
      worker?.disconnect();
      outbox.disconnect();
    },
    load: () => ({ active: runner.active, waiting: waiting.size + outbox.size() }),
  };
}

/** Over this channel a turn that is active in another process is told at once: the job it is rung with cannot take its place. */
const channelOf = (prefix: string) => `${prefix}:rings`;

/** Rings on their way to Redis: one call at a time, and what is rung meanwhile goes with the next, each partner once. */
function createOutbox(
  address: RedisAddress,
  prefix: string,
  tools: {
    readonly clock: Clock;
    readonly fault: (error: unknown) => void;
    readonly undelivered: (partnerNos: readonly number[]) => void;
  },
) {
  const { clock, fault } = tools;
  const client = createRedisClient(address, "rings");
  client.on("error", fault);
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
    if (clock.now() - counted.atMs > countKeptMs)
      counted = { jobs: await queue.getWaitingCount(), atMs: clock.now() };
    return counted.jobs >= mostJobsWaiting;
  };
  const sendAll = async () => {
    while (outgoing.size > 0) {
      const partnerNos = [...outgoing];
      outgoing = new Set();
      try {
        client.publish(channelOf(prefix), partnerNos.join(",")).catch(fault);
        if (!(await full())) await queue.addBulk(jobsFor(partnerNos));
      } catch (error) {
        fault(error);
        tools.undelivered(partnerNos);
      }
    }
    sending = null;
  };

  return {
    connected: () => client.status === "ready",
    size: () => outgoing.size,
    send(partnerNo: number) {
      outgoing.add(partnerNo);
      // After the current burst of rings, so that they go together.
      sending ??= new Promise<void>((resolve) => setImmediate(resolve)).then(sendAll);
    },
    whenReady(act: (client: RedisClient) => void) {
      if (client.status === "ready") act(client);
      else client.once("ready", () => act(client));
    },
    async close() {
      await sending;
      await queue.close().catch(() => {});
    },
    disconnect: () => client.disconnect(),
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

/** Takes the jobs of the cluster, and hears of rings for turns that are active here. */
function openWorker(
  address: RedisAddress,
  prefix: string,
  tools: {
    readonly fault: (error: unknown) => void;
    readonly look: (partnerNo: number) => void;
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
  const listener = createRedisClient(address, "worker");
  listener.on("error", tools.fault);
  listener.on("message", (_channel: string, partnerNos: string) => {
    for (const partnerNo of partnerNos.split(",")) tools.look(Number(partnerNo));
  });
  listener.subscribe(channelOf(prefix)).catch(tools.fault);
  return {
    close: () => worker.close().catch(() => {}),
    disconnect() {
      connection.disconnect();
      listener.disconnect();
    },
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
