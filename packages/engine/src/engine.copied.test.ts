/** A copy of a ledger beside its original: nothing may be sent twice, and a restored backup must be able to go on. */
import { randomUUID } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { type Engine, openEngine } from "./engine.ts";
import type { OperatorOptions } from "./engine-options.ts";
import { openPg } from "./ledger/pg.ts";
import { createDatabase } from "./testing/postgres-server.ts";

const freshName = () => `copied_${randomUUID().replaceAll("-", "")}`;

async function open(
  databaseUrl: string,
  more: { adoptLedger?: string; redisUrl?: string; operator?: OperatorOptions } = {},
): Promise<Engine> {
  const engine = await openEngine({
    databaseUrl,
    dataDir: "",
    masterKeys: [new Uint8Array(32).fill(7)],
    allowTargets: [],
    ...more,
  });
  onTestFinished(() => engine.stop(0).catch(() => {}));
  return engine;
}

async function run(url: string, ...statements: string[]): Promise<void> {
  const sql = openPg({ url });
  for (const statement of statements) await sql.query(statement);
  await sql.close();
}

describe.skipIf(inject("postgresUrl") === null)("a ledger", () => {
  const server = inject("postgresUrl")!;
  const made = async () => {
    const name = freshName();
    const url = await createDatabase(server, name);
    const engine = await open(url);
    const { ledgerId } = engine.description;
    await engine.stop(0);
    return { name, url, ledgerId };
  };
  const copyOf = async (name: string) => {
    const copy = freshName();
    await run(server, `create database ${copy} template ${name}`);
    const url = new URL(server);
    url.pathname = `/${copy}`;
    return url.href;
  };

  test("has an id of its own, which it keeps, and dispatches where it was made", async () => {
    const [one, two] = [await made(), await made()];
    expect(one.ledgerId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(two.ledgerId).not.toBe(one.ledgerId);
    const engine = await open(one.url);
    expect(engine.description).toMatchObject({ ledgerId: one.ledgerId, copied: false });
    await engine.start();
  });

  test("that was copied is not sent from; it can be looked at, and adopted by its id", async () => {
    const { name, ledgerId, url: original } = await made();
    const url = await copyOf(name);
    for (const adoptLedger of [undefined, randomUUID()]) {
      const engine = await open(url, adoptLedger === undefined ? {} : { adoptLedger });
      expect(engine.description).toMatchObject({ ledgerId, copied: true });
      await expect(engine.start()).rejects.toMatchObject({
        code: "ledger_copied",
        hint: expect.stringContaining(`POSTRIDER_ADOPT_LEDGER=${ledgerId}`),
      });
      expect((await engine.operations.conservation()).drift).toBe(0);
    }
    const several = await Promise.all([1, 2, 3].map(() => open(url, { adoptLedger: ledgerId })));
    const ids = new Set(several.map(({ description }) => description.ledgerId));
    expect(ids.size).toBe(1);
    expect([...ids]).not.toEqual([ledgerId]);
    await several[0]!.start();
    // The setting may stay, and those without it start as well.
    expect((await open(url, { adoptLedger: ledgerId })).description).toMatchObject({ copied: false });
    const other = await open(url);
    await other.start();
    expect(ids.has(other.description.ledgerId)).toBe(true);
    expect((await open(original)).description).toMatchObject({ ledgerId, copied: false });
  });

  test.each([
    ["another cluster, as after pg_restore or pg_upgrade", "system_identifier = '1'", true],
    ["another database of the cluster", "database_oid = 1", true],
    ["the same, on a server that does not tell its cluster", "system_identifier = null", false],
    ["nowhere, as one that an older version made", "system_identifier = null, database_oid = null", false],
  ])("that was noted to live in %s: copied is %3$s", async (_, change, copied) => {
    const { url } = await made();
    await run(url, `update postrider.ledger set ${change}`);
    expect((await open(url)).description.copied).toBe(copied);
    // Once it is noted it stays so.
    expect((await open(url)).description.copied).toBe(copied);
  });

  test("that was copied opens no Redis: its original's processes are there", async () => {
    const { name } = await made();
    let calls = 0;
    const redis = createServer((socket) => {
      calls += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => redis.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void redis.close());
    const redisUrl = `redis://127.0.0.1:${(redis.address() as AddressInfo).port}`;
    const engine = await open(await copyOf(name), { redisUrl });
    expect(engine.description).toMatchObject({ copied: true, turns: "in-process" });
    expect(engine.turns()).toEqual({ reach: "process", fault: null });
    expect(engine.conditions().map((one) => one.name)).toEqual(["ledger_copied"]);
    await engine.stop(0);
    expect(calls).toBe(0);
  });

  test("whose engine cannot be put together keeps no session of it", async () => {
    const { url } = await made();
    const fault = new Error("nobody is told");
    const operator = {
      get partner(): string {
        throw fault;
      },
    };
    await expect(open(url, { operator })).rejects.toBe(fault);
    const sql = openPg({ url });
    onTestFinished(() => sql.close());
    const others = () =>
      sql.query(
        "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
    // The server notices the end of a session a moment later.
    await expect.poll(others, { timeout: 5_000 }).toEqual([]);
  });

  test("that is renamed stays where it is", async () => {
    const { name, ledgerId } = await made();
    await run(server, `alter database ${name} rename to ${name}_new`);
    const url = new URL(server);
    url.pathname = `/${name}_new`;
    expect((await open(url.href)).description).toMatchObject({ ledgerId, copied: false });
  });
});

test("an embedded ledger has an id as well", async () => {
  const engine = await openEngine({
    dataDir: "memory://",
    masterKeys: [new Uint8Array(32).fill(7)],
    allowTargets: [],
  });
  onTestFinished(() => engine.stop(0));
  expect(engine.description).toMatchObject({
    ledgerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    copied: false,
  });
  await engine.start();
});
