import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress } from "./redis-address.ts";

export type RedisClient = Redis | Cluster;

/** A lost connection is tried again after a wait that grows to this. */
const longestRetryMs = 1_000;
/** A command that takes longer fails: the server stands still. Rings then stay in this process. */
const commandTimeoutMs = 2_000;

/**
 * A client that says at once when Redis cannot be reached, for rings, or one that waits, for a worker's loop. It
 * reconnects by itself in either case, and connects when it is first used.
 */
export function createRedisClient(address: RedisAddress, use: "rings" | "worker"): RedisClient {
  const retryStrategy = (tries: number) => Math.min(tries * 50, longestRetryMs);
  const connection: Omit<RedisOptions, "replyMapping"> = {
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    ...(address.tls ? { tls: {} } : {}),
    db: address.database,
    connectTimeout: 5_000,
    ...(use === "rings"
      ? { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: commandTimeoutMs }
      : { maxRetriesPerRequest: null }),
  };
  const [{ host, port } = { host: "127.0.0.1", port: 6379 }] = address.hosts;
  switch (address.kind) {
    case "single":
      return new Redis({ ...connection, host, port, retryStrategy });
    case "sentinel":
      return new Redis({
        ...connection,
        sentinels: [...address.hosts],
        name: address.masterName!,
        ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        retryStrategy,
        sentinelRetryStrategy: retryStrategy,
      });
    case "cluster": {
      return new Cluster([...address.hosts], {
        redisOptions: connection,
        clusterRetryStrategy: retryStrategy,
        ...(use === "rings" ? { enableOfflineQueue: false } : {}),
      });
    }
  }
}
