/** A graceful end, and one server per data folder. */
import { startSandbox } from "@postrider/sandbox";
import { expect, test } from "vitest";
import { ledgers } from "./ledgers.ts";
import { deliveryIn, eventFor, register } from "./partners.ts";
import { ServerRefused, startServer } from "./server-process.ts";

test.each(ledgers)(
  "$name: SIGTERM lets what is in flight end, records it, and exits with 0",
  async ({ fresh }) => {
    using ledger = await fresh();
    await using sandbox = await startSandbox({ port: 0 });
    const env = { ...ledger.env, POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host };
    const partner = sandbox.partner("slow");
    partner.script("slow:700ms");
    await using server = await startServer(env);
    await register(server, { id: "slow", partner: { max_in_flight: 1 }, endpoint: { url: partner.url } });
    await server.ok("POST", "/v1/events", {
      events: [eventFor("slow", "slow-1"), eventFor("slow", "slow-2")],
    });
    await partner.waitFor(1);
    expect(await server.stop()).toBe(0);
    const [answered, ...more] = await partner.requests();
    expect([answered?.answered, more]).toEqual([200, []]);

    partner.script("ok");
    await using next = await startServer(env);
    const ended = [
      await deliveryIn("delivered", next, "slow-1"),
      await deliveryIn("delivered", next, "slow-2"),
    ];
    expect(ended.map(({ attempts_made }) => attempts_made)).toEqual([1, 1]);
    expect((await partner.summary()).duplicates).toBe(0);
  },
);

test("a second server on the same data folder is refused, naming the first; the first goes on", async () => {
  const embedded = ledgers.find(({ name }) => name === "embedded");
  using ledger = await embedded!.fresh();
  await using first = await startServer(ledger.env);
  const refused = await startServer(ledger.env).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ServerRefused);
  expect(refused).toMatchObject({
    exitCode: 1,
    message: expect.stringMatching(new RegExp(`is in use by process ${first.pid}[^]*POSTRIDER_DATA_DIR`)),
  });
  expect((await first.call("GET", "/readyz")).status).toBe(200);
  await first.kill();
  await using heir = await startServer(ledger.env);
  expect((await heir.call("GET", "/readyz")).status).toBe(200);
});
