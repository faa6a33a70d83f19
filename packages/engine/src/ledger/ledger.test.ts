import { randomUUID } from "node:crypto";
import { describe, inject } from "vitest";
import type { Ledger } from "../ports/ledger.ts";
import { describeLedger, neighbourLeaseMs, type OpenedLedger, suiteNowMs } from "../testing/ledger-suite.ts";
import { createDatabase } from "../testing/postgres-server.ts";
import { createDispatchLedger } from "./dispatch-ledger.ts";
import { createEventDoor } from "./event-door.ts";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations/index.ts";
import { openPg } from "./pg.ts";
import { openPglite } from "./pglite.ts";
import { createSeal } from "./seal.ts";
import type { Sql } from "./sql.ts";

async function openLedger(sql: Sql): Promise<OpenedLedger> {
  await migrate(sql, suiteNowMs);
  const seal = createSeal([new Uint8Array(32).fill(7)]);
  return {
    door: createEventDoor(sql),
    dispatch: createDispatchLedger(sql, seal),
    operations: createOperations(sql, seal, { allowedTargets: new Set() }),
    neighbours: sql.capabilities.shared ? [neighbour(sql, "a"), neighbour(sql, "b")] : null,
    sql,
    close: () => sql.close(),
  };
}

function neighbour(sql: Sql, name: string): Ledger {
  const seal = createSeal([new Uint8Array(32).fill(7)]);
  return createDispatchLedger(sql, seal, {
    process: { id: randomUUID(), name },
    leaseMs: neighbourLeaseMs,
  });
}

describeLedger("PGlite", async () => openLedger(await openPglite({ dataDir: "memory://" })), {
  shared: false,
});

const postgresUrl = inject("postgresUrl");
// Where there is none, the global set-up has printed why.
describe.skipIf(postgresUrl === null)("where PostgreSQL is installed", () => {
  describeLedger(
    "PostgreSQL",
    async () => {
      const url = await createDatabase(postgresUrl!, `ledger_${randomUUID().replaceAll("-", "")}`);
      return openLedger(openPg({ url }));
    },
    { shared: true },
  );
});
