import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, startPostgres } from "@postrider/engine/testing";
import pg from "pg";
import { type Result, rounded } from "./result.ts";
import { benchApiKey, startServerProcess } from "./server-process.ts";

const partners = 20;

/** SQL statements per second of a server with partners and nothing to do, as PostgreSQL counts them. */
export async function measureIdle(durationMs: number): Promise<Result> {
  const postgres = await startPostgres({ shared_preload_libraries: "pg_stat_statements" });
  const databaseUrl = await createDatabase(postgres.url, "idle");
  const server = await startServerProcess({
    DATABASE_URL: databaseUrl,
    POSTRIDER_MASTER_KEY: "0".repeat(64),
  });
  const watch = new pg.Client({ connectionString: databaseUrl });
  await watch.connect();
  try {
    await watch.query("create extension pg_stat_statements");
    for (let n = 0; n < partners; n++) {
      await put(`${server.url}/v1/partners/p${n}`, { name: `Partner ${n}` });
      await put(`${server.url}/v1/partners/p${n}/endpoints/main`, { url: `https://p${n}.example/postback` });
    }
    await sleep(2_000);
    await watch.query("select pg_stat_statements_reset()");
    const startedMs = performance.now();
    await sleep(durationMs);
    const { rows } = await watch.query<{ calls: string }>(
      "select sum(calls) as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = 'idle' and s.query not like '%pg_stat_statements%'",
    );
    const perSecond = Number(rows[0]?.calls ?? 0) / ((performance.now() - startedMs) / 1_000);
    return {
      bench: "idle",
      case: `postgresql, server with ${partners} partners`,
      figures: { statementsPerSecond: rounded(perSecond), rssMb: server.rssMb() },
      target: { figure: "statementsPerSecond", atMost: 5 },
    };
  } finally {
    await watch.end();
    await server.stop();
    await postgres.stop();
  }
}

async function put(url: string, document: object): Promise<void> {
  const answer = await fetch(url, {
    method: "PUT",
    headers: { authorization: `Bearer ${benchApiKey}`, "content-type": "application/json" },
    body: JSON.stringify(document),
  });
  if (!answer.ok) throw new Error(`PUT ${url}: ${answer.status} ${await answer.text()}`);
}
