import type { EngineOptions } from "@postrider/engine";

/** How every process of a measured system opens its engine. Plain data: it goes to worker processes as it is. */
export interface EngineForm {
  readonly dataDir: string;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly allowTargets: readonly string[];
  readonly maxInFlight?: number;
  readonly names?: { readonly servers: readonly string[] };
}

/** One key for all databases of the bench, so that a prepared one can be copied. Seals nothing of value. */
export const masterKeyHex = "5a".repeat(32);

export function engineOptions(form: EngineForm): EngineOptions {
  return {
    ...form,
    masterKeys: [Buffer.from(masterKeyHex, "hex")],
    telemetry: {
      attempt() {},
      turn() {},
      fault: ({ where, error }) => process.stderr.write(`fault in ${where}: ${String(error)}\n`),
    },
  };
}
