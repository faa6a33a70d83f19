/** The server over the real engine, on an embedded ledger in memory. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { memberText } from "@postrider/engine/json-text";
import { parseSecret, verify } from "@postrider/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readSettings } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";
import { caller } from "./testing/server-over-fake.testsuite.ts";

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

const received: Received[] = [];
let answerWith = 200;
const partner = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    received.push({ request, body: Buffer.concat(chunks) });
    response.writeHead(answerWith).end("noted");
  });
});

let server: RunningServer;
let call: ReturnType<typeof caller>;
let target: string;
const lines: string[] = [];

beforeAll(async () => {
  await new Promise<void>((resolve) => partner.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(partner.address() as AddressInfo).port}`;
  target = `http://${host}/pb`;
  const env = { POSTRIDER_PORT: "0", POSTRIDER_DATA_DIR: "memory://", POSTRIDER_ALLOW_TARGETS: host };
  server = await startServer(readSettings(env), { logTo: { write: (line) => void lines.push(line) } });
  call = caller(server.url, server.apiKey.reveal());
});
afterAll(async () => {
  await server?.stop();
  partner.close();
});
beforeEach(() => {
  received.length = 0;
  answerWith = 200;
});

/** Waits until an event's deliveries have all left `pending`. */
const settled = (eventId: string) =>
  vi.waitFor(
    async () => {
      const { json } = await call("GET", `/v1/events/${eventId}`);
      expect(json.deliveries.map(({ state }: { state: string }) => state)).not.toContain("pending");
      expect(json.deliveries).not.toEqual([]);
      return json;
    },
    { timeout: 15_000, interval: 20 },
  );

async function endpointOf(id: string, document: object = {}): Promise<string> {
  const { json } = await call("PUT", `/v1/partners/${id}`, { name: id });
  const put = await call("PUT", `/v1/partners/${id}/endpoints/main`, { url: target, ...document });
  expect(put.status).toBe(201);
  return json.signing_secret;
}

