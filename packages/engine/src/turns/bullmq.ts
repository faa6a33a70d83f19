/**
 * Turns handed out by BullMQ over Redis: a ring is a job per partner, deduplicated, and whichever process takes the
 * job runs the turn. Redis only says who goes next. Who may send is the ledger's lease, so that losing Redis, its
 * data or a lock costs nothing but a detour: rings then stay in the process that has them, and the sweep finds the rest.
 */
import { Queue, Worker } from "bullmq";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, Turns } from "../ports/turns.ts";
import { createAlarms } from "./alarms.ts";
import { parseRedisAddress, type RedisAddress } from "./redis-address.ts";
import { createRedisClient, type RedisClient } from "./redis-client.ts";
import { type AfterTurn, createTurnRunner } from "./runner.ts";

export interface BullmqTurnsOptions {
  /** See `parseRedisAddress`. */
  readonly redisUrl: string;
  /** Before every key. In braces, so that all keys are in one slot of a Redis Cluster. Default `{postrider}`. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /**
   * Turns active at once in this process. Default 400: each job's end takes Redis time in proportion to the jobs that
   * are active in the whole cluster (`LREM`), some 0.02 µs for each.
   */
  readonly maxActive?: number;
}

const queueName = "turns";
/** A worker that died is noticed between one and two of these after its lock ran out. */
const lockMs = 4_000;
const stalledCheckMs = 2_000;
/** Rings sent to Redis in one pipeline. */
const ringsPerCall = 200;
/** After a fault of Redis BullMQ tries again after this. Its default of 15 s would hold finished turns for so long. */
const redisRetryMs = 500;
/** A stop waits so long for Redis, which may be away. */
const farewellMs = 2_000;

/**
 * @throws PostriderError `invalid_settings` for a URL that cannot be read
 * @example const turns = createBullmqTurns({ redisUrl: "redis://127.0.0.1:6379", clock: systemClock, telemetry });
 */
