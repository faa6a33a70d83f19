import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDatabase,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
} from "@postrider/engine/testing";
import { type Client, createClient } from "./client.ts";
import { type LedgerRecords, openLedgerRecords } from "./ledger-records.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { type Sink, startSink } from "./sink-process.ts";
import { type LogLine, type SupervisedServer, supervise } from "./supervised-server.ts";
import { createWrongClock } from "./wrong-clock.ts";

/** `database`: PostgreSQL alone carries everything. `cluster`: turns go over Redis. */
export const topologies = ["database", "cluster"] as const;
export type Topology = (typeof topologies)[number];

/** A connection that can be made to fail on its way. */
export type ProxiedPart = "postgres" | "redis" | "api";

export interface SystemOptions {
  readonly topology: Topology;
  readonly workers: number;
  readonly apis: number;
  /** These go through a proxy; the others directly. */
  readonly proxied?: readonly ProxiedPart[];
  /** Processes whose clock is wrong: by name, `+10m`, `-1h`, `+1d`. */
  readonly clocks?: Readonly<Record<string, string>>;
}

/** Real servers, processes and connections, for one scenario. */
export interface FaultSystem {
  readonly options: SystemOptions;
  readonly postgres: PostgresServer;
  /** @throws Error in a topology without Redis */
  readonly redis: RedisServer;
  readonly sink: Sink;
  readonly apis: readonly SupervisedServer[];
  readonly workers: readonly SupervisedServer[];
  /** By its name. @throws Error where there is none */
  server(name: string): SupervisedServer;
  /** Sets the clock of one of `clocks`. @throws Error if it has none */
  setClock(name: string, offset: string): void;
  /** Those before a part: one, or for `api` one per process. None where it is not proxied. */
  proxies(part: ProxiedPart): readonly Proxy[];
  /** One per API process, through the proxy where there is one. */
  readonly apiUrls: readonly string[];
  readonly client: Client;
  readonly ledger: LedgerRecords;
  /** What all servers logged at `warn` and above. */
  readonly log: readonly LogLine[];
  stop(): Promise<void>;
}

/** Starts everything, the sink first and the servers last; what was started is stopped where a later part fails. */
export async function startSystem(options: SystemOptions): Promise<FaultSystem> {
  const undo: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    return Object.assign(await build(options, undo), { stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(options: SystemOptions, undo: (() => unknown)[]): Promise<Omit<FaultSystem, "stop">> {
  const proxies: { readonly part: ProxiedPart; readonly proxy: Proxy }[] = [];
  const proxied = async (part: ProxiedPart, to: Parameters<typeof startProxy>[0]) => {
    if (!options.proxied?.includes(part)) return null;
    const proxy = await startProxy(to);
    undo.push(() => proxy.stop());
    proxies.push({ part, proxy });
    return proxy;
  };

  const sink = await startSink();
  undo.push(() => sink.stop());
  const postgres = await startPostgres();
  undo.push(() => postgres.stop());
  const databaseUrl = await createDatabase(postgres.url, "faults");
  const redis = options.topology === "cluster" ? await startRedis() : null;
  if (redis) undo.push(() => redis.stop());

  const socket = join(new URL(databaseUrl).searchParams.get("host")!, ".s.PGSQL.5432");
  const beforePostgres = await proxied("postgres", { path: socket });
  const beforeRedis =
    redis && (await proxied("redis", { host: "127.0.0.1", port: Number(new URL(redis.url).port) }));
  const folder = mkdtempSync(join(tmpdir(), "postrider-faults-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const env = {
    DATABASE_URL: beforePostgres
      ? `postgres://postgres@127.0.0.1:${beforePostgres.port}/faults`
      : databaseUrl,
    ...(redis ? { REDIS_URL: beforeRedis ? `redis://127.0.0.1:${beforeRedis.port}` : redis.url } : {}),
    POSTRIDER_MASTER_KEY: randomBytes(32).toString("base64"),
    POSTRIDER_ALLOW_TARGETS: sink.target,
    POSTRIDER_DATA_DIR: folder,
  };

  const clocks = new Map(
    Object.entries(options.clocks ?? {}).map(
      ([name, offset]) => [name, createWrongClock(join(folder, `${name}.clock`), offset)] as const,
    ),
  );
  const log: LogLine[] = [];
  const make = async (role: "api" | "worker", n: number) => {
    // An API's port stays the same over restarts, so that the client finds it again.
    const port = role === "api" ? await freePort() : 0;
    const name = `${role}-${n + 1}`;
    const server = supervise({ name, role, port, env: { ...env, ...clocks.get(name)?.env }, log });
    undo.push(() => server.kill());
    return { server, port };
  };
  const apis = await Promise.all(Array.from({ length: options.apis }, (_, n) => make("api", n)));
  const workers = await Promise.all(Array.from({ length: options.workers }, (_, n) => make("worker", n)));
  const urls = await Promise.all(
    apis.map(async ({ port }) => {
      const before = await proxied("api", { host: "127.0.0.1", port });
      return `http://127.0.0.1:${before?.port ?? port}`;
    }),
  );
  const servers = [...apis, ...workers].map(({ server }) => server);
  // The first alone, because it builds the schema; the others side by side.
  const [first, ...others] = servers;
  await first?.start();
  await Promise.all(others.map((server) => server.start()));

  const ledger = openLedgerRecords(databaseUrl);
  undo.push(() => ledger.close());
  return {
    options,
    postgres,
    get redis() {
      if (!redis) throw new Error("This topology has no Redis.");
      return redis;
    },
    sink,
    apis: apis.map(({ server }) => server),
    workers: workers.map(({ server }) => server),
    server(name) {
      const found = servers.find((server) => server.name === name);
      if (!found) throw new Error(`There is no server ${name}.`);
      return found;
    },
    setClock(name, offset) {
      const clock = clocks.get(name);
      if (!clock) throw new Error(`${name} has the clock of the machine.`);
      clock.set(offset);
    },
    proxies: (part) => proxies.filter((one) => one.part === part).map(({ proxy }) => proxy),
    apiUrls: urls,
    client: createClient(urls),
    ledger,
    log,
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
