import { errorCodes, PostriderError } from "@postrider/engine";
import { describe, expect, test } from "vitest";
import { serverOverFake, testKey } from "../testing/server-over-fake.testsuite.ts";

const event = { event_id: "conv-1", type: "conversion.approved", data: { payout: 1 } };

describe("who may call", () => {
  test("no key, an unknown key and another scheme are refused in the documented form", async () => {
    const { call } = await serverOverFake();
    for (const authorization of [null, "Bearer wrong-key-0123456789", `Basic ${testKey}`]) {
      const { status, json, headers } = await call("GET", "/v1/partners", undefined, { authorization });
      expect(status).toBe(401);
      expect(json.error).toMatchObject({
        code: "unauthorized",
        message: expect.any(String),
        hint: expect.any(String),
      });
      expect(headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  test("each of several keys is good, and the audit names which without giving it away", async () => {
    const second = "prk_second-key-0123456789";
    const { call, engine } = await serverOverFake({ POSTRIDER_API_KEY: `${testKey},${second}` });
    for (const key of [testKey, second]) {
      const { status } = await call(
        "POST",
        "/v1/replays",
        { filter: {} },
        { authorization: `Bearer ${key}` },
      );
      expect(status).toBe(202);
    }
    const callers = engine.asked
      .filter(([name]) => name === "createReplay")
      .map(([, request]) => (request as { requestedBy: string }).requestedBy);
    expect(new Set(callers).size).toBe(2);
    for (const caller of callers) expect(caller).toMatch(/^key:[0-9a-f]{12}$/);
  });

  test("a signature beside the key, as older senders made one, is not looked at", async () => {
    const { call } = await serverOverFake();
    const headers = { "webhook-id": "req_1", "webhook-timestamp": "1", "webhook-signature": "v1,zzz" };
    expect((await call("POST", "/v1/events", event, headers)).status).toBe(202);
    expect((await call("GET", "/v1/partners", undefined, headers)).status).toBe(200);
  });

  test("health, metrics and the document are open", async () => {
    const { call } = await serverOverFake();
    for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json"]) {
      expect([path, (await call("GET", path, undefined, { authorization: null })).status]).toEqual([
        path,
        200,
      ]);
    }
  });

  test("a stranger learns nothing of the paths under /v1", async () => {
    const { call } = await serverOverFake();
    expect((await call("GET", "/v1/nothing", undefined, { authorization: null })).json.error.code).toBe(
      "unauthorized",
    );
    expect((await call("GET", "/v1/nothing")).json.error.code).toBe("not_found");
    expect((await call("GET", "/elsewhere", undefined, { authorization: null })).json.error.code).toBe(
      "not_found",
    );
  });

  test("a process without the api role serves health only", async () => {
    const { call } = await serverOverFake({ POSTRIDER_ROLES: "worker" });
    for (const path of ["/v1/events", "/v1/status"])
      expect(await call("POST", path, event)).toMatchObject({
        status: 404,
        json: {
          error: {
            code: "not_found",
            message: "This process has no role api, so nothing is under /v1.",
            hint: expect.stringContaining("POSTRIDER_ROLES"),
          },
        },
      });
    expect((await call("GET", "/elsewhere")).json.error.message).toBe("There is nothing under this path.");
    expect((await call("GET", "/readyz")).status).toBe(200);
  });
});

describe("refusals", () => {
  test("a known path with another method: 405 and what it takes", async () => {
    const { call } = await serverOverFake();
    const { status, json, headers } = await call("PATCH", "/v1/partners/acme", {});
    expect([status, json.error.code]).toEqual([405, "method_not_allowed"]);
    expect(headers.get("allow")?.split(", ").sort()).toEqual(["DELETE", "GET", "PUT"]);
  });

  test("a body that is too large: 413, told or streamed", async () => {
    const { call, server } = await serverOverFake({ POSTRIDER_MAX_BODY_BYTES: "1024" });
    expect((await call("POST", "/v1/events", "x".repeat(2_000))).json.error.code).toBe("payload_too_large");
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("x".repeat(700)));
      },
    });
    const init = {
      method: "POST",
      headers: { authorization: `Bearer ${testKey}` },
      body: stream,
      duplex: "half",
    };
    const status = await fetch(`${server.url}/v1/events`, init as RequestInit).then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect((await call("GET", "/v1/partners")).status).toBe(200);
  });

  test("another media type: 415; broken JSON and broken UTF-8: 400", async () => {
    const { call } = await serverOverFake();
    const form = await call("POST", "/v1/events", "a=b", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect([form.status, form.json.error.code]).toEqual([415, "unsupported_media_type"]);
    expect((await call("PUT", "/v1/partners/acme", "{")).json.error).toMatchObject({
      code: "invalid_request",
      hint: expect.any(String),
    });
    const broken = await call(
      "POST",
      "/v1/events",
      new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    );
    expect(broken.json.error.message).toContain("UTF-8");
    expect((await call("PUT", "/v1/partners/acme")).json.error.message).toContain("missing");
  });

  test("a foreign fault: 500 with an id that the log has, and nothing of its message", async () => {
    const { call, engine, lines } = await serverOverFake();
    engine.failWith = new Error("password=hunter2");
    const { status, json, text, headers } = await call("GET", "/v1/partners");
    expect([status, json.error.code]).toEqual([500, "internal"]);
    expect(text).not.toContain("hunter2");
    const requestId = headers.get("x-request-id") ?? "absent";
    expect(json.error.message).toContain(requestId);
    expect(lines.join("")).toContain(requestId);
  });

  test("an unreachable ledger: 503 with Retry-After", async () => {
    const { call, engine } = await serverOverFake();
    engine.failWith = new PostriderError("ledger_unavailable", "The ledger cannot be reached.");
    for (const [method, path, body] of [
      ["POST", "/v1/events", event],
      ["GET", "/v1/partners", undefined],
    ] as const) {
      const { status, json, headers } = await call(method, path, body);
      expect([status, json.error.code]).toEqual([503, "ledger_unavailable"]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
  });

  test("every code has a status the API can answer with", () => {
    for (const { status } of Object.values(errorCodes)) expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe("health", () => {
  test("liveness follows the dispatcher's progress; a process that does not dispatch is alive", async () => {
    const { call, engine } = await serverOverFake();
    expect((await call("GET", "/healthz")).json).toEqual({ status: "ok" });
    const apiOnly = await serverOverFake({ POSTRIDER_ROLES: "api" });
    apiOnly.engine.progressMs = 0;
    expect((await apiOnly.call("GET", "/healthz")).status).toBe(200);
    engine.progressMs = 0;
    expect((await call("GET", "/healthz")).status).toBe(200);
  });

  test("readiness follows the ledger", async () => {
    const { call, engine } = await serverOverFake();
    engine.failWith = new Error("gone");
    const { status, json } = await call("GET", "/readyz");
    expect([status, json.status]).toEqual([503, "failing"]);
    expect(json.reason).toContain("ledger");
  });

  test("metrics count calls by route, results and the backlog, and hold no key", async () => {
    const { call, engine } = await serverOverFake();
    await call("POST", "/v1/events", event);
    const { text } = await call("GET", "/metrics");
    expect(text).toContain('postrider_accept_events_total{status="accepted"} 1');
    expect(text).toMatch(
      /postrider_http_request_duration_seconds_count\{method="POST",path="\/v1\/events",status="202"\} 1/,
    );
    expect(text).toContain('postrider_partner_pending_deliveries{partner="acme"} 7');
    expect(text).toContain("postrider_turns_active 2");
    expect(text).toContain('postrider_circuit_endpoints{state="ramping"} 2');
    expect(text).not.toContain(testKey);
    engine.failWith = new Error("gone");
    expect((await call("GET", "/metrics")).status).toBe(200);
  });
});
