import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { migrate } from "../../engine/src/ledger/migrate.ts";
import { openPg } from "../../engine/src/ledger/pg.ts";
import { openPglite } from "../../engine/src/ledger/pglite.ts";
import type { Sql } from "../../engine/src/ledger/sql.ts";
import { createDatabase } from "../../engine/src/testing/postgres-server.ts";
import { createDoor, createSender, type Transaction } from "./index.ts";

const nowMs = Date.parse("2026-01-31T10:00:00Z");
const event = {
  event_id: "order-1",
  type: "order.paid",
  data: { amount: "1.10", name: "Zoë 'quoted' \"twice\"" },
};
const door = createDoor();
const answering = (...rows: unknown[]): Transaction => ({ query: async () => ({ rows }) });

describe("over any query function", () => {
  test("asks the SQL door once, with one parameter", async () => {
    const asked: unknown[] = [];
    const tx: Transaction = {
      async query(sql, params) {
        asked.push({ sql, params });
        return { rows: [{ ord: 1, event_id: "order-1", status: "accepted", deliveries: 2, error: null }] };
      },
    };
    expect(await door.accept(tx, [event])).toEqual([
      { event_id: "order-1", status: "accepted", deliveries: 2 },
    ]);
    expect(asked).toEqual([
      {
        sql: expect.stringContaining("from postrider.accept($1::text::json)"),
        params: [
          JSON.stringify([{ ...event, schema_version: 1 }]).replace(
            /,"data":.*?},"schema_version":1/,
            `,"schema_version":1,"data":${JSON.stringify(event.data)}`,
          ),
        ],
      },
    ]);
  });

  test("a sender has the same door", async () => {
    const sender = createSender({ url: "http://127.0.0.1:1", apiKey: "key" });
    const tx = answering({ event_id: "order-1", status: "duplicate", deliveries: 1, error: null });
    expect(await sender.accept(tx, [event])).toEqual([
      { event_id: "order-1", status: "duplicate", deliveries: 1 },
    ]);
  });

  test("asks nothing for no events", async () => {
    const never: Transaction = { query: () => Promise.reject(new Error("asked")) };
    expect(await door.accept(never, [])).toEqual([]);
  });

  const other = {
    query: async () => [{ event_id: "order-1", status: "accepted", deliveries: 0, error: null }],
  };
  const pgLike = (status: string | null) => ({ ...other, getTransactionStatus: () => status });
  test.each<[what: string, tx: unknown]>([
    ["rows alone, as TypeORM and postgres.js give them", other],
    ["TypeORM's manager in a transaction", { ...other, queryRunner: { isTransactionActive: true } }],
    ["TypeORM's query runner in a transaction", { ...other, isTransactionActive: true }],
    ["a pg client in a transaction", pgLike("T")],
    ["a pg client in a failed transaction, whose server says so", pgLike("E")],
    ["a pg client that has not heard yet", pgLike(null)],
  ])("takes %s", async (_what, tx) => {
    expect(await door.accept(tx as Transaction, [event])).toHaveLength(1);
  });

  const root = Object.assign(() => {}, { begin: () => {}, unsafe: () => {} });
  test.each<[what: string, tx: unknown, words: RegExp]>([
    ["pg's pool", new Pool(), /a pool/],
    ["a pg client without begin", pgLike("I"), /in no transaction: await its begin/],
    ["postgres.js's root", root, /root object of postgres\.js/],
    [
      "postgres.js's transaction as it is",
      Object.assign(() => {}, { savepoint: () => {}, unsafe: () => {} }),
      /without a query function/,
    ],
    ["TypeORM's data source", { ...other, createQueryRunner: () => {} }, /TypeORM's data source/],
    ["TypeORM's manager outside", { ...other, queryRunner: undefined }, /TypeORM/],
    ["TypeORM's query runner outside", { ...other, isTransactionActive: false }, /TypeORM/],
    ["Prisma's client as it is", { $queryRawUnsafe: () => {} }, /without a query function/],
    ["nothing", undefined, /undefined, not a transaction/],
    ["null", null, /null, not a transaction/],
    ["a text", "postgres://", /string, not a transaction/],
  ])("refuses %s before anything is asked", async (_what, tx, words) => {
    await expect(door.accept(tx as Transaction, [event])).rejects.toMatchObject({
      code: "not_in_transaction",
      message: expect.stringMatching(words),
    });
  });

  test("a database without a ledger is named, however deep the driver hides the state", async () => {
    const state = Object.assign(new Error('schema "postrider" does not exist'), { code: "3F000" });
    for (const error of [state, new Error("query failed", { cause: new Error("wrapped", { cause: state }) })])
      await expect(door.accept({ query: () => Promise.reject(error) }, [event])).rejects.toMatchObject({
        code: "no_ledger",
        cause: error,
      });
  });

  test("a full backlog throws under its own code, behind what is invalid or a conflict", async () => {
    const row = (event_id: string, status: string) => ({
      event_id,
      status,
      deliveries: 0,
      error: `${event_id} ${status}`,
    });
    const events = ["a", "b", "c"].map((event_id) => ({ ...event, event_id }));
    const codeOf = (...statuses: string[]) =>
      door
        .accept(answering(...statuses.map((status, index) => row(events[index]!.event_id, status))), events)
        .then(
          () => null,
          (error: unknown) => (error as { code: string }).code,
        );
    expect(await codeOf("accepted", "backlog_full", "duplicate")).toBe("backlog_full");
    expect(await codeOf("backlog_full", "conflict", "accepted")).toBe("conflict");
    expect(await codeOf("backlog_full", "conflict", "invalid")).toBe("invalid_event");
  });

  test("what is no rows gets words that fit", async () => {
    for (const answer of [undefined, {}, [[], {}], { rows: "x" }])
      await expect(door.accept({ query: async () => answer as never }, [event])).rejects.toMatchObject({
        code: "unexpected_response",
        message: expect.stringMatching(/query did not resolve to the rows/),
      });
  });

  test("rows it does not know, and the driver's own errors, are not taken for success", async () => {
    await expect(door.accept(answering(), [event])).rejects.toMatchObject({
      code: "unexpected_response",
      fields: { status: null },
    });
    const fault = new Error("connection lost");
    await expect(door.accept({ query: () => Promise.reject(fault) }, [event])).rejects.toBe(fault);
  });
});

