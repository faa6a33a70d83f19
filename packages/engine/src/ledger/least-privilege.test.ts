import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { endpointDefaults, partnerDefaults } from "../core/documents.ts";
import { createDatabase } from "../testing/postgres-server.ts";
import { migrate } from "./migrate.ts";
import { createOperations } from "./operations/index.ts";
import { openPg } from "./pg.ts";
import { createSeal } from "./seal.ts";
import type { Sql } from "./sql.ts";

const nowMs = Date.parse("2026-01-31T10:00:00Z");
const postgresUrl = inject("postgresUrl");

/** The grants of docs/guide/sending.md, as they are printed, for another role. */
function documentedGrants(role: string): string {
  const page = readFileSync(new URL("../../../../docs/guide/sending.md", import.meta.url), "utf8");
  const script = [...page.matchAll(/```sql\n([\s\S]*?)```/g)]
    .map((found) => found[1]!)
    .find((text) => text.includes("grant "));
  return script!.replaceAll(/\bshop\b/g, role);
}

describe.skipIf(postgresUrl === null)(
  "an application's role on a real PostgreSQL (skipped where none is installed)",
  () => {
    const role = `shop_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
    const reader = `${role}_reader`;
    const writer = `${role}_writer`;
    let sql: Sql;
    let url: string;
    const clients: Client[] = [];
    const connect = async (user: string) => {
      const address = new URL(url);
      address.username = user;
      const client = new Client({ connectionString: address.href });
      await client.connect();
      clients.push(client);
      return client;
    };
    let client: Client;
    beforeAll(async () => {
      url = await createDatabase(postgresUrl!, `least_${randomUUID().replaceAll("-", "")}`);
      sql = openPg({ url });
      await migrate(sql, nowMs);
      const operations = createOperations(sql, createSeal([new Uint8Array(32).fill(7)]), {
        allowedTargets: new Set(),
      });
      await operations.putPartner("acme", { ...partnerDefaults, name: "Acme", max_backlog: 3 }, nowMs);
      await operations.putEndpoint(
        "acme",
        "main",
        { ...endpointDefaults, body: "envelope", url: "https://acme.example/", order: { max_hold: "1h" } },
        nowMs,
      );
      for (const name of [role, reader, writer]) await sql.script(`create role ${name} login`);
      await sql.script(documentedGrants(role));
      client = await connect(role);
    });
    afterAll(async () => {
      for (const open of clients) await open.end();
      for (const name of [role, reader, writer])
        await sql?.script(`drop owned by ${name}; drop role ${name}`).catch(() => {});
      await sql?.close();
    });
    const accept = async (who: Client, event: object, routine = "accept") =>
      (
        await who.query<{ status: string }>(`select status from postrider.${routine}($1)`, [
          JSON.stringify(event),
        ])
      ).rows[0]?.status;

    test("accepts everything: order, delay, expiry, duplicates, conflicts, what is wrong, a full backlog, odd escapes", async () => {
      const event = { event_id: "e1", type: "a", partner: "acme" };
      expect(
        await accept(client, {
          ...event,
          order_key: "k",
          not_before: "2026-01-31T11:00:00Z",
          expires_after: "7d",
        }),
      ).toBe("accepted");
      expect(await accept(client, { ...event, event_id: "e2", order_key: "k" })).toBe("accepted");
      expect(await accept(client, { ...event, event_id: "e3" }, "accept_or_raise")).toBe("accepted");
      expect(await accept(client, { ...event, event_id: "e3" })).toBe("duplicate");
      expect(await accept(client, event)).toBe("conflict");
      expect(await accept(client, { ...event, event_id: "a b" })).toBe("invalid");
      expect(await accept(client, { ...event, event_id: "e4" })).toBe("backlog_full");
      expect(await accept(client, { event_id: "e5", type: "a", data: { a: "x\u0000y" } })).toBe("accepted");
      for (const type of ["json", "jsonb", "text"])
        expect(
          (
            await client.query(`select status from postrider.accept($1::${type})`, [
              '{"event_id":"e6","type":"a"}',
            ])
          ).rows,
        ).toHaveLength(1);
      expect((await sql.query("select count(*)::int as n from postrider.pending"))[0]).toEqual({ n: 5 });
    });

    test("is heard by NOTIFY, and its transaction takes the event back", async () => {
      const heard: string[] = [];
      const listener = await connect("postgres");
      const rung = Promise.withResolvers<void>();
      listener.on("notification", ({ payload }) => {
        heard.push(payload ?? "");
        rung.resolve();
      });
      await listener.query("listen postrider_ring");
      await client.query("begin");
      expect(await accept(client, { event_id: "back", type: "a" })).toBe("accepted");
      await client.query("rollback");
      expect(await accept(client, { event_id: "back", type: "a" })).toBe("accepted");
      await rung.promise;
      expect(heard).toHaveLength(1);
    });

    test("reads nothing, changes nothing, and calls nothing else", async () => {
      const rows = await sql.query<{ name: string }>(
        "select c.oid::regclass::text as name from pg_class c where c.relnamespace = 'postrider'::regnamespace and c.relkind in ('r','p','v')",
      );
      expect(rows.length).toBeGreaterThan(10);
      for (const { name } of rows) {
        await expect(client.query(`select from ${name}`), name).rejects.toMatchObject({ code: "42501" });
        await expect(client.query(`delete from ${name}`), name).rejects.toMatchObject({
          code: expect.stringMatching(/^(42501|55000)$/),
        });
      }
      await expect(client.query("select nextval('postrider.event_order')")).rejects.toMatchObject({
        code: "42501",
      });
      for (const call of [
        "postrider.accept_batch('{e}', '{a}', '{1}', '{null}', '{null}', '{\"{}\"}', now())",
        "postrider.routes_of('{a}', '{null}')",
        "postrider.backlog_up_to(1, 10)",
        "postrider.backlog_of(1, 10)",
        "postrider.over_backlog('{e}', '{a}', '{acme}', '{}')",
      ])
        await expect(client.query(`select ${call}`), call).rejects.toMatchObject({ code: "42501" });
      await expect(client.query("create table postrider.mine ()")).rejects.toMatchObject({ code: "42501" });
    });

    test("what the caller puts on its search path is not called with the ledger's rights", async () => {
      await client.query(`create temp table trace (said text);
      create function pg_temp.json_typeof(json) returns text language sql as $$ insert into trace values (current_user); select 'object' $$;
      create function pg_temp.accept_batch() returns void language sql as $$ select $$`);
      await client.query("set search_path = pg_temp, postrider, pg_catalog");
      expect(await accept(client, { event_id: "path", type: "a" })).toBe("accepted");
      await client.query("reset search_path");
      expect((await client.query("select * from trace")).rows).toEqual([]);
    });

    test("every routine with its owner's rights has a pinned search path, and none is for everybody", async () => {
      const routines = await sql.query<{ name: string; config: string; open: boolean }>(
        `select p.oid::regprocedure::text as name, array_to_string(p.proconfig, ';') as config, has_function_privilege($1, p.oid, 'execute') as open
         from pg_proc p where p.pronamespace = 'postrider'::regnamespace and p.prosecdef`,
        [reader],
      );
      expect(routines).toHaveLength(6);
      for (const { name, config, open } of routines) {
        expect([name, config.split(";").at(0), open]).toEqual([
          name,
          "search_path=pg_catalog, pg_temp",
          false,
        ]);
      }
    });

    test("a role that could only read still cannot write; one that could write events before may accept after an upgrade", async () => {
      await sql.script(`grant usage on schema postrider to ${reader}, ${writer};
      grant select on all tables in schema postrider to ${reader};
      grant select, insert, update on all tables in schema postrider to ${writer}`);
      await sql.script("update postrider.schema_state set routines = ''");
      await migrate(sql, nowMs);
      await expect(accept(await connect(reader), { event_id: "r", type: "a" })).rejects.toMatchObject({
        code: "42501",
      });
      expect(await accept(await connect(writer), { event_id: "w", type: "a" })).toBe("accepted");
      expect(await accept(client, { event_id: "again", type: "a" }), "grants outlive the upgrade").toBe(
        "accepted",
      );
    });
  },
);
