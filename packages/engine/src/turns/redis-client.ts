import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress } from "./redis-address.ts";
import { RedisTrouble } from "./redis-fault.ts";

export type RedisClient = Redis | Cluster;

/** A connection and its TLS must be there within this. */
const connectWithinMs = 3_000;
/** A command that takes longer fails: the server stands still. Rings then stay in this process. */
const commandTimeoutMs = 1_000;
/**
 * A connection on which an answer is due for so long is dead. A worker's blocking call waits for `blockForMs`, so that
 * this is the time within which a dead one is found.
 */
const silentAfterMs = 5_500;
export const blockForMs = 4_000;
/** A connection that is ended, and whose other side says nothing, is destroyed after this. */
const endWithinMs = 300;

/**
 * A client for rings and messages, whose commands end soon, or for a worker, which blocks. It does not connect again by
 * itself: whatever fails, all connections are opened again (redis-session.ts), so that none is half dead. It connects when
 * `connect` is called, and asks the server for nothing that needs a permission.
 */
export function createRedisClient(address: RedisAddress, use: "messages" | "worker"): RedisClient {
  const never = () => null;
  const connection: Omit<RedisOptions, "replyMapping"> = {
    ...(address.username === null ? {} : { username: address.username, password: address.password ?? "" }),
    ...(address.password === null ? {} : { password: address.password }),
    ...(address.tls ? { tls: {} } : {}),
    db: address.database,
    connectTimeout: connectWithinMs,
    disconnectTimeout: endWithinMs,
    enableReadyCheck: false,
    disableClientInfo: true,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    ...(use === "messages"
      ? { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: commandTimeoutMs }
      : { maxRetriesPerRequest: null, socketTimeout: silentAfterMs }),
  };
  const [{ host, port } = { host: "127.0.0.1", port: 6379 }] = address.hosts;
  switch (address.kind) {
    case "single":
      return guarded(new Redis({ ...connection, host, port, retryStrategy: never, lazyConnect: true }));
    case "sentinel":
      return guarded(
        new Redis({
          ...connection,
          sentinels: [...address.hosts],
          name: address.masterName!,
          ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
          sentinelCommandTimeout: commandTimeoutMs,
          retryStrategy: never,
          sentinelRetryStrategy: never,
          lazyConnect: true,
        }),
      );
    case "cluster":
      return guardedNodes(
        new Cluster([...address.hosts], {
          redisOptions: connection,
          clusterRetryStrategy: never,
          enableReadyCheck: false,
          lazyConnect: true,
          ...(use === "messages" ? { enableOfflineQueue: false } : {}),
        }),
      );
  }
}

/**
 * The driver hears the first error of a socket only. TLS can tell of a second one (a certificate that is not trusted, then
 * the server's alert), which nobody would hear: that ends a process.
 */
function guarded(client: Redis): Redis {
  let socket: Redis["stream"] | undefined;
  Object.defineProperty(client, "stream", {
    configurable: true,
    enumerable: true,
    get: () => socket,
    set(next: Redis["stream"] | undefined) {
      socket = next;
      socket?.on("error", () => {});
    },
  });
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (override) => guarded(duplicate(override));
  return client;
}

function guardedNodes(cluster: Cluster): Cluster {
  cluster.on("+node", (node: Redis) => void guarded(node));
  const duplicate = cluster.duplicate.bind(cluster);
  cluster.duplicate = (...given) => guardedNodes(duplicate(...given));
  return cluster;
}

/** Calls back with each fault of the client, and when its connection ends. To be called before it connects. */
export function onClientFault(client: RedisClient, fault: (error: unknown) => void): void {
  client.on("error", fault);
  client.on("end", () => fault(new RedisTrouble("closed")));
}