describe("the whole way", () => {
  test("accepted, delivered signed, explained; again is a duplicate, other content a conflict", async () => {
    const secret = await endpointOf("acme");
    const event =
      '{"event_id":"conv-1","type":"conversion.approved","partner":"acme","data":{"payout":10.50}}';
    expect((await call("POST", "/v1/events", event)).json.results).toEqual([
      { event_id: "conv-1", status: "accepted", deliveries: 1 },
    ]);
    const { deliveries } = await settled("conv-1");
    expect(deliveries).toMatchObject([
      {
        state: "delivered",
        reason: "accepted_by_partner",
        attempts: [{ n: 1, status: 200, response_body: "noted" }],
      },
    ]);
    const [postback] = received;
    expect(postback?.body.toString()).toContain('"payout":10.50');
    const verified = await verify(postback!.body, postback!.request.headers, {
      secrets: [parseSecret(secret)],
      now: new Date(),
    });
    expect(verified.id).toBe(deliveries[0].id);
    expect((await call("POST", "/v1/events", event)).json.results[0].status).toBe("duplicate");
    const other = await call("POST", "/v1/events", event.replace("10.50", "11"));
    expect([other.status, other.json.error.code]).toEqual([409, "conflict"]);
    expect(received).toHaveLength(1);
    await vi.waitFor(() => expect(lines.join("")).toContain(deliveries[0].id));
  });

  test("dead after its schedule, replayed to delivered under the same id", async () => {
    await endpointOf("beta", { retry: { schedule: ["1ms", "1ms"], jitter: "none" } });
    answerWith = 500;
    await call("POST", "/v1/events", { event_id: "conv-2", type: "a", partner: "beta" });
    const [dead] = (await settled("conv-2")).deliveries;
    expect(dead).toMatchObject({ state: "dead", reason: "retries_exhausted", attempts_made: 3 });
    answerWith = 200;
    const filter = { partner: "beta" };
    const dry = await call("POST", "/v1/replays", { filter, dry_run: true });
    const replay = await call("POST", "/v1/replays", { filter });
    expect([dry.json.matched, replay.json.matched]).toEqual([1, 1]);
    await vi.waitFor(
      async () => expect((await call("GET", `/v1/deliveries/${dead.id}`)).json.state).toBe("delivered"),
      { timeout: 15_000, interval: 20 },
    );
    expect(new Set(received.map(({ request }) => request.headers["webhook-id"]))).toEqual(new Set([dead.id]));
    expect((await call("GET", "/v1/conservation")).json).toMatchObject({ drift: 0, pending: 0 });
  });

  test("a batch with odd events among good ones: each gets its own result", async () => {
    await endpointOf("gamma");
    const odd = { event_id: "odd-1", type: "a", partner: "gamma", data: { nul: "\u0000", half: "\ud800" } };
    const huge = '{"event_id":"odd-2","type":"a","partner":"gamma","data":{"n":1e999999}}';
    const nobody = { event_id: "odd-3", type: "a", partner: "nobody" };
    const good = { event_id: "good-1", type: "a", partner: "gamma" };
    const body = `{"events":[${JSON.stringify(odd)},${huge},${JSON.stringify(nobody)},${JSON.stringify(good)}]}`;
    const { status, json } = await call("POST", "/v1/events", body);
    expect([status, json.results.map((result: { status: string }) => result.status)]).toEqual([
      202,
      ["accepted", "accepted", "invalid", "accepted"],
    ]);
    const alone = await call("POST", "/v1/events", nobody);
    expect([alone.status, alone.json.error.code]).toEqual([400, "invalid_event"]);
  });

  test.each([
    [
      "shown-1",
      '{"n":10.50,"big":12345678901234567890,"zero":-0,"huge":1e400,"long":' + "7".repeat(5_000) + "}",
    ],
    [
      "shown-2",
      String.raw`{ "nul":"\u0000", "half":"\ud800","2":1,"1":2, "a":1.0,"a":2.0, "__proto__":{"x":1E5} }`,
    ],
    ["shown-3", '{"deep":' + "[".repeat(90) + "1.0" + "]".repeat(90) + "}"],
  ])("the data of an event is shown as it was accepted: %s", async (id, data) => {
    await call("PUT", "/v1/partners/shown", { name: "Nobody listens" });
    const event = `{"event_id":"${id}","type":"a","partner":"shown","data":${data}}`;
    expect((await call("POST", "/v1/events", event)).status).toBe(202);
    const { text, json } = await call("GET", `/v1/events/${id}`);
    expect([memberText(text, "data"), json.data_text]).toEqual([data, data]);
    expect(json).toMatchObject({ event_id: id, partner: "shown", deliveries: [] });
  });

  test("a partner keeps the secret it has from another sender", async () => {
    // Example of the Standard Webhooks specification.
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const made = await call("PUT", "/v1/partners/moved", { name: "Moved", signing_secret: secret });
    expect([made.status, made.json.signing_secret, made.json.signing_secret_given]).toEqual([
      201,
      undefined,
      true,
    ]);
    await call("PUT", "/v1/partners/moved/endpoints/main", { url: target });
    await call("POST", "/v1/events", { event_id: "moved-1", type: "a", partner: "moved" });
    await settled("moved-1");
    const [postback] = received;
    const verified = verify(postback!.body, postback!.request.headers, {
      secrets: [parseSecret(secret)],
      now: new Date(),
    });
    await expect(verified).resolves.toBeDefined();
    const again = await call("PUT", "/v1/partners/moved", { name: "Other", signing_secret: secret });
    expect([again.status, again.json.error.issues[0].path]).toEqual([400, "signing_secret"]);
    const wrong = await call("POST", "/v1/partners/moved/rotate-secret", { signing_secret: "whsec_AAAA" });
    expect([wrong.status, wrong.json.error.code]).toEqual([400, "invalid_secret"]);
    for (const shown of [made.text, again.text, wrong.text, lines.join("")]) {
      expect(shown).not.toContain(secret.slice(6));
      expect(shown).not.toContain("whsec_AAAA");
    }
  });

  test("an event without a time, sent again, is a duplicate", async () => {
    await call("PUT", "/v1/partners/lone", { name: "Nobody listens" });
    const event = { event_id: "timeless-1", type: "a", partner: "lone" };
    expect((await call("POST", "/v1/events", event)).json.results[0]).toMatchObject({
      status: "accepted",
      deliveries: 0,
    });
    expect((await call("POST", "/v1/events", event)).json.results[0].status).toBe("duplicate");
  });

  test("a macro in the host and a private target are refused", async () => {
    await call("PUT", "/v1/partners/delta", { name: "Delta" });
    const macro = await call("PUT", "/v1/partners/delta/endpoints/main", {
      url: "https://{data.host}.example/",
    });
    expect([macro.status, macro.json.error.code, macro.json.error.issues[0]]).toMatchObject([
      400,
      "invalid_template",
      { path: "url", position: 8 },
    ]);
    const plain = await call("PUT", "/v1/partners/delta/endpoints/main", { url: "http://10.0.0.1/" });
    expect([plain.status, plain.json.error.code]).toEqual([400, "invalid_target"]);
  });

  test("a test postback is sent and shown", async () => {
    await endpointOf("epsilon");
    const { json } = await call("POST", "/v1/partners/epsilon/endpoints/main/test");
    expect(json).toMatchObject({ verdict: "accepted", response: { status: 200, body: "noted" } });
    expect(received[0]?.request.headers["webhook-test"]).toBe("1");
  });

  test("what it says of itself", async () => {
    expect((await call("GET", "/readyz")).status).toBe(200);
    expect((await call("GET", "/healthz")).status).toBe(200);
    expect((await call("GET", "/v1/status")).json).toMatchObject({
      dispatcher: { dispatching: true },
      ledger: { adapter: expect.any(String) },
    });
    expect((await call("GET", "/metrics")).text).toContain('outcome="delivered"');
    const everything = lines.join("") + (await call("GET", "/metrics")).text;
    expect(everything).not.toContain(server.apiKey.reveal());
    expect(everything).not.toContain("whsec_");
  });
});
