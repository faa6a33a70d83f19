import type { EngineOptions } from "./engine-options.ts";
import type { ProcessConditions } from "./fleet/conditions.ts";
import type { LedgerClock } from "./fleet/ledger-clock.ts";
import { learnTime } from "./fleet/presence.ts";
import { copiedLedger, type LedgerIdentity, readIdentity } from "./ledger/identity.ts";
import { asLedgerError } from "./ledger/ledger-error.ts";
import { migrate } from "./ledger/migrate.ts";
import { openPg } from "./ledger/pg.ts";
import { openPglite } from "./ledger/pglite.ts";
import { readTime } from "./ledger/processes.ts";
import type { Sql } from "./ledger/sql.ts";

/** The best of so many answers is the time that a process begins with. */
const firstReadings = 3;

interface OpeningTools {
  /** Null: the time is given by whoever embeds the engine. */
  readonly ledgerClock: LedgerClock | null;
  readonly nowMs: () => number;
  readonly conditions: ProcessConditions;
}

/** An open ledger, and which one it is. */
export interface OpenLedger {
  readonly sql: Sql;
  readonly place: LedgerIdentity;
}

type LedgerOptions = Pick<EngineOptions, "databaseUrl" | "database" | "dataDir" | "adoptLedger">;

/**
 * Opens the database, learns its time, brings the ledger to this version's form, and finds out whether it is a copy. If it
 * fails, conditions are stopped.
 *
 * @throws PostriderError as `openEngine` does
 */
export async function openLedger(options: LedgerOptions, tools: OpeningTools): Promise<OpenLedger> {
  try {
    if (options.databaseUrl === undefined) {
      const sql = await openPglite({ dataDir: options.dataDir });
      return await prepare(sql, asLedgerError, options, { ...tools, ledgerClock: null });
    }
    const sql = openPg({ url: options.databaseUrl, conditions: tools.conditions, ...options.database });
    return await prepare(sql, sql.explain, options, tools, sql.check);
  } catch (error) {
    tools.conditions.stop();
    throw error;
  }
}

async function prepare(
  sql: Sql,
  explain: (error: unknown) => unknown,
  { adoptLedger }: LedgerOptions,
  { ledgerClock, nowMs, conditions }: OpeningTools,
  check?: () => Promise<void>,
): Promise<OpenLedger> {
  try {
    await check?.();
    for (let n = 0; n < firstReadings && ledgerClock; n += 1)
      await learnTime({ readTime: () => readTime(sql) }, ledgerClock);
    await migrate(sql, nowMs());
    const place = await readIdentity(sql, adoptLedger ?? null);
    if (place.copied) conditions.set("ledger_copied", copiedLedger(place).message);
    return { sql, place };
  } catch (error) {
    await sql.close();
    throw explain(error);
  }
}