export function createBullmqTurns(options: BullmqTurnsOptions): Turns {
  const { clock, telemetry, maxActive = 400, prefix = "{postrider}" } = options;
  const address = parseRedisAddress(options.redisUrl);
  const fault = (error: unknown) => {
    if (!runner.stopping) telemetry.fault({ where: "redis", error, retryInMs: redisRetryMs });
  };
  const client = createRedisClient(address, "rings");
  client.on("error", fault);
  const streams = { events: { maxLen: 100 } };
  const queue = new Queue(queueName, { connection: client, prefix, streams });
  queue.on("error", fault);

  const runner = createTurnRunner({ clock, telemetry });
  /** Rings on their way to Redis. */
  let outgoing = new Set<number>();
  /** Partners whose turns this process runs by itself, because Redis did not take their rings. */
  const waiting = new Set<number>();
  let worker: OpenWorker | null = null;
  let calls = 0;

  const connected = () => client.status === "ready" && !runner.stopping;
  const contended = () => runner.active >= maxActive || waiting.size > 0;

  const fillUp = () => {
    if (worker === null || runner.stopping) return;
    for (const partnerNo of waiting) {
      if (runner.active >= maxActive) return;
      waiting.delete(partnerNo);
      void runner.run(partnerNo, { contended }).then((after) => follow(partnerNo, after));
    }
  };

  const follow = (partnerNo: number, after: AfterTurn | null) => {
    if (after?.rung) ring([partnerNo]);
    if (after?.nextDueAtMs != null) ringAt(partnerNo, after.nextDueAtMs);
    fillUp();
  };

  const ring = (partnerNos: Iterable<number>) => {
    for (const partnerNo of partnerNos) {
      if (runner.tell(partnerNo)) continue;
      const restsUntilMs = runner.restsUntilMs(partnerNo);
      if (restsUntilMs !== null) ringAt(partnerNo, restsUntilMs);
      else if (connected()) outgoing.add(partnerNo);
      else if (worker !== null) waiting.add(partnerNo);
    }
    if (outgoing.size > 0 && calls === 0) setImmediate(() => void sendRings());
    fillUp();
  };

  /** One call at a time: what is rung meanwhile goes with the next, and twice the same partner is one ring. */
  const sendRings = async () => {
    if (calls > 0) return;
    calls += 1;
    while (outgoing.size > 0) {
      const batch = [...outgoing].slice(0, ringsPerCall);
      if (batch.length === outgoing.size) outgoing = new Set();
      else for (const partnerNo of batch) outgoing.delete(partnerNo);
      try {
        client.publish(channelOf(prefix), batch.join(",")).catch(fault);
        await queue.addBulk(batch.map(jobOf));
      } catch (error) {
        fault(error);
        // A process that only accepts leaves them to the sweep.
        if (worker !== null) for (const partnerNo of batch) waiting.add(partnerNo);
        fillUp();
      }
    }
    calls -= 1;
  };

  const alarms = createAlarms(clock, ring);
  const ringAt = (partnerNo: number, atMs: number) => {
    if (atMs <= clock.now()) ring([partnerNo]);
    else alarms.set(partnerNo, atMs);
  };

  const startWorker = () => {
    worker = openWorker(address, prefix, maxActive, {
      fault,
      look: runner.look,
      async runTurn(partnerNo) {
        const restsUntilMs = runner.restsUntilMs(partnerNo);
        if (restsUntilMs !== null) return ringAt(partnerNo, restsUntilMs);
        follow(partnerNo, await runner.run(partnerNo, { contended }));
      },
    });
    client.once("ready", () => void warnOfEviction(client, telemetry).catch(fault));
    if (connected()) void warnOfEviction(client, telemetry).catch(fault);
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
      startWorker();
      fillUp();
    },
    async stop(graceMs) {
      alarms.stop();
      const closing = worker?.of.close().catch(() => {});
      await runner.stop(graceMs);
      const farewell = new AbortController();
      await Promise.race([closing, clock.sleep(farewellMs, farewell.signal)]);
      farewell.abort();
      await queue.close().catch(() => {});
      for (const each of worker?.clients ?? []) each.disconnect();
      client.disconnect();
    },
    load: () => ({ active: runner.active, waiting: waiting.size + outgoing.size }),
  };
}

const jobOf = (partnerNo: number) => ({
  name: "turn",
  data: { p: partnerNo },
  opts: {
    deduplication: { id: `p${partnerNo}`, keepLastIfActive: true },
    removeOnComplete: true,
    removeOnFail: true,
  },
});

/** A ring during a turn in another process leads to one more turn, but only after it: over this the turn itself is told. */
const channelOf = (prefix: string) => `${prefix}:rings`;

interface OpenWorker {
  readonly of: Worker;
  readonly clients: readonly RedisClient[];
}

/** Takes the jobs of the cluster, and hears of rings for turns that are active here. */
function openWorker(
  address: RedisAddress,
  prefix: string,
  concurrency: number,
  tools: {
    readonly fault: (error: unknown) => void;
    readonly look: (partnerNo: number) => void;
    readonly runTurn: (partnerNo: number) => Promise<void>;
  },
): OpenWorker {
  const connection = createRedisClient(address, "worker");
  connection.on("error", tools.fault);
  const of = new Worker<{ p: number }>(queueName, ({ data }) => tools.runTurn(data.p), {
    connection,
    prefix,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    // A turn may be handed out again as often as workers die.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: redisRetryMs,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  // Locks that Redis lost are told here too. The turn goes on: its right to send is the lease.
  of.on("error", tools.fault);
  const listener = createRedisClient(address, "worker");
  listener.on("error", tools.fault);
  listener.on("message", (_channel: string, partnerNos: string) => {
    for (const partnerNo of partnerNos.split(",")) tools.look(Number(partnerNo));
  });
  listener.subscribe(channelOf(prefix)).catch(tools.fault);
  return { of, clients: [connection, listener] };
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
