import { endpointDefaults } from "@postrider/engine";
import { beforeEach, describe, expect, test } from "vitest";
import { type Bench, serverOverFake } from "../testing/server-over-fake.testsuite.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await serverOverFake();
});

const call = (...given: Parameters<Bench["call"]>) => bench.call(...given);
const codeOf = async (...given: Parameters<Bench["call"]>) => {
  const { status, json } = await call(...given);
  return [status, json.error.code];
};

describe("partners", () => {
  test("created with its secret once, then replaced, shown, listed, deleted", async () => {
    const created = await call("PUT", "/v1/partners/acme", { name: "Acme" });
    expect([created.status, created.json]).toMatchObject([
      201,
      {
        id: "acme",
        name: "Acme",
        rate_per_second: null,
        burst: null,
        max_in_flight: 16,
        signing_secret: expect.stringMatching(/^whsec_/),
      },
    ]);
    const replaced = await call("PUT", "/v1/partners/acme", {
      name: "Acme",
      rate_per_second: 50,
      burst: 5,
      max_in_flight: 10,
    });
    expect([replaced.status, replaced.json.rate_per_second, replaced.json.signing_secret]).toEqual([
      200,
      50,
      undefined,
    ]);
    expect((await call("GET", "/v1/partners/acme")).json.max_in_flight).toBe(10);
    expect((await call("GET", "/v1/partners?limit=2")).json.partners).toHaveLength(1);
    expect(bench.engine.asked).toContainEqual(["listPartners", { limit: 2 }]);
    const deleted = await call("DELETE", "/v1/partners/acme");
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    expect(await codeOf("GET", "/v1/partners/acme")).toEqual([404, "not_found"]);
    expect(await codeOf("DELETE", "/v1/partners/acme")).toEqual([404, "not_found"]);
  });

  test("a deletion does not wait for a large backlog, and tells that it is being cancelled", async () => {
    await call("PUT", "/v1/partners/large", { name: "Large" });
    const deleted = await call("DELETE", "/v1/partners/large");
    expect([deleted.status, deleted.json]).toEqual([202, { cancelling: true }]);
    expect(await codeOf("GET", "/v1/partners/large")).toEqual([404, "not_found"]);
  });

  test("a change takes effect at once", async () => {
    await call("PUT", "/v1/partners/acme", { name: "Acme" });
    expect(bench.engine.sweeps).toBe(1);
    expect((await call("POST", "/v1/partners/acme/pause")).json.state).toBe("paused");
    expect((await call("POST", "/v1/partners/acme/resume")).json.state).toBe("active");
    expect(bench.engine.sweeps).toBe(3);
    expect(await codeOf("POST", "/v1/partners/none/pause")).toEqual([404, "not_found"]);
  });

  test("keys: rotated with an overlap, by scheme, and listed without secrets", async () => {
    await call("PUT", "/v1/partners/acme", { name: "Acme" });
    const rotated = await call("POST", "/v1/partners/acme/rotate-secret", { overlap: "2h" });
    expect(rotated.json).toEqual({ signing_secret: "whsec_bmV4dA==", public_key: null, keys: [] });
    expect(bench.engine.asked).toContainEqual([
      "rotateSecret",
      "acme",
      { overlapMs: 7_200_000, scheme: "v1" },
      expect.any(Number),
    ]);
    await call("POST", "/v1/partners/acme/rotate-secret");
    expect(bench.engine.asked).toContainEqual([
      "rotateSecret",
      "acme",
      { overlapMs: 86_400_000, scheme: "v1" },
      expect.any(Number),
    ]);
    expect((await call("POST", "/v1/partners/acme/rotate-secret", { scheme: "v1a" })).json).toMatchObject({
      signing_secret: null,
      public_key: "whpk_cHVibGlj",
    });
    expect((await call("GET", "/v1/partners/acme/keys")).json.keys).toHaveLength(1);
    expect(await codeOf("GET", "/v1/partners/none/keys")).toEqual([404, "not_found"]);
    expect(await codeOf("POST", "/v1/partners/none/rotate-secret", {})).toEqual([404, "not_found"]);
  });

  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  test("a secret is taken on creation and by a rotation; the answer says so and does not repeat it", async () => {
    const created = await call("PUT", "/v1/partners/acme", { name: "Acme", signing_secret: secret });
    expect([created.status, created.json.signing_secret_given]).toEqual([201, true]);
    expect(bench.engine.asked).toContainEqual([
      "putPartner",
      "acme",
      expect.not.objectContaining({ signing_secret: secret }),
      expect.any(Number),
      { secret },
    ]);
    const rotated = await call("POST", "/v1/partners/acme/rotate-secret", { signing_secret: secret });
    expect(rotated.json).toMatchObject({ signing_secret: null, signing_secret_given: true });
    for (const { text } of [created, rotated]) expect(text).not.toContain(secret.slice(6));
    expect(bench.lines.join("")).not.toContain(secret.slice(6));
  });

  test.each([
    ["no name", {}, "name"],
    ["a secret that is no text", { name: "A", signing_secret: 7 }, "signing_secret"],
    ["a secret too long", { name: "A", signing_secret: "w".repeat(201) }, "signing_secret"],
    ["a rate of 0", { name: "A", rate_per_second: 0 }, "rate_per_second"],
    ["a rate too high", { name: "A", rate_per_second: 100_001 }, "rate_per_second"],
    ["half a burst", { name: "A", burst: 1.5 }, "burst"],
    ["too many in flight", { name: "A", max_in_flight: 1_001 }, "max_in_flight"],
    ["a misspelt key", { name: "A", rate_per_secnd: 1 }, "rate_per_secnd"],
  ])("with %s is refused, and the place named", async (_, body, path) => {
    const { status, json } = await call("PUT", "/v1/partners/acme", body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_request", path]);
  });

  test("an id in capitals is refused with its remedy", async () => {
    const { status, json } = await call("PUT", "/v1/partners/Acme", { name: "Acme" });
    expect([status, json.error.issues[0]]).toMatchObject([
      400,
      { path: "id", message: expect.stringContaining("did you mean acme?") },
    ]);
  });
});

describe("endpoints", () => {
  const path = "/v1/partners/acme/endpoints/main";
  beforeEach(async () => {
    await call("PUT", "/v1/partners/acme", { name: "Acme" });
  });

  test("stored with what is most likely wrong; a fault in finding that changes nothing", async () => {
    const { json } = await call("PUT", path, { url: "https://a.example/pb?p={data.payuot?}" });
    expect(json.warnings).toMatchObject([{ macro: "data.payuot", nearest: "data.payout" }]);
    expect((await call("GET", path)).json).not.toHaveProperty("warnings");
    expect((await call("GET", "/v1/endpoint-warnings")).json).toMatchObject({
      checked: 1,
      more: false,
      warnings: [{ partner: "acme", endpoint: "main" }],
    });
    bench.engine.failing.add("endpointWarnings");
    const again = await call("PUT", path, { url: "https://a.example/pb" });
    expect([again.status, again.json.warnings]).toEqual([200, []]);
  });

  test("created from its URL alone with every default, then replaced, shown, listed, deleted", async () => {
    const { status, json } = await call("PUT", path, { url: "https://a.example/pb" });
    expect([status, json]).toMatchObject([
      201,
      {
        method: "POST",
        events: ["*"],
        headers: {},
        body: "envelope",
        timeout: "10s",
        enabled: true,
        signing: ["v1"],
      },
    ]);
    expect(json.retry).toEqual({
      schedule: ["5s", "1m", "5m", "30m", "2h", "6h", "12h", "24h", "24h"],
      client_error_schedule: ["5m", "1h", "6h"],
      jitter: "full",
      expires_after: "80h",
      retry_after_max: "24h",
    });
    expect([json.breaker, json.disable_after]).toEqual([endpointDefaults.breaker, "5d"]);
    const tuned = await call("PUT", path, {
      url: "https://a.example/pb",
      breaker: { consecutive_failures: 3 },
      disable_after: null,
    });
    expect(tuned.json).toMatchObject({
      breaker: { ...endpointDefaults.breaker, consecutive_failures: 3 },
      disable_after: null,
    });
    expect((await call("PUT", path, { url: "https://a.example/pb", breaker: null })).json.breaker).toBeNull();
    const wrong = { url: "https://a.example/pb", breaker: { first_wait: "2d" } };
    expect(await codeOf("PUT", path, wrong)).toEqual([400, "invalid_request"]);
    const get = await call("PUT", path, {
      url: "https://a.example/pb?e={event_id!}",
      method: "GET",
      retry: { schedule: ["100ms", "200ms"] },
    });
    expect([get.status, get.json.body, get.json.retry.schedule, get.json.retry.jitter]).toEqual([
      200,
      "none",
      ["100ms", "200ms"],
      "full",
    ]);
    expect((await call("GET", path)).json.method).toBe("GET");
    expect((await call("GET", "/v1/partners/acme/endpoints")).json.endpoints).toHaveLength(1);
    expect((await call("DELETE", path)).status).toBe(204);
    expect(await codeOf("GET", path)).toEqual([404, "not_found"]);
    expect(await codeOf("DELETE", path)).toEqual([404, "not_found"]);
    expect(await codeOf("GET", "/v1/partners/none/endpoints")).toEqual([404, "not_found"]);
    expect(await codeOf("PUT", "/v1/partners/none/endpoints/main", { url: "https://a.example/" })).toEqual([
      404,
      "not_found",
    ]);
  });

  test("a JSON document is a body", async () => {
    const { status, json } = await call("PUT", path, {
      url: "https://a.example/",
      body: { id: "{event_id!}", list: [1, null] },
    });
    expect([status, json.body]).toEqual([201, { id: "{event_id!}", list: [1, null] }]);
  });

  test("a template the engine refuses: 400 with the character", async () => {
    const { status, json } = await call("PUT", path, { url: "https://{host}/" });
    expect([status, json.error.code, json.error.issues[0]]).toEqual([
      400,
      "invalid_template",
      { path: "url", message: "no macro here", position: 8 },
    ]);
  });

  test("a flagged postback, and resume", async () => {
    expect(await codeOf("POST", `${path}/test`)).toEqual([404, "not_found"]);
    expect(await codeOf("POST", `${path}/resume`)).toEqual([404, "not_found"]);
    await call("PUT", path, { url: "https://a.example/" });
    expect((await call("POST", `${path}/test`)).json).toMatchObject({
      verdict: "accepted",
      response: { status: 200 },
    });
    const sweeps = bench.engine.sweeps;
    expect((await call("POST", `${path}/resume`)).status).toBe(200);
    expect(bench.engine.sweeps).toBe(sweeps + 1);
  });

  test.each([
    ["no url", {}, "url"],
    ["another method", { url: "https://a.example/", method: "HEAD" }, "method"],
    ["no events", { url: "https://a.example/", events: [] }, "events"],
    ["a star in the middle", { url: "https://a.example/", events: ["a.*.b"] }, "events[0]"],
    ["a wait without unit", { url: "https://a.example/", retry: { schedule: ["5"] } }, "retry.schedule[0]"],
    ["a wait that is a number", { url: "https://a.example/", retry: { schedule: [5] } }, "retry.schedule[0]"],
    ["a misspelt key within", { url: "https://a.example/", retry: { shedule: [] } }, "retry.shedule"],
    ["a timeout too long", { url: "https://a.example/", timeout: "1h" }, "timeout"],
    ["a header name with a space", { url: "https://a.example/", headers: { "x y": "1" } }, 'headers["x y"]'],
    ["a scheme twice", { url: "https://a.example/", signing: ["v1", "v1"] }, "signing"],
    ["a body that is a number", { url: "https://a.example/", body: 7 }, "body"],
  ])("with %s is refused, and the place named", async (_, body, where) => {
    const { status, json } = await call("PUT", path, body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_request", where]);
  });
});

describe("deliveries and events", () => {
  test("an event with its deliveries; ids may hold any visible character", async () => {
    expect((await call("GET", "/v1/events/conv-1")).json).toMatchObject({
      event_id: "conv-1",
      deliveries: [{ reason: "rejected", attempts: [{ n: 1 }] }],
    });
    const id = "a/b?c%41#d";
    expect(await codeOf("GET", `/v1/events/${encodeURIComponent(id)}`)).toEqual([404, "not_found"]);
    expect(bench.engine.asked).toContainEqual(["getEvent", id]);
  });

  test("listed by every key, page after page", async () => {
    const filter = {
      state: "dead",
      partner: "acme",
      endpoint: "main",
      type: "a.b",
      reason: "rejected",
      event_id: "x",
      time: "finished",
      since: "2026-01-01T00:00:00Z",
      until: "2026-02-01T00:00:00Z",
    };
    const query = new URLSearchParams({ ...filter, limit: "7", cursor: "next" });
    const { json } = await call("GET", `/v1/deliveries?${query.toString()}`);
    expect(json).toMatchObject({ deliveries: [{ id: "dlv_1" }], next_cursor: "next" });
    expect(bench.engine.asked).toContainEqual(["listDeliveries", filter, { limit: 7, cursor: "next" }]);
    await call("GET", "/v1/deliveries");
    expect(bench.engine.asked).toContainEqual(["listDeliveries", {}, { limit: 50 }]);
  });

  test.each([
    ["state=dad", "state"],
    ["reason=bored", "reason"],
    ["limit=0", "limit"],
    ["limit=501", "limit"],
    ["limit=x", "limit"],
    ["since=yesterday", "since"],
    ["since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since"],
    ["since=2999-02-01T00:00:00Z", "since"],
    ["time=ended", "time"],
    ["state=delivered&reason=rejected", "reason"],
    ["state=dead&reason=expired", "reason"],
    ["state=pending&reason=cancelled", "reason"],
    ["type=conv*", "type"],
    ["type=*.approved", "type"],
    ["type=a..b", "type"],
    ["type=a.%2a.b", "type"],
    ["partner=Acme", "partner"],
    ["state=dead&state=pending", "state"],
    ["staet=dead", "staet"],
  ])("the query %s is refused, and the place named", async (query, path) => {
    const { status, json } = await call("GET", `/v1/deliveries?${query}`);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_request", path]);
  });

  test("a bad cursor, one delivery, and the groups", async () => {
    expect(await codeOf("GET", "/v1/deliveries?cursor=bad")).toEqual([400, "invalid_request"]);
    expect((await call("GET", "/v1/deliveries/dlv_1")).json.id).toBe("dlv_1");
    expect(await codeOf("GET", "/v1/deliveries/none")).toEqual([404, "not_found"]);
    expect((await call("GET", "/v1/delivery-groups?state=dead")).json).toMatchObject({
      matched: 3,
      groups: [{ count: 2 }, { count: 1 }],
    });
  });
});

describe("replays", () => {
  test("begun, shown, listed, cancelled", async () => {
    const { status, json } = await call("POST", "/v1/replays", {
      filter: { delivery_ids: ["dlv_1"] },
      rate_per_second: 5,
    });
    expect([status, json]).toMatchObject([
      202,
      {
        replay_id: "rpl_1",
        matched: 2,
        groups: [{ partner: "acme" }],
        skipped: [{ cause: "endpoint_deleted" }],
      },
    ]);
    expect(bench.engine.asked).toContainEqual([
      "createReplay",
      { filter: { delivery_ids: ["dlv_1"] }, ratePerSecond: 5, requestedBy: expect.stringMatching(/^key:/) },
      expect.any(Number),
    ]);
    expect(bench.engine.sweeps).toBe(1);
    expect((await call("GET", "/v1/replays/rpl_1")).json.state).toBe("running");
    expect((await call("GET", "/v1/replays")).json.replays).toHaveLength(1);
    expect((await call("DELETE", "/v1/replays/rpl_1")).json.state).toBe("cancelled");
    expect(await codeOf("GET", "/v1/replays/none")).toEqual([404, "not_found"]);
    expect(await codeOf("DELETE", "/v1/replays/none")).toEqual([404, "not_found"]);
  });

  test("a dry run counts what a replay would take, and begins nothing", async () => {
    const { status, json } = await call("POST", "/v1/replays", { filter: {}, dry_run: true });
    expect([status, json]).toMatchObject([
      202,
      {
        replay_id: null,
        matched: 2,
        groups: [{ count: 2 }],
        skipped: [{ cause: "endpoint_deleted", count: 1 }],
        waiting: [{ cause: "partner_paused", count: 2 }],
      },
    ]);
    expect(bench.engine.asked).toContainEqual(["previewReplay", {}, expect.any(Number)]);
    expect(bench.engine.asked.map(([name]) => name)).not.toContain("createReplay");
  });

  test.each([
    ["no filter", {}, "filter"],
    ["pending ones", { filter: { state: "pending" } }, "filter.state"],
    ["no ids", { filter: { delivery_ids: [] } }, "filter.delivery_ids"],
    ["a page", { filter: { limit: 5 } }, "filter.limit"],
    ["a rate of 0", { filter: {}, rate_per_second: 0 }, "rate_per_second"],
  ])("of %s are refused, and the place named", async (_, body, path) => {
    const { status, json } = await call("POST", "/v1/replays", body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_request", path]);
  });
});

test.each([
  ["GET", "/v1/partners/neacme", "near-cme"],
  ["DELETE", "/v1/partners/neacme", "near-cme"],
  ["POST", "/v1/partners/neacme/pause", "near-cme"],
  ["GET", "/v1/partners/neacme/endpoints/main", "near-cme"],
  ["GET", "/v1/partners/acme/endpoints/neain", "near-in"],
  ["POST", "/v1/partners/acme/endpoints/neain/resume", "near-in"],
])("%s %s names what was meant, in words that fit the API and the command", async (method, path, near) => {
  await call("PUT", "/v1/partners/acme", { name: "Acme" });
  const { status, json } = await call(method, path);
  expect([status, json.error.code]).toEqual([404, "not_found"]);
  expect(json.error.hint).toContain(`Did you mean ${near}?`);
  expect(json.error.hint).not.toMatch(/\b(GET|PUT|POST)\b/);
});

test("the status, conservation and the reasons", async () => {
  const { json } = await call("GET", "/v1/status");
  expect(json).toMatchObject({
    roles: ["api", "worker"],
    ledger: { adapter: "fake", version: "fake 1", migration: 1 },
    dispatcher: { dispatching: true, in_flight: 1, turns_active: 2, turns_waiting: 3, unrecorded: 4 },
    backlog: { pending: 7 },
    endpoints: { paused: 5, open: 1, half_open: 0, ramping: 2, failing: 3, refusing: 4 },
    vacuum: {
      held_back_by: [{ found: "a transaction of pg_dump, pid 4711 (active)", transactions: 9 }],
      unseen: 2,
      dead_pending: 1_000,
    },
  });
  expect((await call("GET", "/v1/conservation")).json).toEqual({
    accepted: 3,
    pending: 1,
    finished: { delivered: 2 },
    drift: 0,
  });
  expect((await call("GET", "/v1/reasons")).json.reasons).toContainEqual({
    reason: "rejected",
    state: "dead",
    meaning: expect.any(String),
  });
});
