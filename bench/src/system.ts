import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Engine,
  endpointDefaults,
  openEngine,
  partnerDefaults,
  type AttemptEvent,
} from "@postrider/engine";
import { createDatabase, type PostgresServer, startPostgres } from "@postrider/engine/testing";
import type { SinkProcess } from "./sink-process.ts";

export type LedgerKind = "postgresql" | "pglite";

/** An engine with its ledger, for one measurement. */
export interface BenchSystem {
  readonly engine: Engine;
  /** Called for every attempt. */
  onAttempt: (event: AttemptEvent) => void;
  stop(graceMs?: number): Promise<void>;
}

let server: PostgresServer | null = null;
let databases = 0;

/** A PostgreSQL of the bench's own, shared by its measurements, with full durability. */
async function benchPostgres(): Promise<PostgresServer> {
  return (server ??= await startPostgres());
}

/** An empty database, for one measurement. */
export async function benchDatabase(): Promise<string> {
  return createDatabase((await benchPostgres()).url, `bench_${process.pid}_${databases++}`);
}

export async function stopPostgres(): Promise<void> {
  await server?.stop();
  server = null;
}

export async function startSystem(
  kind: LedgerKind,
  sink: SinkProcess,
  options: { readonly maxInFlight?: number } = {},
): Promise<BenchSystem> {
  const dataDir = mkdtempSync(join(tmpdir(), "postrider-bench-"));
  const databaseUrl = kind === "postgresql" ? await benchDatabase() : undefined;
  const system: { onAttempt: (event: AttemptEvent) => void } = { onAttempt() {} };
  const engine = await openEngine({
    dataDir: join(dataDir, "ledger"),
    masterKeys: [randomBytes(32)],
    allowTargets: [sink.target],
    telemetry: {
      attempt: (event) => system.onAttempt(event),
      turn() {},
      fault: (event) => process.stderr.write(`fault in ${event.where}: ${String(event.error)}\n`),
    },
    ...(databaseUrl ? { databaseUrl } : {}),
    ...options,
  });
  await engine.start();
  return Object.assign(system, {
    engine,
    async stop(graceMs = 1_000) {
      await engine.stop(graceMs);
      rmSync(dataDir, { recursive: true, force: true });
    },
  });
}

/** Registers partners `p0` … with one endpoint each at the sink. */
export async function addPartners(
  { engine }: BenchSystem,
  sink: SinkProcess,
  count: number,
  settings: {
    readonly from?: number;
    readonly path?: (n: number) => string;
    readonly maxInFlight?: number;
    readonly ratePerSecond?: number | null;
    readonly burst?: number;
    readonly timeout?: string;
  } = {},
): Promise<void> {
  const {
    from = 0,
    path = () => "/ok",
    maxInFlight = 64,
    ratePerSecond = null,
    burst = null,
    timeout = "10s",
  } = settings;
  const add = async (n: number) => {
    await engine.operations.putPartner(
      `p${n}`,
      {
        ...partnerDefaults,
        name: `Partner ${n}`,
        max_in_flight: maxInFlight,
        rate_per_second: ratePerSecond,
        burst,
      },
      Date.now(),
    );
    const url = `http://${sink.target}${path(n)}`;
    await engine.operations.putEndpoint(
      `p${n}`,
      "main",
      { ...endpointDefaults, body: "envelope", url, timeout },
      Date.now(),
    );
  };
  for (let n = from; n < from + count; n += 8)
    await Promise.all(Array.from({ length: Math.min(8, from + count - n) }, (_, offset) => add(n + offset)));
}
