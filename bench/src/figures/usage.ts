import type { RedisServer } from "@postrider/engine/testing";
import { cpuMs, familyCpuMs, residentMb } from "./process-figures.ts";
import { rounded } from "./result.ts";
import { benchPostgres, statementsOf } from "../system/servers.ts";
import type { SinkProcess } from "../processes/sink-process.ts";

/** What a system runs on. */
export interface Measured {
  readonly workerPids: readonly number[];
  /** Null with PGlite. */
  readonly database: string | null;
  readonly redis: RedisServer | null;
  readonly sink: SinkProcess;
}

/** What a system has used since its processes began. */
export interface Usage {
  /** Processor time by process, ms. `door` is the bench's own process, which accepts. */
  readonly cpuMs: Readonly<Record<"door" | "workers" | "postgres" | "redis" | "sink", number>>;
  readonly statements: number;
  readonly redisCommands: number;
}

export async function usageOf({ workerPids, database, redis, sink }: Measured): Promise<Usage> {
  return {
    cpuMs: {
      door: cpuMs(process.pid),
      workers: workerPids.reduce((sum, pid) => sum + cpuMs(pid), 0),
      postgres: database === null ? 0 : familyCpuMs((await benchPostgres()).server.pid),
      redis: redis === null ? 0 : cpuMs(redis.pid),
      sink: cpuMs(sink.pid),
    },
    statements: database === null ? 0 : await statementsOf(database),
    redisCommands: redis === null ? 0 : await redis.info("total_commands_processed"),
  };
}

/** Of the largest worker; of this process where there are none. */
export function largestRssMb({ workerPids }: Measured): number {
  return Math.max(...(workerPids.length > 0 ? workerPids : [process.pid]).map(residentMb));
}

/** What each of `deliveries` cost between two readings, as figures; nothing for what the system does not have. */
export function perDelivery(before: Usage, after: Usage, deliveries: number): Record<string, number> {
  const micros = (who: keyof Usage["cpuMs"]) =>
    Math.round(((after.cpuMs[who] - before.cpuMs[who]) * 1_000) / deliveries);
  const count = (what: "statements" | "redisCommands") =>
    rounded((after[what] - before[what]) / deliveries, 3);
  const figures: Record<string, number> = {
    workerCpuMicros: micros("workers"),
    doorCpuMicros: micros("door"),
    postgresCpuMicros: micros("postgres"),
    redisCpuMicros: micros("redis"),
    sinkCpuMicros: micros("sink"),
    statementsPerDelivery: count("statements"),
    redisCommandsPerDelivery: count("redisCommands"),
  };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== 0));
}
