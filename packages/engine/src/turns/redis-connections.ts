/** Keeps a session with Redis open as long as Redis can be used, and tries again while it cannot. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import type { Conditions } from "../ports/conditions.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RedisAddress } from "./redis-address.ts";
import { redisFault } from "./redis-fault.ts";
import { createRedisSession, type RedisSession, type RedisSessionOptions } from "./redis-session.ts";
import { failed, notYetTried, opened, type RedisUse, settled, settleMs } from "./redis-use.ts";

export interface RedisConnections {
  /** Null while Redis cannot be used. */
  readonly session: RedisSession | null;
  /** Why it cannot be used, in words; null if all is well or nothing was tried yet. */
  readonly fault: string | null;
  /** From now on jobs are taken as well. */
  takeJobs(): void;
  /** Tries no more, hears and takes nothing more; resolves when what is in hand is over. */
  leave(): Promise<void>;
  close(): void;
}

export interface RedisConnectionsOptions extends Omit<RedisSessionOptions, "onFault" | "processId"> {
  readonly address: RedisAddress;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly conditions: Conditions;
  /** A job of this process: resolves when its turns have begun. */
  readonly take: (partnerNos: readonly number[]) => Promise<void>;
}

export function createRedisConnections(options: RedisConnectionsOptions): RedisConnections {
  const { address, clock, conditions, prefix, random, take, telemetry } = options;
  const processId = randomUUID();
  let use: RedisUse = notYetTried;
  let session: RedisSession | null = null;
  let opening: RedisSession | null = null;
  let takesJobs = false;
  let ended = false;
  let cancelTimer = () => {};
  let warned = false;

  const become = (next: RedisUse) => {
    use = next;
    if (!ended) conditions.set("redis_unusable", use.fault);
  };
  const lose = (error: unknown, during: "opening" | "use") => {
    session = null;
    opening = null;
    if (ended) return;
    const [next, waitMs] = failed(use, redisFault(error, { address, prefix, during }), random);
    become(next);
    cancelTimer();
    cancelTimer = clock.after(waitMs, () => void open());
  };

  const open = async () => {
    const mine = createRedisSession({ ...options, processId, onFault: (error) => lose(error, "use") });
    opening = mine;
    try {
      await mine.open();
      if (takesJobs) await mine.takeJobs(take);
    } catch (error) {
      return lose(error, "opening");
    }
    if (ended) return mine.close();
    opening = null;
    session = mine;
    become(opened(use));
    cancelTimer = clock.after(settleMs, () => become(settled(use)));
    if (takesJobs) void warnOfEviction(mine);
  };

  /** Redis holds nothing that cannot be made again, so how Redis stores data does not matter; only keys that vanish are a problem. */
  const warnOfEviction = async (of: RedisSession) => {
    const policy = warned ? null : await of.evictionPolicy();
    if (policy === null || policy === "noeviction") return;
    warned = true;
    const error = new Error(
      `Redis evicts keys when its memory is full (maxmemory-policy ${policy}): turns are then late by a second or more. Set it to noeviction.`,
    );
    telemetry.fault({ where: "redis settings", error, retryInMs: null });
  };

  void open();
  return {
    get session() {
      return session;
    },
    get fault() {
      return use.fault;
    },
    takeJobs() {
      takesJobs = true;
      // A session that is being opened takes them when it has come so far.
      const mine = session;
      if (mine === null) return;
      mine.takeJobs(take).then(
        () => warnOfEviction(mine),
        (error: unknown) => session === mine && lose(error, "opening"),
      );
    },
    async leave() {
      ended = true;
      cancelTimer();
      await session?.leave();
    },
    close() {
      ended = true;
      cancelTimer();
      opening?.close();
      session?.close();
      session = null;
    },
  };
}
