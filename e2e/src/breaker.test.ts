/** An endpoint that fails is left alone, operators hear of it, and its backlog arrives once it is mended. */
import { startSandbox } from "@postrider/sandbox";
import { Webhook } from "standardwebhooks";
import { expect, onTestFinished, test } from "vitest";
import { ledgers } from "./ledgers.ts";
import { eventFor, register } from "./partners.ts";
import { startServer } from "./server-process.ts";
import { until } from "./until.ts";

const events = 40;
/** Three retries, used up within half a second if probes counted. */
const retry = { schedule: ["50ms", "50ms", "50ms"], jitter: "none" };
const breaker = { consecutive_failures: 5, first_wait: "200ms", longest_wait: "400ms" };

test.each(ledgers)(
  "$name: opens, tells the operator partner, probes, recovers, and spends no delivery's ladder",
  { timeout: 60_000 },
  async ({ fresh }) => {
    using ledger = await fresh();
    const sandbox = await startSandbox({ port: 0 });
    onTestFinished(() => sandbox.close());
    await using server = await startServer({
      ...ledger.env,
      POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host,
      POSTRIDER_OPERATOR_PARTNER: "ops",
    });
    const ops = sandbox.partner("ops");
    const opsSecret = await register(server, {
      id: "ops",
      endpoint: { url: ops.url, events: ["endpoint.*"] },
    });
    const acme = sandbox.partner("acme");
    acme.script("503");
    const endpoint = { url: acme.url, retry, breaker };
    await register(server, { id: "acme", partner: { max_in_flight: 2 }, endpoint });
    await server.ok("POST", "/v1/events", {
      events: Array.from({ length: events }, (_, n) => eventFor("acme", `breaker-${n}`)),
    });

    const [failing] = await ops.waitFor(1);
    const told = new Webhook(opsSecret).verify(failing?.body ?? "", failing?.headers ?? {});
    expect(told).toMatchObject({
      type: "endpoint.failing",
      data: { partner: "acme", endpoint: "main", percent: null, error: "status 503" },
    });
    const path = "/v1/partners/acme/endpoints/main";
    const before = await until("an open circuit", async () => {
      const shown = await server.ok("GET", path);
      return shown.circuit.state === "closed" ? null : shown;
    });
    expect(before.circuit.failures).toBeGreaterThanOrEqual(5);
    // Far more probes than any delivery has retries.
    const sent = (await acme.requests()).length;
    await until("ten probes", async () => (await acme.requests()).length >= sent + 10, 30_000);
    expect((await server.ok("GET", "/v1/conservation")).pending).toBe(events);

    acme.script("ok");
    await until(
      "the backlog to arrive",
      async () => (await server.ok("GET", "/v1/conservation")).pending === 0,
      30_000,
    );
    const { deliveries } = await server.ok("GET", "/v1/deliveries?partner=acme&limit=500");
    expect(deliveries).toHaveLength(events);
    expect(new Set(deliveries.map(({ state }: { state: string }) => state))).toEqual(new Set(["delivered"]));
    const types = async () => {
      const requests = await ops.requests();
      return requests.map(({ body }) => (JSON.parse(body ?? "") as { type: string }).type);
    };
    await until("the recovery to be told", async () => (await types()).includes("endpoint.recovered"));
    expect(await types()).toEqual(["endpoint.failing", "endpoint.recovered"]);
    expect((await server.ok("GET", path)).circuit).toMatchObject({ state: "closed", failing_since: null });
  },
);

test.each(ledgers)(
  "$name: an endpoint that refuses all is told of and shown everywhere, and recovers with three good answers",
  { timeout: 60_000 },
  async ({ fresh }) => {
    using ledger = await fresh();
    const sandbox = await startSandbox({ port: 0 });
    onTestFinished(() => sandbox.close());
    await using server = await startServer({
      ...ledger.env,
      POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host,
      POSTRIDER_OPERATOR_PARTNER: "ops",
    });
    const ops = sandbox.partner("ops");
    await register(server, { id: "ops", endpoint: { url: ops.url, events: ["endpoint.*"] } });
    const acme = sandbox.partner("acme");
    acme.script("401");
    await register(server, { id: "acme", endpoint: { url: acme.url } });
    const send = (name: string, n: number) =>
      server.ok("POST", "/v1/events", {
        events: Array.from({ length: n }, (_, index) => eventFor("acme", `${name}-${index}`)),
      });
    const circuit = async () => (await server.ok("GET", "/v1/partners/acme/endpoints/main")).circuit;
    const troubled = async () => (await server.ok("GET", "/v1/partners/acme")).endpoints;
    const told = async () =>
      (await ops.requests()).map(({ body }) => JSON.parse(body ?? "") as { type: string; data: object });

    await send("refused", 30);
    await ops.waitFor(1);
    expect(await told()).toMatchObject([
      {
        type: "endpoint.refusing",
        data: { partner: "acme", endpoint: "main", refusals: 20, requests: 20, error: "status 401" },
      },
    ]);
    await until("all to be refused", async () => (await acme.requests()).length === 30);
    await until("the refusals to be shown", async () => (await circuit()).refusing_since !== null);
    expect(await circuit()).toMatchObject({ state: "closed", failures: 0 });
    expect(await troubled()).toEqual({ total: 1, paused: 0, open: 0, refusing: 1, failing: 0 });
    expect((await server.ok("GET", "/v1/status")).endpoints).toMatchObject({ refusing: 1, open: 0 });

    acme.script("ok");
    await send("good", 3);
    await ops.waitFor(2);
    expect((await told())[1]).toMatchObject({ type: "endpoint.recovered", data: { by: "answers" } });
    await until("it to be well", async () => (await circuit()).refusing_since === null);
    expect((await troubled()).refusing).toBe(0);
  },
);
