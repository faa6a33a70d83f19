import { Client } from "pg";
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
    beforeAll(async () => {
      const url = await createDatabase(serverUrl!, `sender_door_${process.pid}_${Date.now()}`);
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

      expect(await door.accept(client, [event])).toEqual([
        { event_id: "order-1", status: "duplicate", deliveries: 0 },
      ]);
      expect(await state()).toEqual({ orders: 1, events: 1 });
    });

    test("a conflict or an invalid event throws, so that nothing is committed by oversight", async () => {
      await door.accept(client, [{ ...event, event_id: "order-2" }]);
      const before = await state();
      const other = { ...event, event_id: "order-2", data: { amount: "9.99" } };
      const lost = door.accept(client, [other]);
      await expect(lost).rejects.toMatchObject({
        code: "conflict",
        fields: { eventIds: ["order-2"] },
        events: [{ event_id: "order-2" }],
      });
      const invalid = door.accept(client, [
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
      const results = await door.accept(
        client,
        ids.map((event_id) => ({ ...event, event_id })),
      );
      expect(results.map(({ event_id }) => event_id)).toEqual(ids);
    });
  },
);
