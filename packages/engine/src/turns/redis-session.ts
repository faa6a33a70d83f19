/**
 * All connections of this process to Redis, opened together, proven together and ended together: whatever fails in one of
 * them ends them all, and what comes next is opened again. So none is left half dead.
 */
import type { Clock } from "../ports/clock.ts";
import { createOutbox, type JobsOf, type JobTaker, openJobTaker, type Outbox } from "./jobs.ts";
import { createPeers, type Peers } from "./peers.ts";
import type { RedisAddress } from "./redis-address.ts";
import { createRedisClient, onClientFault, type RedisClient } from "./redis-client.ts";
import { RedisTrouble } from "./redis-fault.ts";

export interface RedisSession {
  readonly peers: Peers;
  /** Rings at whoever has time: a job. */
  ring(partnerNo: number): void;
  /** Rings that are on their way to Redis. */
  unsent(): number;
  /** Resolves when everything that the product needs has worked once. @throws what Redis replies, or a RedisTrouble */
  open(): Promise<void>;
  /** Takes jobs as well. @throws as `open` */
  takeJobs(take: (partnerNos: readonly number[]) => Promise<void>): Promise<void>;
  /** What `maxmemory-policy` says; null where the user may not ask. */
  evictionPolicy(): Promise<string | null>;
  /** Hears and takes nothing more; resolves when what is in hand is over and what is to be sent is sent. */
  leave(): Promise<void>;
  /** Ends every connection at once. */
  close(): void;
}

export interface RedisSessionOptions {
  readonly address: RedisAddress;
  /** Before every key and channel. */
  readonly prefix: string;
  readonly ledgerId: string;
  /** The same in all sessions of this process. */
  readonly processId: string;
  readonly clock: Clock;
  /** Called once, in use: the session is of no more use and closed. */
  readonly onFault: (error: unknown) => void;
  readonly onRings: (partnerNos: readonly number[]) => void;
  readonly onTold: (partnerNos: readonly number[]) => void;
  /** Nobody heard these rings: they go to anybody. */
  readonly unheard: (partnerNos: readonly number[]) => void;
  /** Redis did not take these rings. */
  readonly undelivered: (partnerNos: readonly number[]) => void;
}

/** All must be open and proven within this. */
const openWithinMs = 5_000;
/** Between two proofs that the connections live. */
const proveEveryMs = 2_500;

export function createRedisSession(options: RedisSessionOptions): RedisSession {
  const { address, clock, ledgerId, prefix, processId } = options;
  const jobsOf: JobsOf = { prefix, queueName: `turns-${ledgerId}` };
  const clients: RedisClient[] = [];
  const newClient = (use: "messages" | "worker") => {
    const client = createRedisClient(address, use);
    clients.push(client);
    // From the start: the driver prints errors that nobody listens to.
    onClientFault(client, (error) => fault(error));
    return client;
  };
  let outbox: Outbox | null = null;
  let taker: JobTaker | null = null;
  let leaving = false;
  let closed = false;
  let failure: ((error: unknown) => void) | null = null;
  let stopProving = () => {};

  const close = () => {
    closed = true;
    stopProving();
    taker?.close();
    for (const each of clients) each.disconnect();
    failure?.(new RedisTrouble("closed"));
  };
  const fault = (error: unknown) => {
    if (closed || leaving) return;
    // While something is opened, whoever opens it tells.
    if (failure !== null) return failure(error);
    close();
    options.onFault(error);
  };
  /** Does what opens something, which fails with the first fault of any connection, or when its time is over. */
  const within = async (act: () => Promise<void>) => {
    const over = new AbortController();
    const failed = new Promise<never>((_, reject) => (failure = reject));
    const late = clock.sleep(openWithinMs, over.signal).then(() => {
      if (!over.signal.aborted) throw new RedisTrouble("silent", openWithinMs);
    });
    failed.catch(() => {});
    try {
      await Promise.race([act(), failed, late]);
    } catch (error) {
      close();
      throw error;
    } finally {
      failure = null;
      over.abort();
    }
  };
  const proveAgain = () => {
    stopProving = clock.after(proveEveryMs, () => {
      if (leaving || closed) return;
      peers.prove().then(proveAgain, fault);
    });
  };

  const client = newClient("messages");
  const listener = newClient("messages");
  const peers = createPeers({
    id: processId,
    prefix: `${prefix}:${ledgerId}`,
    client,
    listener,
    clock,
    fault,
    onRings: options.onRings,
    onTold: options.onTold,
    undelivered: options.unheard,
  });

  return {
    peers,
    ring: (partnerNo) => outbox?.send(partnerNo),
    unsent: () => outbox?.size() ?? 0,
    open: () =>
      within(async () => {
        await Promise.all([client.connect(), listener.connect()]);
        outbox = createOutbox(client, jobsOf, {
          clock,
          fault,
          undelivered: options.undelivered,
          beside: (partnerNos) => peers.tellAll(partnerNos),
        });
        await outbox.prove();
        await peers.join();
        await peers.prove();
        proveAgain();
      }),
    takeJobs: (take) =>
      within(async () => {
        const workerClient = newClient("worker");
        await workerClient.connect();
        await openJobTaker(workerClient, jobsOf, { processId, fault, take, made: (made) => (taker = made) });
      }),
    evictionPolicy: () => readEvictionPolicy(client),
    async leave() {
      leaving = true;
      stopProving();
      await Promise.all([peers.leave(), taker?.leave()]);
      await outbox?.close();
    },
    close,
  };
}

async function readEvictionPolicy(client: RedisClient): Promise<string | null> {
  const text = await client.info("memory").catch(() => "");
  return /^maxmemory_policy:(\S+)/m.exec(text)?.[1] ?? null;
}
