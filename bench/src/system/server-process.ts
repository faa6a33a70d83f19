import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { masterKeyHex } from "./engine-options.ts";
import { cpuMs, residentMb } from "../figures/process-figures.ts";
import { benchDatabase, emptyRedis } from "./servers.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import type { LedgerKind } from "./system.ts";

const entry = fileURLToPath(new URL("../../../apps/server/src/main.ts", import.meta.url));

/** A Postrider server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** From the start of the process to the first 200 of `/readyz`. */
  readonly readyAfterMs: number;
  /** Processor time spent until then, over all threads: what stays the same on a busy machine. NaN where the system does not tell. */
  readonly readyCpuMs: number;
  /** Resident memory, in MB. NaN where the system does not tell. */
  rssMb(): number;
  stop(): Promise<void>;
}

export const benchApiKey = "bench-api-key-of-no-value";

/** Starts the server's entry on a free port. @param env the settings besides the port, the key and the log level */
export async function startServerProcess(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [entry], {
    env: {
      // Without the settings of whoever measures.
      ...Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !/^(POSTRIDER_|DATABASE_URL$|REDIS_URL$)/.test(name)),
      ),
      POSTRIDER_PORT: "0",
      POSTRIDER_API_KEY: benchApiKey,
      POSTRIDER_LOG_LEVEL: "fatal",
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const found = /ready on (http:\S+)/.exec((said += chunk.toString()));
      if (found) resolve(found[1]!);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  });
  while (
    !(await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ))
  )
    await sleep(5);
  return {
    url,
    pid: child.pid!,
    readyAfterMs: performance.now() - startedMs,
    readyCpuMs: cpuMs(child.pid!),
    rssMb: () => residentMb(child.pid!),
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** What a process of a cluster does, as `POSTRIDER_ROLES` says it. */
export type ServerRole = "api" | "worker" | "api,worker";

/** Server processes that share a ledger, and Redis where there is one. */
export interface ServerCluster {
  /** Of the first process with the role `api`; of the first where there is none. */
  readonly url: string;
  readonly servers: readonly ServerProcess[];
  readonly database: string;
  largestRssMb(): number;
  /** NaN without Redis. */
  redisUsedMb(): Promise<number>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** The name of a prepared database to copy. */
  readonly template?: string;
  /** Done with the database before the servers start. */
  readonly before?: (database: { readonly name: string; readonly url: string }) => Promise<void>;
}

/** Starts one server for each of `roles`, on a new database. */
export async function serverCluster(
  kind: Exclude<LedgerKind, "pglite">,
  sink: SinkProcess | null,
  roles: readonly ServerRole[],
  { template, before }: ClusterOptions = {},
): Promise<ServerCluster> {
  const { name, url } = await benchDatabase(template);
  await before?.({ name, url });
  const redis = kind === "postgresql+redis" ? await emptyRedis() : null;
  const servers: ServerProcess[] = [];
  for (const role of roles)
    servers.push(
      await startServerProcess({
        DATABASE_URL: url,
        POSTRIDER_ROLES: role,
        POSTRIDER_MASTER_KEY: masterKeyHex,
        ...(redis ? { REDIS_URL: redis.url } : {}),
        ...(sink ? { POSTRIDER_ALLOW_TARGETS: sink.target } : {}),
      }),
    );
  return {
    url: (servers[roles.findIndex((role) => role !== "worker")] ?? servers[0]!).url,
    servers,
    database: name,
    largestRssMb: () => Math.max(...servers.map((server) => server.rssMb())),
    redisUsedMb: async () => (redis ? (await redis.info("used_memory")) / 1_048_576 : Number.NaN),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}
