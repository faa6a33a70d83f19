import pg from "pg";
import { systemClock } from "../ports/clock.ts";
import { checkServer } from "./check-server.ts";
import { databaseFault, type Whereabouts } from "./database-fault.ts";
import { parseDatabaseUrl, type TlsFiles } from "./database-url.ts";
import { createTargets, type Target, type Targets } from "./pg-targets.ts";
import { isConnectionFault, type SessionLock, type Sql, type SqlValue } from "./sql.ts";

/** Options of the PostgreSQL driver. */
export interface PgOptions {
  /** A `postgres://` URL in libpq's form: see `parseDatabaseUrl`. */
  readonly url: string;
  /** Connections at most, beside the one that listens. Default 10. */
  readonly maxConnections?: number;
  /** A statement that runs longer is cancelled by the server. Default 60 s. */
  readonly statementTimeoutMs?: number;
  /** Files of TLS; those named in the URL count before them. */
  readonly tls?: TlsFiles;
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
const defaultConnectTimeoutMs = 5_000;

/**
 * `Sql` over node-postgres. Statements are prepared once per connection under a name of their text.
 *
 * @throws PostriderError `invalid_settings` for a wrong URL or a file of TLS that cannot be read
 */
export function openPg(options: PgOptions): PgSql {
  const parsed = parseDatabaseUrl(options.url);
  const address = { ...parsed, tls: { ...options.tls, ...parsed.tls } };
  const { user, password, database, applicationName, sslNegotiation, connectTimeoutMs } = address;
  const settings: pg.ClientConfig = {
    application_name: applicationName ?? "postrider",
    connectionTimeoutMillis: connectTimeoutMs ?? defaultConnectTimeoutMs,
    keepAlive: true,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(address.options === undefined ? {} : { options: address.options }),
    ...(sslNegotiation === undefined ? {} : { sslnegotiation: sslNegotiation }),
  };
  const targets = createTargets(address);
  const connector = createConnector(settings, targets);
  const maxConnections = options.maxConnections ?? defaultConnections;
  // Not a parameter of the start: PgBouncer refuses those that it does not know.
  const prepareSession = `set statement_timeout = ${options.statementTimeoutMs ?? defaultStatementTimeoutMs}`;
  const pool = new pg.Pool({
    ...settings,
    Client: connector.Client,
    max: maxConnections,
    idleTimeoutMillis: 30_000,
    // The pool waits for the promise, although its types do not say so.
    onConnect: (client): void => connector.prepare(client, prepareSession) as never,
  });
  const lost = new Set<() => void>();
  const tellLost = () => {
    for (const tell of lost) tell();
  };
  // A fault of an idle connection. The pool replaces it by itself.
  pool.on("error", tellLost);
  const names = new Map<string, string>();

  const run = async <Row>(client: pg.Pool | pg.PoolClient, sql: string, values: readonly SqlValue[]) => {
    let name = names.get(sql);
    if (name === undefined) names.set(sql, (name = `postrider_${names.size}`));
    for (let tries = 1; ; tries++) {
      try {
        const { rows } = await client.query({ name, text: sql, values: values as unknown[] });
        return rows as Row[];
      } catch (error) {
        if (isConnectionFault(error)) tellLost();
        if (!connector.mayTryAgain(error, tries)) throw error;
      }
    }
  };
  const whereabouts: Whereabouts = { ...connector.identity(), address };

  return {
    capabilities: { name: "postgresql", parallel: maxConnections, shared: true },
    query: (sql, values = []) => run(pool, sql, values),
    async transaction(work) {
      const client = await connector.connected(() => pool.connect());
      let broken: Error | undefined;
      try {
        await client.query("begin");
        const result = await work({ query: (sql, values = []) => run(client, sql, values) });
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch((fault: Error) => (broken = fault));
        throw error;
      } finally {
        client.release(broken);
      }
    },
    async script(sql) {
      await connector.connected(() => pool.query(sql));
    },
    listen: (channel, heard, lock) => listen(connector, channel, { heard, lock, lost: tellLost }),
    onLost: (listener) => void lost.add(listener),
    async check() {
      await checkServer(() => connector.open(), whereabouts);
    },
    explain: (error) => databaseFault(error, whereabouts),
    close: () => pool.end(),
  };
}

/** Opens connections to whichever of the targets answers. */
interface Connector {
  readonly Client: new () => pg.Client;
  /** A connection outside of the pool. */
  open(): Promise<pg.Client>;
  /** What every session of the pool begins with. */
  prepare(client: pg.ClientBase, sql: string): Promise<void>;
  /** Calls again for as long as it fails to connect and there is another target. */
  connected<Result>(connect: () => Promise<Result>): Promise<Result>;
  mayTryAgain(error: unknown, tries: number): boolean;
  /** Whom the driver would log in as, and where to. */
  identity(): { readonly role: string; readonly database: string };
}

function createConnector(settings: pg.ClientConfig, targets: Targets): Connector {
  // Faults before a connection could be used: nothing was sent, so another target may be tried.
  const unused = new WeakSet<Error>();
  const failed = (target: Target, error: Error) => {
    if (targets.failed(target, error)) unused.add(error);
  };

  class Client extends pg.Client {
    readonly target: Target;

    constructor() {
      const target = targets.current();
      super({ ...settings, ...target });
      this.target = target;
    }

    override connect(): Promise<this>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<this> | void {
      const noted = (error: Error | null | undefined) => {
        if (error) failed(this.target, error);
      };
      if (callback)
        return super.connect((error: Error) => {
          noted(error);
          callback(error);
        });
      return super.connect().then(
        () => this,
        (error: Error) => {
          noted(error);
          throw error;
        },
      );
    }
  }

  const connector: Connector = {
    Client,
    async open() {
      return connector.connected(async () => {
        const client = new Client();
        // A connection may be lost at any time: its user gets an error from the statement.
        client.on("error", () => {});
        try {
          await client.connect();
          await connector.prepare(client, "");
          return client;
        } catch (error) {
          await client.end().catch(() => {});
          throw error;
        }
      });
    },
    async prepare(client, sql) {
      if (sql !== "") await client.query(sql);
      if (!targets.severalHosts) return;
      const { rows } = await client.query<{ transaction_read_only: string }>("show transaction_read_only");
      if (rows[0]?.transaction_read_only !== "on") return;
      const error = Object.assign(new Error("The server only reads."), { code: "25006" });
      failed((client as Client).target, error);
      throw error;
    },
    async connected(connect) {
      for (let tries = 1; ; tries++) {
        try {
          return await connect();
        } catch (error) {
          if (!connector.mayTryAgain(error, tries)) throw error;
        }
      }
    },
    mayTryAgain: (error, tries) =>
      tries < targets.count &&
      error instanceof Error &&
      // The pool gives its time-out an error of its own, with the driver's as the cause.
      (unused.has(error) || (error.cause instanceof Error && unused.has(error.cause))),
    identity() {
      const { user = "", database = user } = new pg.Client({ ...settings, ssl: false });
      return { role: user, database };
    },
  };
  return connector;
}

/** A connection of its own that hears one channel, reconnecting with a growing wait when it is lost. */
async function listen(
  connector: Connector,
  channel: string,
  {
    heard,
    lock,
    lost: tellLost,
  }: {
    readonly heard: (payload: string) => void;
    readonly lock: SessionLock | undefined;
    readonly lost: () => void;
  },
): Promise<() => Promise<void>> {
  let client: pg.Client | undefined;
  let stopped = false;
  let waitMs = 100;
  let timer: AbortController | undefined;

  const connect = async () => {
    const next = await connector.open();
    const lost = () => {
      if (client !== next) return;
      client = undefined;
      lock?.held(false);
      tellLost();
      void next.end().catch(() => {});
      retry();
    };
    next.on("error", lost);
    next.on("end", lost);
    next.on("notification", (message) => heard(message.payload ?? ""));
    try {
      await next.query(`listen ${pg.escapeIdentifier(channel)}`);
      const { rows } = lock ? await next.query<{ held: boolean }>(lock.lockSql) : { rows: [] };
      client = next;
      lock?.held(rows[0]?.held ?? false);
    } catch (error) {
      await next.end().catch(() => {});
      throw error;
    }
    waitMs = 100;
    if (stopped) await next.end();
  };
  const retry = () => {
    if (stopped) return;
    const { signal } = (timer = new AbortController());
    void systemClock.sleep(waitMs, signal).then(() => {
      if (signal.aborted) return;
      connect().then(
        // What was notified while nobody heard is lost: '*' asks the listener to look for itself.
        () => heard("*"),
        () => retry(),
      );
    });
    waitMs = Math.min(waitMs * 2, 5_000);
  };

  await connect();
  return async () => {
    stopped = true;
    timer?.abort();
    const last = client;
    client = undefined;
    await last?.end().catch(() => {});
  };
}
