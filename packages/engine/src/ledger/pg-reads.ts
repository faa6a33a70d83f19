import pg from "pg";
import { systemClock } from "../ports/clock.ts";
import { type Connector, destroySocket, endSoon, pidOf, within } from "./pg-connector.ts";
import type { Sessions } from "./pg-sessions.ts";
import { createReads } from "./reads.ts";
import type { Reads, SqlValue } from "./sql.ts";

/** Connections for reads at most. They are opened when somebody reads, and closed when nobody does any more. */
const connections = 3;
/** One of them stays free for reads of some rows: status, metrics, a single event. */
const places = { small: connections, any: connections - 1, whole: 1 };
/** A read that takes longer is stopped by the server. */
const longestReadMs = 10_000;
const idleMs = 10_000;
/** How long a statement that was told to stop may take to do so. */
const stopMs = 2_000;

export interface PgReadsTools {
  /** Opens connections that are named as those that read. */
  readonly connector: Connector;
  readonly sessions: Sessions;
  readonly statementTimeoutMs: number;
  /** The name under which a statement is prepared. */
  readonly nameOf: (sql: string) => string;
  /** A connection failed that nobody had closed. */
  readonly failed: (error: unknown) => void;
}

/** Reads over a pool of their own, which can only read. */
export function openPgReads(tools: PgReadsTools): Reads & { close(): Promise<void> } {
  const { connector, sessions, statementTimeoutMs, nameOf, failed } = tools;
  let pool: pg.Pool | undefined;
  const session = {
    statement_timeout: String(Math.min(longestReadMs, statementTimeoutMs)),
    default_transaction_read_only: "on",
    jit: "off",
    // A read has one processor, and leaves the others to what is accepted and sent.
    max_parallel_workers_per_gather: "0",
    // If this process dies, its reads end.
    "client_connection_check_interval?linux": "2s",
  };

  const openPool = () => {
    const opened = new pg.Pool({
      Client: connector.Client,
      max: connections,
      idleTimeoutMillis: idleMs,
      onConnect: (client): void => connector.prepare(client, session) as never,
    });
    opened.on("error", () => {});
    sessions.watch(opened);
    return opened;
  };

  /** Told over a connection of its own: those of the pool may all be reading. */
  const cancel = async (pid: number | undefined, gaveUp: AbortSignal) => {
    const canceller = await connector.open();
    const end = () => void endSoon(canceller);
    gaveUp.addEventListener("abort", end, { once: true });
    try {
      // The server's session may be another client's by now: an order that comes late is not given.
      if (!gaveUp.aborted) await canceller.query("select pg_cancel_backend($1::int)", [pid]);
    } finally {
      gaveUp.removeEventListener("abort", end);
      end();
    }
  };
  const stop = async (client: pg.PoolClient) => {
    const over = new AbortController();
    const giveUp = () => {
      over.abort();
      // The server then finds out by itself that nobody is there any more.
      destroySocket(client);
    };
    const ended = systemClock.after(stopMs, giveUp);
    await within(cancel(pidOf(client), over.signal), stopMs, "The order to stop got no answer.").catch(
      giveUp,
    );
    return ended;
  };

  const run = async (sql: string, values: readonly SqlValue[], signal: AbortSignal | undefined) => {
    const client = await connector.connected(() => (pool ??= openPool()).connect());
    let broken: Error | undefined;
    let stopping: Promise<() => void> | undefined;
    const abort = () => void (stopping ??= stop(client));
    try {
      signal?.throwIfAborted();
      signal?.addEventListener("abort", abort, { once: true });
      sessions.begin(client);
      const { rows } = await client.query({ name: nameOf(sql), text: sql, values: values as unknown[] });
      return rows as readonly unknown[];
    } catch (error) {
      broken = error as Error;
      throw error;
    } finally {
      sessions.end(client);
      signal?.removeEventListener("abort", abort);
      const ended = await stopping;
      ended?.();
      // The order to stop must not reach the next statement of this connection.
      client.release(broken ?? stopping !== undefined);
    }
  };

  const runOften: typeof run = async (sql, values, signal) => {
    for (let tries = 1; ; tries++) {
      try {
        return await run(sql, values, signal);
      } catch (error) {
        if (signal?.aborted !== true) failed(error);
        if (!connector.mayTryAgain(error, tries)) throw error;
      }
    }
  };
  return {
    ...createReads(runOften, places, systemClock),
    close: async () => pool?.end(),
  };
}
