import {
  createDatabase,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
} from "@postrider/engine/testing";
import pg from "pg";
import { profiling } from "./profiling.ts";

/** The servers of the bench's own, shared by its measurements: started when first asked for. */
let postgres: { readonly server: PostgresServer; readonly watch: pg.Client } | null = null;
let redis: RedisServer | null = null;
let databases = 0;
const prepared = new Map<string, string>();

/** PostgreSQL with full durability, and `pg_stat_statements`. `watch` is a connection to its maintenance database. */
export async function benchPostgres(): Promise<{ server: PostgresServer; watch: pg.Client }> {
  if (postgres === null) {
    const server = await startPostgres({
      shared_preload_libraries: "pg_stat_statements",
      "pg_stat_statements.track": profiling() ? "all" : "top",
    });
    const watch = new pg.Client({ connectionString: server.url });
    await watch.connect();
    await watch.query("create extension pg_stat_statements");
    postgres = { server, watch };
  }
  return postgres;
}

/** Redis without persistence. */
export async function benchRedis(): Promise<RedisServer> {
  return (redis ??= await startRedis());
}

/** The same, with nothing in it. */
export async function emptyRedis(): Promise<RedisServer> {
  const server = await benchRedis();
  await server.call("FLUSHALL");
  return server;
}

/** A database for one measurement, empty or a copy of the one of this name (see `preparedDatabase`). */
export async function benchDatabase(template?: string): Promise<{ name: string; url: string }> {
  const { server, watch } = await benchPostgres();
  const name = `bench_${process.pid}_${databases++}`;
  if (template === undefined) return { name, url: await createDatabase(server.url, name) };
  await watch.query(`create database ${name} template ${template}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  await forgetPlace(url.href);
  return { name, url: url.href };
}

/** Nothing is sent from a copied ledger, unless it does not know where it was made. */
async function forgetPlace(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("update postrider.ledger set system_identifier = null, database_oid = null");
  await client.end();
}

/**
 * The name of a database that was prepared once under `key`, to be copied: setting up 10,000 partners takes longer.
 *
 * @param from a prepared one to begin with
 */
export async function preparedDatabase(
  key: string,
  prepare: (url: string) => Promise<void>,
  from?: string,
): Promise<string> {
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const { name, url } = await benchDatabase(from);
  await prepare(url);
  prepared.set(key, name);
  return name;
}

export async function stopServers(): Promise<void> {
  await postgres?.watch.end();
  await postgres?.server.stop();
  await redis?.stop();
  postgres = null;
  redis = null;
  prepared.clear();
}

/** Top-level statements that a database has been asked since the server began. */
export async function statementsOf(database: string): Promise<number> {
  const { watch } = await benchPostgres();
  const { rows } = await watch.query<{ calls: string }>(
    `select coalesce(sum(s.calls), 0) as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid
      where d.datname = $1 and s.toplevel`,
    [database],
  );
  return Number(rows[0]!.calls);
}

/** The time that a database has spent in statements like `pattern` (SQL `like`), in ms, and their calls. */
export async function timeIn(database: string, pattern: string): Promise<{ ms: number; calls: number }> {
  const { watch } = await benchPostgres();
  const { rows } = await watch.query<{ ms: number; calls: string }>(
    `select coalesce(sum(s.total_exec_time), 0) as ms, coalesce(sum(s.calls), 0) as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid
      where d.datname = $1 and s.toplevel and s.query like $2`,
    [database, pattern],
  );
  return { ms: rows[0]!.ms, calls: Number(rows[0]!.calls) };
}

/** What a database spent its time in, the most first. */
export async function costliestStatements(database: string): Promise<readonly object[]> {
  const { watch } = await benchPostgres();
  const { rows } = await watch.query<object>(
    `select s.toplevel, s.calls::int, round(s.total_exec_time) as ms, s.rows::int, s.shared_blks_hit::int as hit,
            s.wal_bytes::float8 as wal, left(regexp_replace(s.query, '\\s+', ' ', 'g'), 160) as query
       from pg_stat_statements s join pg_database d on d.oid = s.dbid
      where d.datname = $1 order by s.total_exec_time desc limit 40`,
    [database],
  );
  return rows;
}

export async function forgetStatements(): Promise<void> {
  await (await benchPostgres()).watch.query("select pg_stat_statements_reset()");
}
