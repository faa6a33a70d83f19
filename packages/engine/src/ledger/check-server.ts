import type pg from "pg";
import { systemClock } from "../ports/clock.ts";
import { defaultConnectTimeoutMs, endSoon, within } from "./pg-connector.ts";
import { databaseFault, nameOf, placesOf, readOnly, unsuitable, type Whereabouts } from "./database-fault.ts";

const oldestVersion = 14;
/** How long a pooler may take to give a second connection. */
const secondConnectionMs = 5_000;
/** Each finds a pooler in transaction mode, unless other clients took its connections in the same moment. */
const poolerRounds = 3;

interface ServerFacts {
  readonly version: number;
  readonly version_text: string;
  readonly encoding: string;
  readonly reads: boolean;
  readonly pid: number;
  readonly schema_there: boolean;
  readonly schema_mine: boolean;
  readonly may_create: boolean;
}

/**
 * Connects and finds out whether a ledger can live there: PostgreSQL 14 or newer that can be written to, in UTF-8,
 * with the rights to its schema, and without a pooler that hands out the connection between transactions.
 *
 * @throws PostriderError `database_unreachable`, `database_unsuitable`
 */
export async function checkServer(open: () => Promise<pg.Client>, where: Whereabouts): Promise<void> {
  const openInWords = () =>
    open().catch((error: unknown) => {
      throw databaseFault(error, where);
    });
  const client = await openInWords();
  try {
    // Without a name: a pooler in transaction mode loses named statements.
    const { rows } = await within(
      client.query<ServerFacts>(factsSql),
      where.address.connectTimeoutMs ?? defaultConnectTimeoutMs,
      "The server let the connection in, and gave no answer in time.",
    );
    judge(rows[0]!, where);
    if (isPooled(client, rows[0]!.pid) && (await sharesConnections(client, openInWords, where))) {
      throw unsuitable(
        `The pooler in front of ${nameOf(where)} hands its connection to other clients between transactions.`,
        "Set pool_mode = session for this database (PgBouncer), or connect to PostgreSQL directly: notifications, advisory locks and prepared statements need a session.",
      );
    }
  } catch (error) {
    throw databaseFault(error, where);
  } finally {
    await endSoon(client);
  }
}

const factsSql = `select current_setting('server_version_num')::int / 10000 as version, current_setting('server_version') as version_text,
  current_setting('server_encoding') as encoding,
  pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as reads,
  pg_backend_pid() as pid,
  n.oid is not null as schema_there,
  coalesce(has_schema_privilege(n.oid, 'create') and has_schema_privilege(n.oid, 'usage'), false) as schema_mine,
  has_database_privilege(current_database(), 'create') as may_create
  from (select 1) one left join pg_namespace n on n.nspname = 'postrider'`;

function judge(facts: ServerFacts, where: Whereabouts): void {
  const name = nameOf(where);
  if (facts.version < oldestVersion)
    throw unsuitable(
      `PostgreSQL ${facts.version_text} at ${placesOf(where)} is too old: Postrider needs ${oldestVersion} or newer.`,
      "Upgrade the server, or set DATABASE_URL to a newer one.",
    );
  if (facts.encoding !== "UTF8")
    throw unsuitable(
      `The encoding of ${name} is ${facts.encoding}, and a ledger needs UTF8: it could not hold every event.`,
      "Create another database: create database postrider encoding 'UTF8' template template0; an existing ledger moves with pg_dump and pg_restore.",
    );
  if (facts.reads) throw unsuitable(...readOnly(where));
  if (facts.schema_there && !facts.schema_mine)
    throw unsuitable(
      `The schema postrider exists in ${name} and the role may not create in it.`,
      `Let the role own it: alter schema postrider owner to ${where.role}; or grant create, usage on schema postrider to ${where.role};`,
    );
  if (!facts.schema_there && !facts.may_create)
    throw unsuitable(
      `The schema postrider does not exist in ${name} and the role may not create it.`,
      `As the owner of the database: create schema postrider authorization ${where.role};`,
    );
}

/** A pooler invents the process id that it reports to its clients at login. */
function isPooled(client: pg.Client, pid: number): boolean {
  return (client as unknown as { processID: number | null }).processID !== pid;
}

/** Whether another client gets the server connection that this one has been using. */
async function sharesConnections(
  first: pg.Client,
  open: () => Promise<pg.Client>,
  where: Whereabouts,
): Promise<boolean> {
  for (let round = 0; round < poolerRounds; round++) {
    const second = await open();
    try {
      const before = await pidOf(first);
      const other = await Promise.race([
        // In statement mode a transaction is refused.
        second.query("begin").then(
          () => pidOf(second),
          () => before,
        ),
        systemClock.sleep(secondConnectionMs).then(() => null),
      ]);
      if (other === null)
        throw unsuitable(
          `The pooler in front of ${nameOf(where)} gave no second connection within ${secondConnectionMs / 1_000} s.`,
          "Raise its pool_size (PgBouncer: default_pool_size): each process needs POSTRIDER_DATABASE_CONNECTIONS and eight more (one listens, three read, three stop reads, one looks for slow statements).",
        );
      if (other === before || (await pidOf(first)) !== before) return true;
    } finally {
      await endSoon(second);
    }
  }
  return false;
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]!.pid;
}
