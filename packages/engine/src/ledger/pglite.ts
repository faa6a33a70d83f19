import { PGlite } from "@electric-sql/pglite";
import { systemClock } from "../ports/clock.ts";
import { prepareFolder, writeOut } from "./pglite-folder.ts";
import { createReads } from "./reads.ts";
import type { Sql, SqlValue } from "./sql.ts";

/** Options of the embedded driver. */
export interface PgliteOptions {
  /** A folder, or `memory://`. */
  readonly dataDir: string;
}

/** `Sql` over PGlite: PostgreSQL in this process. One statement runs at a time. */
export async function openPglite(options: PgliteOptions): Promise<Sql> {
  const isNew = options.dataDir !== "memory://" && (await prepareFolder(options.dataDir, initialise));
  // Relaxed durability would answer before the files are written: an acknowledged event could be lost.
  const db = await PGlite.create(options.dataDir, { relaxedDurability: false });
  // What may fail here is a folder removed meanwhile, as tests do.
  if (isNew) void writeOut(options.dataDir).catch(() => {});
  const query = async <Row>(sql: string, values: readonly SqlValue[] = []) =>
    (await db.query<Row>(sql, [...values])).rows;
  return {
    capabilities: { name: "pglite", parallel: 1, shared: false },
    query,
    // One at a time, so that an accept waits for one read at most. A statement that runs cannot be stopped: it holds this
    // process's only thread until it ends, and those that wait are all that a caller can take back.
    reads: createReads(
      (sql, values) => query<unknown>(sql, values),
      { small: 1, any: 1, whole: 1 },
      systemClock,
    ),
    transaction: (work) =>
      db.transaction((tx) =>
        work({
          query: async <Row>(sql: string, values: readonly SqlValue[] = []) =>
            (await tx.query<Row>(sql, [...values])).rows,
        }),
      ) as never,
    async script(sql) {
      await db.exec(sql);
    },
    // A process of its own: nobody could ask for the lock.
    async listen(channel, heard) {
      return db.listen(channel, heard);
    },
    onLost() {},
    close: () => db.close(),
  };
}

async function initialise(folder: string): Promise<void> {
  const db = await PGlite.create(folder);
  await db.close();
}
