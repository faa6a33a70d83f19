import { expect, onTestFinished, test, vi } from "vitest";
import { readSettings } from "./config.ts";
import { startServer } from "./server.ts";
import { declaredRoutes } from "./testing/answer-check.ts";
import { caller, testKey } from "./testing/server-over-fake.testsuite.ts";

test("a real ledger answers each route as it declares", { timeout: 90_000 }, async () => {
  const settings = readSettings({
    POSTRIDER_PORT: "0",
    POSTRIDER_DATA_DIR: "memory://",
    POSTRIDER_API_KEY: testKey,
    POSTRIDER_LOG_LEVEL: "fatal",
    // Nothing listens there: an attempt fails at once.
    POSTRIDER_ALLOW_TARGETS: "127.0.0.1:1",
  });
  const server = await startServer(settings);
  onTestFinished(() => server.stop(0));
  // It checks each JSON answer.
  const call = caller(server.url);
  const called = new Set<string>();
  const ok = async (method: string, path: string, target: string, body?: unknown) => {
    const answer = await call(method, target, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${target} answered ${answer.status}: ${answer.text}`);
    called.add(`${method} ${path}`);
    return answer.json;
  };
  const same = (method: string, path: string, body?: unknown) => ok(method, path, path, body);
  const partner = "/v1/partners/{id}";
  const endpoint = `${partner}/endpoints/{endpoint_id}`;
  const acme = "/v1/partners/acme";
  const main = `${acme}/endpoints/main`;

  await ok("PUT", partner, acme, { name: "Acme" });
  await ok("PUT", partner, acme, { name: "Acme again" });
  await ok("PUT", endpoint, main, { url: "https://acme.invalid/{data.payuot}", order: {}, enabled: false });
  await ok("PUT", endpoint, `${acme}/endpoints/other`, {
    url: "http://127.0.0.1:1/",
    body: { a: [1.5] },
    verdicts: [
      {
        when: { status: [200, "4xx"], json: [{ pointer: "/a", in: [1.5, null], gt: 0 }] },
        then: "delivered",
      },
      { when: { contains: "no" }, then: "slow", wait: { header: "x-wait" }, note: "refused" },
    ],
  });
  await ok("POST", `${partner}/rotate-secret`, `${acme}/rotate-secret`, { scheme: "v1a" });
  await ok("POST", `${partner}/rotate-secret`, `${acme}/rotate-secret`);
  await ok("PUT", `${partner}/secrets/{name}`, `${acme}/secrets/key`, { value: "s3cret" });
  await ok("PUT", `${partner}/secrets/{name}`, `${acme}/secrets/key`, { value: "another" });
  await ok("GET", `${partner}/secrets`, `${acme}/secrets`);
  await ok("DELETE", `${partner}/secrets/{name}`, `${acme}/secrets/key`);
  await ok("POST", `${partner}/pause`, `${acme}/pause`);
  const event = { event_id: "c-1", type: "conversion.approved", order_key: "k", data: { payout: 1.5 } };
  const dated = { ...event, event_id: "c-2", not_before: "2099-01-31T10:00:00Z", expires_after: "90d" };
  await same("POST", "/v1/events", { events: [event, dated, { ...event, event_id: "c-3", type: 7 }] });
  await call("POST", "/v1/events", { events: [{ ...event, data: {} }] });
  await ok("GET", "/v1/events/{event_id}", "/v1/events/c-1");
  await ok("GET", "/v1/events/{event_id}", "/v1/events/c-2");
  const { deliveries } = await ok("GET", "/v1/deliveries", "/v1/deliveries?limit=1");
  await ok("GET", "/v1/deliveries/{id}", `/v1/deliveries/${deliveries[0].id}`);
  await ok("GET", "/v1/deliveries", "/v1/deliveries?type=conversion.approvd");
  await same("GET", "/v1/delivery-groups");
  await same("POST", "/v1/retries", { filter: { partner: "acme" }, dry_run: true });
  await same("POST", "/v1/retries", { filter: { partner: "acme" } });
  await ok("DELETE", "/v1/events/{event_id}", "/v1/events/c-2");
  await same("POST", "/v1/cancellations", { filter: { partner: "acme" } });
  const filter = { state: "cancelled", partner: "acme", since: "2020-01-01T00:00:00Z" };
  await same("POST", "/v1/replays", { filter, dry_run: true });
  const { replay_id } = await same("POST", "/v1/replays", { filter, rate_per_second: 0.01 });
  await same("GET", "/v1/replays");
  await ok("GET", "/v1/replays/{id}", `/v1/replays/${replay_id}`);
  await ok("DELETE", "/v1/replays/{id}", `/v1/replays/${replay_id}`);
  await ok("POST", `${partner}/resume`, `${acme}/resume`);
  await ok("POST", `${endpoint}/test`, `${acme}/endpoints/other/test`);
  await ok("POST", `${endpoint}/preview`, `${acme}/endpoints/other/preview`);
  await ok("GET", `${endpoint}/versions`, `${main}/versions`);
  await ok("GET", `${endpoint}/versions/{version}`, `${acme}/endpoints/other/versions/1`);
  await ok("POST", `${endpoint}/versions/{version}/restore`, `${main}/versions/1/restore`);
  await call("POST", "/v1/events", { event_id: "c-9", type: "conversion.approved" });
  const attempted = await vi.waitFor(
    async () => {
      const { json } = await call("GET", "/v1/events/c-9");
      const found = json.deliveries.find((one: { attempts_made: number }) => one.attempts_made > 0);
      expect(found).toBeDefined();
      return found.id as string;
    },
    { timeout: 20_000 },
  );
  await ok(
    "GET",
    "/v1/deliveries/{id}/attempts/{n}/request",
    `/v1/deliveries/${attempted}/attempts/1/request`,
  );
  await ok("POST", `${endpoint}/resume`, `${main}/resume`);
  await ok("POST", `${endpoint}/reclassify`, `${main}/reclassify`, {
    verdicts: [{ when: { status: "2xx" }, then: "dead" }],
    replay: true,
  });
  await ok("GET", partner, acme);
  await ok("GET", endpoint, main);
  await ok("GET", `${partner}/keys`, `${acme}/keys`);
  await ok("GET", `${partner}/endpoints`, `${acme}/endpoints`);
  for (const path of ["partners", "endpoint-warnings", "status", "reasons", "conservation"])
    await same("GET", `/v1/${path}`);
  for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json"]) await same("GET", path);
  await ok("DELETE", endpoint, main);
  await ok("DELETE", partner, acme);
  expect([...called].toSorted()).toEqual(
    declaredRoutes()
      .map(({ method, path }) => `${method} ${path}`)
      .toSorted(),
  );
});
