import { type Answer, type NewToken, randomToken, type ReplayStore } from "../replay-store.ts";

type Row = Readonly<Record<string, unknown>>;

/** Runs one statement with `$1`-style parameters: `pool.query` of pg, PGlite's `query`, or any function like them. */
export type SqlQuery = (
  sql: string,
  params: readonly unknown[],
) => Promise<{ readonly rows: readonly Row[] } | readonly Row[]>;

/** Where to keep ids. */
export interface SqlStoreOptions {
  /** Name of the table, maybe with its schema; yours, never from a request. Default `postback_claims`. */
  table?: string;
  newToken?: NewToken;
}

/** A store in SQL, with the upkeep that Redis does by itself. */
export interface SqlStore extends ReplayStore {
  /** Creates the table if it is not there. Or put {@link claimsTableSql} into your migrations. */
  createTable(): Promise<void>;
  /** Deletes ids whose time is over. Run it daily. */
  purge(): Promise<void>;
}

const tableName = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?$/;

const inMs = (parameter: string): string =>
  `clock_timestamp() + ${parameter}::float8 * interval '1 millisecond'`;

/** The table, for migrations. PostgreSQL's dialect. */
export function claimsTableSql(table = "postback_claims"): string {
  return `create table if not exists ${table} (
  id text primary key,
  token text not null,
  answer text,
  ends_at timestamptz not null
)`;
}

/**
 * A store in a PostgreSQL table, shared by every process on one database. Time is the database's own: the clocks of
 * the receivers never meet.
 *
 * `query` must commit each statement by itself: inside a transaction a claim would be seen by nobody else.
 *
 * @throws TypeError for a table name that is not a plain identifier
 * @example
 * ```ts
 * const store = sqlStore((sql, params) => pool.query(sql, [...params]));
 * await store.createTable();
 * ```
 */
export function sqlStore(query: SqlQuery, options: SqlStoreOptions = {}): SqlStore {
  const { table = "postback_claims", newToken = randomToken } = options;
  if (!tableName.test(table))
    throw new TypeError("The table must be a plain identifier, maybe with a schema: schema.table.");

  // Takes a free id, or one whose lease or keeping has ended. One statement: of many at once, one gets the row.
  const takeSql = `insert into ${table} as held (id, token, ends_at) values ($1, $2, ${inMs("$3")})
on conflict (id) do update set token = excluded.token, answer = null, ends_at = excluded.ends_at
where held.ends_at <= clock_timestamp() returning id`;
  const lookSql = `select answer, extract(epoch from ends_at - clock_timestamp()) * 1000 as left_ms from ${table} where id = $1`;
  const completeSql = `insert into ${table} (id, token, answer, ends_at) values ($1, $2, $3, ${inMs("$4")})
on conflict (id) do update set token = excluded.token, answer = excluded.answer, ends_at = excluded.ends_at`;
  const releaseSql = `delete from ${table} where id = $1 and token = $2 and answer is null`;

  const rowsOf = async (sql: string, params: readonly unknown[]): Promise<readonly Row[]> => {
    const result = await query(sql, params);
    return "rows" in result ? result.rows : result;
  };

  return {
    async claim(id, leaseMs) {
      const token = newToken();
      for (;;) {
        const taken = await rowsOf(takeSql, [id, token, leaseMs]);
        if (taken.length > 0) return { state: "new", token };
        const [found] = await rowsOf(lookSql, [id]);
        const leftMs = Number(found?.["left_ms"] ?? 0);
        // Released or run out between the two statements: it is free again.
        if (found === undefined || leftMs <= 0) continue;
        if (typeof found["answer"] !== "string") return { state: "in_progress", retryAfterMs: leftMs };
        return { state: "done", answer: JSON.parse(found["answer"]) as Answer };
      }
    },
    async complete(id, token, answer, keepMs) {
      await query(completeSql, [id, token, JSON.stringify(answer), keepMs]);
    },
    async release(id, token) {
      await query(releaseSql, [id, token]);
    },
    async createTable() {
      await query(claimsTableSql(table), []);
    },
    async purge() {
      await query(`delete from ${table} where ends_at <= clock_timestamp()`, []);
    },
  };
}
