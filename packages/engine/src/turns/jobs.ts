/**
 * Rings as jobs of BullMQ: for partners of whom nobody knows who had their last turn. A job carries up to 32 partners and
 * is over when their turns have begun. With a job per partner, deduplicated and over with its turn, a turn cost 37 Redis
 * commands and 350 µs of processor time, more than the attempt it was for.
 */
import { Queue, Worker } from "bullmq";
import type { Clock } from "../ports/clock.ts";
import { blockForMs, onClientFault, type RedisClient } from "./redis-client.ts";

/** Jobs a process has in hand at once: a few, so that a busy process does not take what another has time for. */
const jobsInHand = 4;
const partnersPerJob = 32;
/** With more jobs waiting than this nobody is waiting for a ring but for a turn: more rings are left to the sweep. */
const mostJobsWaiting = 1_000;
/** How long a count of the waiting jobs is relied on. */
const countKeptMs = 100;
/** A process that died with a job in hand is noticed between one and two of these after its lock ran out. */
const lockMs = 4_000;
const stalledCheckMs = 3_000;
/** After a lost connection BullMQ tries again after this; by then all is opened again. */
const retryMs = 500;

type Job = { readonly p: readonly number[] };

/** Whose jobs they are. */
export interface JobsOf {
  /** Before every key. */
  readonly prefix: string;
  /** Of the queue; holds the ledger's id. */
  readonly queueName: string;
}

/** Jobs on their way to Redis: one call at a time, and what is rung meanwhile goes with the next, each partner once. */
export interface Outbox {
  /** Partners that wait to be sent. */
  size(): number;
  send(partnerNo: number): void;
  /**
   * Does what sending does, with jobs for nobody.
   *
   * @throws what Redis replies
   */
  prove(): Promise<void>;
  close(): Promise<void>;
}

export function createOutbox(
  client: RedisClient,
  { prefix, queueName }: JobsOf,
  tools: {
    readonly clock: Clock;
    readonly fault: (error: unknown) => void;
    readonly undelivered: (partnerNos: readonly number[]) => void;
    /** Also done with what is sent: a turn that is active in another process is told, for no job can take its place. */
    readonly beside: (partnerNos: readonly number[]) => void;
  },
): Outbox {
  const { clock, fault } = tools;
  const queue = new Queue<Job>(queueName, {
    connection: client,
    prefix,
    streams: { events: { maxLen: 100 } },
    // The version is in INFO, which a user may not be allowed.
    skipVersionCheck: true,
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
    send(partnerNo) {
      outgoing.add(partnerNo);
      // After the current burst of rings, so that they go together.
      sending ??= new Promise<void>((resolve) => setImmediate(resolve)).then(sendAll);
    },
    async prove() {
      await queue.waitUntilReady();
      // Twice: the driver sends a script's text the first time, its digest afterwards, and each is a right of its own.
      for (let n = 0; n < 2; n++) if (!(await full())) await queue.addBulk(jobsFor([], 1));
    },
    async close() {
      await sending;
      await queue.close().catch(() => {});
    },
  };
}

function jobsFor(partnerNos: readonly number[], least = 0) {
  const opts = { removeOnComplete: true, removeOnFail: true };
  return Array.from(
    { length: Math.max(least, Math.ceil(partnerNos.length / partnersPerJob)) },
    (_, index) => ({
      name: "turns",
      data: { p: partnerNos.slice(index * partnersPerJob, (index + 1) * partnersPerJob) },
      opts,
    }),
  );
}

/** Takes the jobs of the cluster. */
export interface JobTaker {
  /** Takes no more jobs; resolves when those in hand are over. */
  leave(): Promise<void>;
  /** Takes nothing more, and ends the connection that blocks. */
  close(): void;
}

/**
 * Opens what takes jobs and has it take the first, so that whatever a user of Redis may not do shows here and not in
 * BullMQ's loop, which asks again at once.
 *
 * @param client for a worker, connected; blocking takes a second connection, which is made like it
 * @throws what Redis replies, or a RedisTrouble
 */
export async function openJobTaker(
  client: RedisClient,
  { prefix, queueName }: JobsOf,
  tools: {
    readonly processId: string;
    readonly fault: (error: unknown) => void;
    readonly take: (partnerNos: readonly number[]) => Promise<void>;
    /** Told at once, so that whoever gives up while this is opened can close it. */
    readonly made: (taker: JobTaker) => void;
  },
): Promise<void> {
  const { fault, processId, take } = tools;
  let refused: unknown = null;
  const worker = new Worker<Job, void>(queueName, ({ data }) => take(data.p), {
    connection: client,
    prefix,
    // Its loop fails without a pause if a connection could not be opened, and then nothing else has a turn.
    autorun: false,
    skipVersionCheck: true,
    concurrency: jobsInHand,
    drainDelay: blockForMs / 1_000,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    // A job may be handed out again as often as processes die.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: retryMs,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on("error", (error: Error) => {
    if (isOfJob(error)) return;
    refused ??= error;
    fault(error);
  });
  tools.made({
    leave: () => worker.close().catch(() => {}),
    close: () => void worker.close(true).catch(() => {}),
  });
  try {
    await worker.waitUntilReady();
    const blocking = (await worker.getBackend().blockingClient) as unknown as RedisClient;
    onClientFault(blocking, fault);
    // On a key of its own: what is taken from the queue's own would be missed by whoever waits for it. A member for each
    // process, so that each has one to take, and no more are left if taking is refused.
    const proof = `${prefix}:${queueName}:proof`;
    await client.zadd(proof, 0, processId);
    await blocking.bzpopmin(proof, 1);
    const job = await worker.getNextJob("proof", { block: false });
    if (job !== undefined) {
      void take(job.data.p);
      await job.moveToCompleted(undefined, "proof", false).catch((error: Error) => {
        if (!isOfJob(error)) throw error;
      });
    }
  } catch (error) {
    throw refused ?? error;
  }
  worker.run().catch(fault);
}

/** What BullMQ says of a single job whose key or lock Redis lost: its partners are found by the sweep. */
const isOfJob = ({ code, message }: Error & { readonly code?: unknown }) =>
  typeof code === "number" || message.startsWith("could not renew lock");
