import pg from "pg";
import { type Conditions, silentConditions } from "../ports/conditions.ts";
import { checkServer } from "./check-server.ts";
import { databaseFault, type Whereabouts } from "./database-fault.ts";
import { type DatabaseAddress, parseDatabaseUrl, type TlsFiles } from "./database-url.ts";
import { busyPool } from "./ledger-error.ts";
import { createConnector, defaultConnectTimeoutMs } from "./pg-connector.ts";
import { defaultProofs, listen, type Proofs } from "./pg-listen.ts";
import { openPgReads } from "./pg-reads.ts";
import { watchSessions } from "./pg-sessions.ts";
import { createTargets } from "./pg-targets.ts";
import { isConnectionFault, type Sql, type SqlValue } from "./sql.ts";

/** Options of the PostgreSQL driver. */
export interface PgOptions {
  /** A `postgres://` URL in libpq's form: see `parseDatabaseUrl`. */
  readonly url: string;
  /** Connections at most, beside at most eight: one listens, three read, three stop reads, one looks for slow statements. Default 10. */
  readonly maxConnections?: number;
  /** A statement that runs longer is cancelled by the server. Default 60 s. */
  readonly statementTimeoutMs?: number;
  /** Files of TLS; those named in the URL count before them. */
  readonly tls?: TlsFiles;
  /** Who is told that the session that listens is lost. Default: nobody. */
  readonly conditions?: Conditions;
  /** How often connections prove that they live. Default every 3 s, within 2.5 s. */
  readonly proofs?: Proofs;
}

/** `Sql` over node-postgres, with a check of the server. */
export interface PgSql extends Sql {
  /**
   * Connects and finds out whether a ledger can live there.
   *
   * @throws PostriderError `database_unreachable`, `database_unsuitable`, with the remedy
   */
  check(): Promise<void>;
  /** A fault of the start in words: where the database is, what is wrong, what to do. */
  explain(error: unknown): unknown;
}

const defaultConnections = 10;
const defaultStatementTimeoutMs = 60_000;
/** An idle connection is tried by TCP after this long, ten times in ten seconds. */
const keepAliveMs = 5_000;

/**
 * `Sql` over node-postgres. Statements are prepared once per connection under a name of their text.
 *
 * @throws PostriderError `invalid_settings` for a wrong URL or a file of TLS that cannot be read
 */
