/** Plain SQL accepts events inside the application's own transaction, and the server hears of it. */
import { startSandbox } from "@postrider/sandbox";
import pg from "pg";
import { describe, expect, test } from "vitest";
import { postgresLedger } from "./ledgers.ts";
import { deliveryIn, eventFor, register } from "./partners.ts";
import { startServer } from "./server-process.ts";

const rounds = 5;
/** Well under the second between two sweeps, which would find the event as well. */
const promptMs = 500;

describe.skipIf(postgresLedger === undefined)("the SQL door on PostgreSQL", () => {
  test("delivers what a transaction committed, at once, and nothing of one that was rolled back", async () => {
    using ledger = await postgresLedger!.fresh();
    await using sandbox = await startSandbox({ port: 0 });
    await using server = await startServer({
      ...ledger.env,
      POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host,
    });
    const partner = sandbox.partner("sql");
    await register(server, { id: "sql", endpoint: { url: partner.url } });
    const client = new pg.Client({ connectionString: ledger.databaseUrl ?? "" });
    await client.connect();
    await client.query("create table orders (id text primary key)");
    let round = 0;

    /** In one transaction with the application's own row; resolves to the milliseconds from commit to arrival. */
    const order = async (id: string, notify: boolean): Promise<number> => {
      await client.query("begin");
      await client.query("insert into orders values ($1)", [id]);
      const event = JSON.stringify(eventFor("sql", id));
      const { rows } = await client.query("select status, deliveries from postrider.accept($1::json, $2)", [
        event,
        notify,
      ]);
      expect(rows).toEqual([{ status: "accepted", deliveries: 1 }]);
      await client.query("commit");
      const committedAt = performance.now();
      await partner.waitFor((round += 1));
      return performance.now() - committedAt;
    };

    try {
      await client.query("begin");
      await client.query("select * from postrider.accept($1::json)", [
        JSON.stringify(eventFor("sql", "rolled-back")),
      ]);
      await client.query("rollback");
      const waits: number[] = [];
      for (let n = 0; n < rounds; n += 1) waits.push(await order(`order-${n}`, true));
      // Each one starts just after the last was delivered: by the sweep alone they would take about a second each.
      expect(Math.max(...waits)).toBeLessThan(promptMs);
      const silent = await order("order-silent", false);
      process.stdout.write(
        `SQL door: ${waits.map((ms) => ms.toFixed(0)).join(", ")} ms by NOTIFY, ${silent.toFixed(0)} ms by the sweep alone\n`,
      );
      expect((await deliveryIn("delivered", server, "order-0")).attempts_made).toBe(1);
      expect((await server.call("GET", "/v1/events/rolled-back")).status).toBe(404);
      expect((await partner.summary()).requests).toBe(rounds + 1);
    } finally {
      await client.end();
    }
  });
});
