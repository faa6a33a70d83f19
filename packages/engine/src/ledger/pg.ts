import pg from "pg";
import { type Conditions, silentConditions } from "../ports/conditions.ts";
import { checkServer } from "./check-server.ts";
import { databaseFault, type Whereabouts } from "./database-fault.ts";
import { type DatabaseAddress, parseDatabaseUrl, type TlsFiles } from "./database-url.ts";
import { createConnector, defaultConnectTimeoutMs } from "./pg-connector.ts";
import { defaultProofs, listen, type Proofs } from "./pg-listen.ts";
import { openPgReads } from "./pg-reads.ts";
import { watchSessions } from "./pg-sessions.ts";
import { createStatements } from "./pg-statements.ts";
import { createTargets } from "./pg-targets.ts";
import { isConnectionFault, type Sql } from "./sql.ts";

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

  const statements = createStatements({ pool, connector, sessions, nameOf, lost: tellLost });
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
    ...statements,
    reads,
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
