import type pg from "pg";
import { busyPool } from "./ledger-error.ts";
import type { Connector } from "./pg-connector.ts";
import type { Sessions } from "./pg-sessions.ts";
import { isConnectionFault, type Sql, type SqlValue } from "./sql.ts";

/** What statements need of the driver. */
export interface StatementTools {
  readonly pool: pg.Pool;
  readonly connector: Connector;
  readonly sessions: Sessions;
  /** The name under which a statement is prepared. */
  readonly nameOf: (sql: string) => string;
  /** Told if a connection failed. */
  readonly lost: () => void;
}

/**
 * Statements over the pool, alone or in a transaction.
 *
 * @example const { query } = createStatements({ pool, connector, sessions, nameOf, lost })
 */
export function createStatements(tools: StatementTools): Pick<Sql, "query" | "transaction"> {
  const { pool, connector, sessions, nameOf, lost } = tools;
  const checkOut = createCheckOut(pool, lost);

  const runOn = async <Row>(client: pg.PoolClient, sql: string, values?: readonly SqlValue[]) => {
    sessions.begin(client);
    try {
      const named = { name: nameOf(sql), text: sql, values: values as unknown[] };
      const { rows } = await client.query(values === undefined ? { text: sql } : named);
      return rows as Row[];
    } catch (error) {
      if (isConnectionFault(error)) lost();
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

  return {
    async query<Row>(sql: string, values: readonly SqlValue[] = []) {
      for (let tries = 1; ; tries++) {
        try {
          return await runOnce<Row>(sql, values);
        } catch (error) {
          if (!connector.mayTryAgain(error, tries)) throw error;
        }
      }
    },
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
  };
}

/** Takes a connection of the pool. All in use is load, and says nothing about the server; unless none could be made. */
function createCheckOut(pool: pg.Pool, lost: () => void): () => Promise<pg.PoolClient> {
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
      if (isConnectionFault(error)) lost();
      throw error;
    }
  };
}
