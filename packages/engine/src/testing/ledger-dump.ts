import { join } from "node:path";
import { openPg } from "../ledger/pg.ts";
import { openPglite } from "../ledger/pglite.ts";

/**
 * All rows of all tables of a ledger that no process uses, as text: a line each, with the table's name before it.
 *
 * @param ledger the data folder of its process, or the URL of its database
 */
export async function dumpLedger(
  ledger: { readonly dataDir: string } | { readonly databaseUrl: string },
): Promise<string> {
  const sql =
    "dataDir" in ledger
      ? await openPglite({ dataDir: join(ledger.dataDir, "ledger") })
      : openPg({ url: ledger.databaseUrl, maxConnections: 1 });
  try {
    const tables = await sql.query<{ name: string }>(
      "select quote_ident(table_name) as name from information_schema.tables where table_schema = 'postrider' and table_type = 'BASE TABLE' order by 1",
    );
    const lines: string[] = [];
    for (const { name } of tables) {
      const rows = await sql.query<{ row: string }>(`select t::text as row from postrider.${name} t`);
      lines.push(...rows.map(({ row }) => `${name}: ${row}`));
    }
    return lines.join("\n");
  } finally {
    await sql.close();
  }
}