const countEvents = async (sql: Sql) =>
  (await sql.query<{ count: number }>("select count(*)::int as count from postrider.events"))[0]?.count;

describe("inside PGlite's transactions", () => {
  test("an event exists if and only if its transaction committed", async () => {
    const sql = await openPglite({ dataDir: "memory://" });
    try {
      await migrate(sql, nowMs);
      const accept = (fail: boolean) =>
        sql.transaction(async (tx) => {
          const results = await door.accept(
            { query: async (text, params) => ({ rows: [...(await tx.query(text, params as string[]))] }) },
            [event],
          );
          if (fail) throw new Error("the application changed its mind");
          return results;
        });
      await expect(accept(true)).rejects.toThrow("changed its mind");
      expect(await countEvents(sql)).toBe(0);
      expect(await accept(false)).toEqual([{ event_id: "order-1", status: "accepted", deliveries: 0 }]);
      expect(await countEvents(sql)).toBe(1);
    } finally {
      await sql.close();
    }
  });
});

const serverUrl = inject("postgresUrl");
describe.skipIf(serverUrl === null)(
  "inside pg's transactions on a real PostgreSQL (skipped where none is installed)",
  () => {
    let sql: Sql;
    let client: Client;
    let url: string;
    beforeAll(async () => {
      url = await createDatabase(serverUrl!, `sender_door_${process.pid}_${Date.now()}`);
      sql = openPg({ url });
      await migrate(sql, nowMs);
      await sql.script("create table orders (id text primary key)");
      client = new Client({ connectionString: url });
      await client.connect();
    });
    afterAll(async () => {
      await client?.end();
      await sql?.close();
    });
    const inTransaction = async (events: readonly object[]) => {
      await client.query("begin");
      try {
        return await door.accept(client, events as (typeof event)[]);
      } finally {
        await client.query("commit");
      }
    };
    const state = async () => {
      const [orders] = await sql.query<{ count: number }>("select count(*)::int as count from orders");
      return { orders: orders?.count, events: await countEvents(sql) };
    };

    test("rolled back: neither the order nor the event; committed: both; again: a duplicate", async () => {
      await client.query("begin");
      await client.query("insert into orders values ('order-1')");
      expect(await door.accept(client, [event])).toMatchObject([{ status: "accepted" }]);
      await client.query("rollback");
      expect(await state()).toEqual({ orders: 0, events: 0 });

      await client.query("begin");
      await client.query("insert into orders values ('order-1')");
      await door.accept(client, [event]);
      expect(await state(), "not seen before the commit").toEqual({ orders: 0, events: 0 });
      await client.query("commit");
      expect(await state()).toEqual({ orders: 1, events: 1 });
      const [stored] = await sql.query(
        "select event_id, type, schema_version, data::text as data from postrider.events",
      );
      expect(stored).toEqual({
        event_id: "order-1",
        type: "order.paid",
        schema_version: 1,
        data: JSON.stringify(event.data),
      });

      expect(await inTransaction([event])).toEqual([
        { event_id: "order-1", status: "duplicate", deliveries: 0 },
      ]);
      expect(await state()).toEqual({ orders: 1, events: 1 });
    });

    test("outside of a transaction the client is refused, and so is a pool; nothing is written", async () => {
      const before = await state();
      const pool = new Pool({ connectionString: url });
      try {
        for (const tx of [client, pool])
          await expect(door.accept(tx, [{ ...event, event_id: "order-outside" }])).rejects.toMatchObject({
            code: "not_in_transaction",
          });
      } finally {
        await pool.end();
      }
      expect(await state()).toEqual(before);
    });

    test("a database without the ledger says so", async () => {
      const bare = new Client({ connectionString: serverUrl! });
      await bare.connect();
      try {
        await bare.query("begin");
        await expect(door.accept(bare, [event])).rejects.toMatchObject({ code: "no_ledger" });
      } finally {
        await bare.end();
      }
    });

    test("a conflict or an invalid event throws, so that nothing is committed by oversight", async () => {
      await inTransaction([{ ...event, event_id: "order-2" }]);
      const before = await state();
      const other = { ...event, event_id: "order-2", data: { amount: "9.99" } };
      const lost = inTransaction([other]);
      await expect(lost).rejects.toMatchObject({
        code: "conflict",
        fields: { eventIds: ["order-2"] },
        events: [{ event_id: "order-2" }],
      });
      const invalid = inTransaction([
        { ...event, event_id: "order-2" },
        { ...event, event_id: "with space" },
      ]);
      await expect(invalid).rejects.toMatchObject({
        code: "invalid_event",
        fields: { issues: [{ path: "events[1]" }] },
      });
      expect(await state()).toEqual(before);
    });

    test("results come in the order of the events", async () => {
      const ids = ["z", "a", "m", "b"].map((letter) => `order-${letter}`);
      const results = await inTransaction(ids.map((event_id) => ({ ...event, event_id })));
      expect(results.map(({ event_id }) => event_id)).toEqual(ids);
    });
  },
);
