import type { EngineOptions } from "./engine.ts";
import type { LedgerClock } from "./fleet/ledger-clock.ts";
import { learnTime } from "./fleet/presence.ts";
import { asLedgerError } from "./ledger/ledger-error.ts";
import { migrate } from "./ledger/migrate.ts";
import { openPg } from "./ledger/pg.ts";
import { openPglite } from "./ledger/pglite.ts";
import { readTime } from "./ledger/processes.ts";
import type { Conditions } from "./ports/conditions.ts";
import type { Sql } from "./ledger/sql.ts";

/** The best of so many answers is the time that a process begins with. */
const firstReadings = 3;

interface OpeningTools {
  /** Null: the time is given by whoever embeds the engine. */
  readonly ledgerClock: LedgerClock | null;
  readonly nowMs: () => number;
  readonly conditions: Conditions;
}

/**
 * Opens the database, learns its time, and brings the ledger to this version's form.
 *
 * @throws PostriderError as `openEngine` does
 */
export async function openLedger(
  { databaseUrl, database, dataDir }: Pick<EngineOptions, "databaseUrl" | "database" | "dataDir">,
  { ledgerClock, nowMs, conditions }: OpeningTools,
): Promise<Sql> {
  if (databaseUrl === undefined) {
    const sql = await openPglite({ dataDir });
    await migrate(sql, nowMs()).catch(async (error: unknown) => {
      await sql.close();
      asLedgerError(error);
    });
    return sql;
  }
  const sql = openPg({ url: databaseUrl, conditions, ...database });
  try {
    await sql.check();
    for (let n = 0; n < firstReadings && ledgerClock; n += 1)
      await learnTime({ readTime: () => readTime(sql) }, ledgerClock);
    await migrate(sql, nowMs());
    return sql;
  } catch (error) {
    await sql.close();
    throw sql.explain(error);
  }
}
