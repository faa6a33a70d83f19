import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Sql } from "./sql.ts";

/** How much of a disk a ledger may take. */
export interface CeilingOptions {
  /** Bytes of the ledger at most. Default: no limit. */
  readonly maxBytes?: number;
  /** Bytes that must stay free on the disk of an embedded ledger. Default: no limit. */
  readonly minFreeBytes?: number;
}

/** Looks at the disk in the background. */
export interface Ceiling {
  /** Null: there is room. Otherwise which limit was reached, in words. */
  reached(): string | null;
  /** What was seen last; null if it is not looked at. */
  readonly seen: () => { readonly bytes: number | null; readonly freeBytes: number | null };
  stop(): Promise<void>;
}

/** Never per call: one check reads the sizes of a thousand files. */
const lookEveryMs = 10_000;
/** While a limit is reached, so that new room is used soon. */
const lookAgainMs = 2_000;

/**
 * Watches the limits until it is stopped; without limits it does nothing. Resolves after the first look.
 *
 * @example (await watchCeiling({ minFreeBytes: 1e9 }, { sql, folder: "./.postrider/ledger", clock, telemetry })).reached()
 */
export async function watchCeiling(
  { maxBytes, minFreeBytes }: CeilingOptions,
  tools: {
    readonly sql: Pick<Sql, "query">;
    /** Of an embedded ledger; null if the files are elsewhere. */
    readonly folder: string | null;
    readonly clock: Clock;
    readonly telemetry: Telemetry;
  },
): Promise<Ceiling> {
  const { sql, folder, clock, telemetry } = tools;
  let seen: ReturnType<Ceiling["seen"]> = { bytes: null, freeBytes: null };
  let reached: string | null = null;
  const stopped = new AbortController();

  const look = async () => {
    try {
      const bytes = maxBytes === undefined ? null : await (folder ? bytesIn(folder) : bytesOf(sql));
      const freeBytes = minFreeBytes === undefined || folder === null ? null : await bytesFree(folder);
      seen = { bytes, freeBytes };
      reached = judge(seen, { maxBytes, minFreeBytes });
    } catch (error) {
      // The last result counts: a database that cannot be reached refuses events anyway.
      telemetry.fault({ where: "ceiling", error, retryInMs: lookEveryMs });
    }
  };
  const watch = async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(reached === null ? lookEveryMs : lookAgainMs, stopped.signal);
      if (!stopped.signal.aborted) await look();
    }
  };
  let watching = Promise.resolve();
  if (maxBytes !== undefined || minFreeBytes !== undefined) {
    await look();
    watching = watch();
  }
  return {
    reached: () => reached,
    seen: () => seen,
    async stop() {
      stopped.abort();
      await watching;
    },
  };
}

/** Which limit was reached, in words; null: none. */
export function judge(
  { bytes, freeBytes }: { readonly bytes: number | null; readonly freeBytes: number | null },
  {
    maxBytes,
    minFreeBytes,
  }: { readonly maxBytes?: number | undefined; readonly minFreeBytes?: number | undefined },
): string | null {
  const count = (n: number) => n.toLocaleString("en-US");
  if (bytes !== null && maxBytes !== undefined && bytes > maxBytes)
    return `the ledger has ${count(bytes)} bytes, more than POSTRIDER_MAX_LEDGER_BYTES (${count(maxBytes)})`;
  if (freeBytes !== null && minFreeBytes !== undefined && freeBytes < minFreeBytes)
    return `the disk of the ledger has ${count(freeBytes)} bytes free, less than POSTRIDER_MIN_FREE_BYTES (${count(minFreeBytes)})`;
  return null;
}

async function bytesOf(sql: Pick<Sql, "query">): Promise<number> {
  const [row] = await sql.query<{ bytes: number }>(
    "select pg_database_size(current_database())::float8 as bytes",
  );
  return row?.bytes ?? 0;
}

/** What the files take on the disk. Files come and go meanwhile. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    // Of blocks of 512 bytes (stat(2)): a file may be longer than what it takes.
    bytes += found === null ? 0 : found.blocks * 512;
  }
  return bytes;
}

async function bytesFree(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
