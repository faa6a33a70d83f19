/** Operators read a ledger that does not answer: accepting and sending go on, and who goes away leaves nothing behind. */
import { request } from "node:http";
import { startSandbox } from "@postrider/sandbox";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { postgresLedger } from "./ledgers.ts";
import { deliveryIn, eventFor, register } from "./partners.ts";
import { apiKey, type ServerProcess, startServer } from "./server-process.ts";
import { until } from "./until.ts";

/** A call that its caller can give up. */
function abandonable({ url }: ServerProcess, path: string): { readonly giveUp: () => void } {
  const call = request(url + path, { headers: { authorization: `Bearer ${apiKey}` } });
  call.on("error", () => {});
  call.end();
  return { giveUp: () => void call.destroy() };
}

describe.skipIf(postgresLedger === undefined)("reads on PostgreSQL", () => {
  test("that hang are refused past their queue, stop nothing, and end when their callers go away", async () => {
    using ledger = await postgresLedger!.fresh();
    await using sandbox = await startSandbox({ port: 0 });
    await using server = await startServer({
      ...ledger.env,
      POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host,
    });
    const partner = sandbox.partner("reads");
    await register(server, { id: "reads", endpoint: { url: partner.url } });
    const client = new pg.Client({ connectionString: ledger.databaseUrl ?? "" });
    const looker = new pg.Client({ connectionString: ledger.databaseUrl ?? "" });
    await Promise.all([client.connect(), looker.connect()]);
    const reading = async () => {
      // Not over the connection that holds the lock: a transaction sees one moment of this view.
      const { rows } = await looker.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'postrider-read' and state = 'active'",
      );
      return rows[0]!.n;
    };
    try {
      // Deliveries that are sent meanwhile wait to be recorded, so that only reads need the table for now.
      await client.query("begin");
      await client.query("lock table postrider.finished in access exclusive mode");
      const readers = Array.from({ length: 22 }, () => abandonable(server, "/v1/deliveries?partner=reads"));
      await until("two of them to read", async () => (await reading()) === 2);
      await until("those past the queue to be refused", async () => {
        const { status, json } = await server.call("GET", "/v1/deliveries");
        return status === 429 && json.error.code === "busy";
      });
      for (let n = 0; n < 5; n += 1) await server.ok("POST", "/v1/events", eventFor("reads", `beside-${n}`));
      await partner.waitFor(5);
      expect((await server.call("GET", "/readyz")).status).toBe(200);
      expect((await server.ok("GET", "/v1/status")).ledger).toMatchObject({ copied: false });

      for (const { giveUp } of readers) giveUp();
      await until("the server of the ledger to be free of them", async () => (await reading()) === 0);
      await client.query("rollback");
      await deliveryIn("delivered", server, "beside-4");
    } finally {
      await Promise.all([client.end(), looker.end()]);
    }
  });

  test("a copy of the ledger is not sent from, and says what to do", async () => {
    using ledger = await postgresLedger!.fresh();
    {
      await using server = await startServer(ledger.env);
      await server.stop();
    }
    const client = new pg.Client({ connectionString: ledger.databaseUrl ?? "" });
    await client.connect();
    await client.query("update postrider.ledger set system_identifier = '1'");
    const { rows } = await client.query<{ id: string }>("select id from postrider.ledger");
    await client.end();
    const { id } = rows[0]!;
    await expect(startServer(ledger.env)).rejects.toThrow(`POSTRIDER_ADOPT_LEDGER=${id}`);
    {
      await using server = await startServer({ ...ledger.env, POSTRIDER_ROLES: "api" });
      const status = await server.ok("GET", "/v1/status");
      expect(status.ledger).toMatchObject({ id, copied: true });
    }
    await using adopted = await startServer({ ...ledger.env, POSTRIDER_ADOPT_LEDGER: id });
    const { ledger: shown } = await adopted.ok("GET", "/v1/status");
    expect(shown.copied).toBe(false);
    expect(shown.id).not.toBe(id);
  });
});
