import pg from "pg";
import { systemClock } from "../ports/clock.ts";
import { isConnectionFault, type SessionLock, type Sql, type SqlValue } from "./sql.ts";

/** Options of the PostgreSQL driver. */
export interface PgOptions {
  /** A `postgres://` URL; unix sockets by `?host=/path`. */
  readonly url: string;
  /** Connections at most. Default 10. */
  readonly maxConnections?: number;
  /** A statement that runs longer is cancelled by the server. Default 60 s. */
  readonly statementTimeoutMs?: number;
}

/** `Sql` over node-postgres. Statements are prepared once per connection under a name of their text. */
export function openPg(options: PgOptions): Sql {
  const settings = {
    connectionString: options.url,
    application_name: "postrider",
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  };
  const pool = new pg.Pool({ ...settings, max: options.maxConnections ?? 10, idleTimeoutMillis: 30_000 });
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
    try {
      const { rows } = await client.query({ name, text: sql, values: values as unknown[] });
      return rows as Row[];
    } catch (error) {
      if (isConnectionFault(error)) tellLost();
      throw error;
    }
  };

  return {
    capabilities: { name: "postgresql", parallel: options.maxConnections ?? 10, shared: true },
    query: (sql, values = []) => run(pool, sql, values),
    async transaction(work) {
      const client = await pool.connect();
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
      await pool.query(sql);
    },
    listen: (channel, heard, lock) => listen(settings, channel, { heard, lock, lost: tellLost }),
    onLost: (listener) => void lost.add(listener),
    close: () => pool.end(),
  };
}

/** A connection of its own that hears one channel, reconnecting with a growing wait when it is lost. */
async function listen(
  settings: pg.ClientConfig,
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
    const next = new pg.Client({ ...settings, statement_timeout: 0 });
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
    await next.connect();
    await next.query(`listen ${pg.escapeIdentifier(channel)}`);
    const { rows } = lock ? await next.query<{ held: boolean }>(lock.lockSql) : { rows: [] };
    client = next;
    lock?.held(rows[0]?.held ?? false);
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
