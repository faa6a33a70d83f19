import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { createDatabase } from "@postrider/engine/testing";
import type { ReplayStore } from "../replay-store.ts";
import { memoryStore } from "./memory.ts";
import { redisStore } from "./redis.ts";
import { replayStoreSuite } from "./replay-store.testsuite.ts";
import { claimsTableSql, type SqlStore, sqlStore } from "./sql.ts";

const shared = memoryStore();
replayStoreSuite("memory", () => shared);

test("memory forgets the oldest first, and never grows beyond its bound", async () => {
  const store = memoryStore({ maxEntries: 2 });
  for (const id of ["a", "b", "c"]) await store.claim(id, 1000);
  expect((await store.claim("c", 1000)).state).toBe("in_progress");
  expect((await store.claim("a", 1000)).state).toBe("new");
});

const redisProgram = ["redis-server", "valkey-server"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(":").map((folder) => join(folder, name)))
  .find((path) => existsSync(path));
const redisMissing = process.env["REDIS_URL"] === undefined && redisProgram === undefined;
if (redisMissing && process.env["CI"])
  throw new Error("No redis-server found. In CI this suite must run: install redis-server or set REDIS_URL.");
if (redisMissing)
  process.stdout.write(
    "skipped: the replay store on Redis, because there is no redis-server on PATH and REDIS_URL is not set\n",
  );

describe.skipIf(redisMissing)("on Redis", () => {
  let child: ChildProcess | undefined;
  let folder: string | undefined;
  let client: Redis;

  beforeAll(async () => {
    const url = process.env["REDIS_URL"];
    if (url === undefined) {
      folder = mkdtempSync(join(tmpdir(), "receiver-redis-"));
      const socket = join(folder, "redis.sock");
      child = spawn(
        redisProgram ?? "",
        ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
        { stdio: "ignore" },
      );
      await vi.waitUntil(() => existsSync(socket), { timeout: 10_000 });
      client = new Redis({ path: socket });
    } else client = new Redis(url);
  });

  afterAll(async () => {
    await client?.quit();
    child?.kill();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  // Read at the time of use: the client does not exist yet while tests are collected.
  const lazy: ReplayStore = {
    claim: (...args) => redisStore(client).claim(...args),
    complete: (...args) => redisStore(client).complete(...args),
    release: (...args) => redisStore(client).release(...args),
  };
  replayStoreSuite("redis", () => lazy);

  test("keys have the prefix, and end by themselves", async () => {
    await redisStore(client, { keyPrefix: "acme:" }).claim("x", 50_000);
    expect(await client.pttl("acme:x")).toBeGreaterThan(0);
  });
});

const postgresUrl = inject("postgresUrl");
// Without a server the reason is printed by scripts/test-servers.ts.
describe.skipIf(postgresUrl === null)("on PostgreSQL", () => {
  let pool: pg.Pool;
  const query = (sql: string, params: readonly unknown[]) => pool.query(sql, [...params]);

  beforeAll(async () => {
    const url = await createDatabase(
      postgresUrl ?? "",
      `receiver_${crypto.randomUUID().replaceAll("-", "")}`,
    );
    pool = new pg.Pool({ connectionString: url, max: 20 });
    await sqlStore(query).createTable();
    await sqlStore(query).createTable();
  });
  afterAll(() => pool?.end());

  replayStoreSuite("sql", () => sqlStore(query));

  test("purge deletes what has ended and nothing else; rows may come as a bare array", async () => {
    const bare: SqlStore = sqlStore(
      async (sql, params) => (await query(sql, params)).rows as Array<Record<string, unknown>>,
      { table: "public.other" },
    );
    await bare.createTable();
    await bare.claim("short", 1);
    await bare.claim("long", 60_000);
    await vi.waitFor(async () => {
      await bare.purge();
      expect((await pool.query("select id from public.other")).rows).toEqual([{ id: "long" }]);
    });
  });

  test("a table name that is no identifier is refused", () => {
    expect(() => sqlStore(query, { table: "a; drop table b" })).toThrow("plain identifier");
    expect(claimsTableSql()).toContain("postback_claims");
  });
});
