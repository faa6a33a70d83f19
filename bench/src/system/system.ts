import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Engine, openEngine } from "@postrider/engine";
import { type Child, startChild } from "../processes/child.ts";
import { type EngineForm, engineOptions } from "./engine-options.ts";
import { addPartners } from "../load/partners.ts";
import { profileNextSystem } from "./profiling.ts";
import { benchDatabase, emptyRedis, preparedDatabase } from "./servers.ts";
import type { SinkProcess } from "../processes/sink-process.ts";
import { largestRssMb, type Measured, type Usage, usageOf } from "../figures/usage.ts";

export const ledgerKinds = ["pglite", "postgresql", "postgresql+redis"] as const;
export type LedgerKind = (typeof ledgerKinds)[number];

export interface SystemOptions {
  /** Worker processes. 0: this process dispatches, as an embedded engine does. */
  readonly workers?: number;
  /** Plain partners to begin with, `p0` …, each with one endpoint at the sink's `/ok`. */
  readonly partners?: number;
  /** Requests in flight at most, per dispatching process. */
  readonly maxInFlight?: number;
  /** Name servers (`address:port`) instead of the machine's. */
  readonly nameServers?: readonly string[];
  /** Targets beside the sink. */
  readonly allowTargets?: readonly string[];
  /** The name of a prepared database to copy. */
  readonly template?: string;
  /** Done with the database before anybody dispatches. */
  readonly before?: (database: BenchDatabase) => Promise<void>;
}

export interface BenchDatabase {
  readonly name: string;
  readonly url: string;
}

/** A system to measure: this process is its door, and worker processes dispatch. */
export interface BenchSystem {
  /** Accepts and operates; dispatches too where there are no worker processes. */
  readonly engine: Engine;
  /** Null with PGlite. */
  readonly database: BenchDatabase | null;
  /** Of all that dispatch. */
  progress(): Promise<Progress>;
  /** What the system has used so far. */
  usage(): Promise<Usage>;
  workerRssMb(): number;
  redisUsedMb(): Promise<number>;
  stop(graceMs?: number): Promise<void>;
}

export interface Progress {
  readonly inFlight: number;
  readonly turnsActive: number;
  readonly unrecorded: number;
}

/** Opens an engine here and in worker processes, on a new database and, where asked for, an emptied Redis. */
export async function startSystem(
  kind: LedgerKind,
  sink: SinkProcess,
  {
    workers: workerCount = 0,
    partners = 0,
    maxInFlight,
    allowTargets = [],
    nameServers,
    template,
    before = async () => {},
  }: SystemOptions = {},
): Promise<BenchSystem> {
  const folder = mkdtempSync(join(tmpdir(), "postrider-bench-"));
  const embedded = kind === "pglite";
  const database = embedded
    ? null
    : await benchDatabase(template ?? (partners > 0 ? await preparedPartners(sink, partners) : undefined));
  const redis = kind === "postgresql+redis" ? await emptyRedis() : null;
  const form: EngineForm = {
    dataDir: join(folder, "ledger"),
    allowTargets: [sink.target, ...allowTargets],
    ...(database ? { databaseUrl: database.url } : {}),
    ...(redis ? { redisUrl: redis.url } : {}),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
    ...(nameServers === undefined ? {} : { names: { servers: nameServers } }),
  };
  const engine = await openEngine(engineOptions(form));
  if (redis && engine.description.turns === "in-process")
    throw new Error("this version of the engine has no turns over Redis");
  if (database) await before(database);
  const profile = profileNextSystem();
  const workers = await Promise.all(Array.from({ length: workerCount }, () => startWorker(form, profile)));
  if (workerCount === 0) await engine.start();
  if (embedded && partners > 0) await addPartners(engine, sink, partners);

  const measured: Measured = {
    workerPids: workers.map(({ pid }) => pid),
    database: database?.name ?? null,
    redis,
    sink,
  };
  const dispatching = (): Promise<Progress[]> =>
    workerCount === 0
      ? Promise.resolve([engine.progress()])
      : Promise.all(workers.map((worker) => worker.ask<Progress>("progress")));
  return {
    engine,
    database,
    async progress() {
      const all = await dispatching();
      const sum = (figure: keyof Progress) => all.reduce((total, one) => total + one[figure], 0);
      return { inFlight: sum("inFlight"), turnsActive: sum("turnsActive"), unrecorded: sum("unrecorded") };
    },
    usage: () => usageOf(measured),
    workerRssMb: () => largestRssMb(measured),
    redisUsedMb: async () => (redis ? (await redis.info("used_memory")) / 1_048_576 : Number.NaN),
    async stop(graceMs = 1_000) {
      await Promise.all(workers.map((worker) => worker.stop()));
      await engine.stop(graceMs);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startWorker(form: EngineForm, profile: readonly string[]): Promise<Child<"progress">> {
  const { child } = await startChild<"progress">("worker.ts", form, profile);
  return child;
}

export function preparedPartners(sink: SinkProcess, count: number): Promise<string> {
  return preparedDatabase(`${count} partners`, async (url) => {
    const form = { dataDir: "", databaseUrl: url, allowTargets: [sink.target] };
    const engine = await openEngine(engineOptions(form));
    await addPartners(engine, sink, count);
    await engine.stop(0);
  });
}