export function openPg(options: PgOptions): PgSql {
  const parsed = parseDatabaseUrl(options.url);
  const address = { ...parsed, tls: { ...options.tls, ...parsed.tls } };
  const settings = clientSettings(address);
  const targets = createTargets(address);
  const connector = createConnector(settings, targets);
  const maxConnections = options.maxConnections ?? defaultConnections;
  const statementTimeoutMs = options.statementTimeoutMs ?? defaultStatementTimeoutMs;
  // Compiling a statement takes longer than running any of those that are short: 50 ms for reading one event.
  const session = { statement_timeout: String(statementTimeoutMs), jit: "off" };
  const pool = new pg.Pool({
    ...settings,
    Client: connector.Client,
    max: maxConnections,
    idleTimeoutMillis: 30_000,
    // The pool waits for the promise, although its types do not say so.
    onConnect: (client): void => connector.prepare(client, session) as never,
  });
  const proofs = options.proofs ?? defaultProofs;
  const sessions = watchSessions(connector, proofs);
  sessions.watch(pool);
  const lost = new Set<() => void>();
  const tellLost = () => {
    for (const tell of lost) tell();
  };
  // A fault of an idle connection. The pool replaces it by itself.
  pool.on("error", tellLost);
  const names = new Map<string, string>();
  const nameOf = (sql: string) => {
    let name = names.get(sql);
    if (name === undefined) names.set(sql, (name = `postrider_${names.size}`));
    return name;
  };

  const checkOut = createCheckOut(pool, tellLost);
  const runOn = async <Row>(client: pg.PoolClient, sql: string, values?: readonly SqlValue[]) => {
    sessions.begin(client);
    try {
      const named = { name: nameOf(sql), text: sql, values: values as unknown[] };
      const { rows } = await client.query(values === undefined ? { text: sql } : named);
      return rows as Row[];
    } catch (error) {
      if (isConnectionFault(error)) tellLost();
      throw error;
    } finally {
      sessions.end(client);
    }
  };
  const runOnce = async <Row>(sql: string, values: readonly SqlValue[]) => {
    const client = await checkOut();
    let broken: Error | undefined;
    try {
      return await runOn<Row>(client, sql, values);
    } catch (error) {
      broken = error as Error;
      throw error;
    } finally {
      // After any error: what a statement was prepared for may have changed, and a new connection prepares it again.
      client.release(broken);
    }
  };
  const run = async <Row>(sql: string, values: readonly SqlValue[]) => {
    for (let tries = 1; ; tries++) {
      try {
        return await runOnce<Row>(sql, values);
      } catch (error) {
        if (!connector.mayTryAgain(error, tries)) throw error;
      }
    }
  };
  const whereabouts: Whereabouts = { ...connector.identity(), address };
  const reads = openPgReads({
    connector: createConnector(
      { ...settings, application_name: `${settings.application_name}-read` },
      targets,
    ),
    sessions,
    statementTimeoutMs,
    nameOf,
    failed: (error) => {
      if (isConnectionFault(error)) tellLost();
    },
  });

  return {
    capabilities: { name: "postgresql", parallel: maxConnections, shared: true },
    query: (sql, values = []) => run(sql, values),
    reads,
    async transaction(work) {
      const client = await connector.connected(checkOut);
      let broken: Error | undefined;
      sessions.hold(client);
      try {
        await runOn(client, "begin");
        const result = await work({ query: (sql, values = []) => runOn(client, sql, values) });
        await runOn(client, "commit");
        return result;
      } catch (error) {
        await runOn(client, "rollback").catch((fault: Error) => (broken = fault));
        throw error;
      } finally {
        sessions.release(client);
        client.release(broken);
      }
    },
    async script(sql) {
      await connector.connected(() => pool.query(sql));
    },
    listen: (channel, heard, lock) =>
      listen(
        channel,
        { heard, lock },
        {
          connector,
          conditions: options.conditions ?? silentConditions,
          proofs,
          lost({ silent }) {
            if (silent) sessions.suspect();
            tellLost();
          },
        },
      ).catch((error: unknown) => {
        throw databaseFault(error, whereabouts);
      }),
    onLost: (listener) => void lost.add(listener),
    async check() {
      await checkServer(() => connector.open(), whereabouts);
    },
    explain: (error) => databaseFault(error, whereabouts),
    async close() {
      await Promise.all([reads.close(), pool.end()]);
      await sessions.stop();
    },
  };
}

function clientSettings(address: DatabaseAddress): pg.ClientConfig {
  const { user, password, database, applicationName, sslNegotiation, connectTimeoutMs } = address;
  return {
    application_name: applicationName ?? "postrider",
    connectionTimeoutMillis: connectTimeoutMs ?? defaultConnectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(address.options === undefined ? {} : { options: address.options }),
    ...(sslNegotiation === undefined ? {} : { sslnegotiation: sslNegotiation }),
  };
}

/** Takes a connection of the pool. All in use is load, and says nothing about the server; unless none could be made. */
function createCheckOut(pool: pg.Pool, tellLost: () => void): () => Promise<pg.PoolClient> {
  // The pool also removes connections that it never told of: they failed while they were prepared.
  const connected = new Set<pg.PoolClient>();
  pool.on("connect", (client) => connected.add(client));
  pool.on("remove", (client) => connected.delete(client));
  return async () => {
    try {
      return await pool.connect();
    } catch (error) {
      const isWait =
        error instanceof Error && error.message.startsWith("timeout exceeded when trying to connect");
      if (isWait && connected.size > 0) throw busyPool();
      if (isConnectionFault(error)) tellLost();
      throw error;
    }
  };
}
