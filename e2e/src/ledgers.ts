import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, startPgbouncer } from "@postrider/engine/testing";
import { inject } from "vitest";

/** Settings of a server on a ledger of its own, the same after a restart. Disposing removes what was made for it. */
export interface Ledger extends Disposable {
  readonly env: Readonly<Record<string, string>>;
  /** Null where the ledger is embedded. */
  readonly databaseUrl: string | null;
}

/** A ledger that the tests run on. */
export interface LedgerKind {
  readonly name: "embedded" | "PostgreSQL" | "PostgreSQL behind PgBouncer";
  readonly fresh: () => Promise<Ledger>;
}

const postgresUrl = inject("postgresUrl");

/** Both ledgers; the embedded one alone where no PostgreSQL is installed, which the run says at its start. */
export const ledgers: readonly LedgerKind[] = [
  { name: "embedded", fresh: async () => ledgerIn(null) },
  ...(postgresUrl === null ? [] : [postgres(postgresUrl)]),
];

/** For tests that need SQL from outside; undefined where no PostgreSQL is installed. */
export const postgresLedger: LedgerKind | undefined = ledgers.find(({ name }) => name === "PostgreSQL");

/** PostgreSQL through PgBouncer as its package ships it; undefined where one of them is not installed. */
export const pooledLedger: LedgerKind | undefined =
  postgresUrl === null || !inject("pgbouncer") ? undefined : pooled(postgresUrl);

let databases = 0;

function postgres(serverUrl: string): LedgerKind {
  const fresh = async () => ledgerIn(await createDatabase(serverUrl, `e2e_${process.pid}_${databases++}`));
  return { name: "PostgreSQL", fresh };
}

function pooled(serverUrl: string): LedgerKind {
  const fresh = async () => {
    const bouncer = await startPgbouncer(serverUrl);
    const name = `e2e_pooled_${process.pid}_${databases++}`;
    await createDatabase(serverUrl, name);
    return ledgerIn(bouncer.urlOf(name), () => void bouncer.stop());
  };
  return { name: "PostgreSQL behind PgBouncer", fresh };
}

function ledgerIn(databaseUrl: string | null, dispose = () => {}): Ledger {
  const folder = mkdtempSync(join(tmpdir(), "postrider-e2e-"));
  return {
    env: { POSTRIDER_DATA_DIR: folder, ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }) },
    databaseUrl,
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true });
      dispose();
    },
  };
}
