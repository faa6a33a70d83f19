/** The main job on either ledger: signed, retried, buried, replayed, never doubled. */
import { createPublicKey, verify } from "node:crypto";
import { type Sandbox, startSandbox } from "@postrider/sandbox";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ledger, ledgers, pooledLedger } from "./ledgers.ts";
import { deliveryIn, eventFor, register } from "./partners.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const all = [...ledgers, ...(pooledLedger === undefined ? [] : [pooledLedger])];

describe.each(all)("on the $name ledger", ({ fresh }) => {
  let ledger: Ledger;
  let sandbox: Sandbox;
  let server: ServerProcess;

  beforeAll(async () => {
    ledger = await fresh();
    sandbox = await startSandbox({ port: 0 });
    server = await startServer({ ...ledger.env, POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host });
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await sandbox?.close();
    ledger?.[Symbol.dispose]();
  });

  test("a body verifies with the npm package standardwebhooks, and a changed one does not", async () => {
    const partner = sandbox.partner("hmac");
    const secret = await register(server, { id: "hmac", endpoint: { url: partner.url } });
    const data = { name: "Zoë & Søn", note: "東京 🎉", amount: "12.50" };
    await server.ok("POST", "/v1/events", eventFor("hmac", "hmac-1", data));
    const [request] = await partner.waitFor(1);
    const webhook = new Webhook(secret);
    const body = request?.body ?? "";
    const headers = request?.headers ?? {};
    expect(webhook.verify(body, headers)).toMatchObject({ id: "hmac-1", type: "conversion.approved", data });
    expect(() => webhook.verify(body.replace("12.50", "92.50"), headers)).toThrow("No matching signature");
  });

  test("an ed25519 signature verifies with node:crypto alone", async () => {
    const partner = sandbox.partner("ed25519");
    await server.ok("PUT", "/v1/partners/ed25519", { name: "ed25519" });
    const rotated = await server.ok("POST", "/v1/partners/ed25519/rotate-secret", { scheme: "v1a" });
    await register(server, { id: "ed25519", endpoint: { url: partner.url, signing: ["v1a"] } });
    await server.ok("POST", "/v1/events", eventFor("ed25519", "ed-1"));
    const [request] = await partner.waitFor(1);
    const {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": signatures,
    } = request?.headers ?? {};
    expect(signatures).toMatch(/^v1a,\S+$/);
    const signature = Buffer.from((signatures ?? "").slice("v1a,".length), "base64");
    const raw = Buffer.from(rotated.public_key.slice("whpk_".length), "base64");
    // RFC 8410: an ed25519 public key is these twelve bytes and the raw key.
    const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    const message = `${id}.${timestamp}.${request?.body}`;
    expect(verify(null, Buffer.from(message), key, signature)).toBe(true);
    expect(verify(null, Buffer.from(`${message} `), key, signature)).toBe(false);
  });

  test("500 with two waits: three attempts under one id, then dead; a replay delivers under the same id", async () => {
    const partner = sandbox.partner("down");
    partner.script("500");
    const retry = { schedule: ["100ms", "200ms"], jitter: "none" };
    partner.secret(await register(server, { id: "down", endpoint: { url: partner.url, retry } }));
    await server.ok("POST", "/v1/events", eventFor("down", "down-1"));
    const dead = await deliveryIn("dead", server, "down-1");
    expect(dead).toMatchObject({ reason: "retries_exhausted", attempts_made: 3, last_status: 500 });
    expect(dead.attempts).toHaveLength(3);

    const requests = await partner.requests();
    expect(requests.map(({ webhook_id, verification }) => [webhook_id, verification.verdict])).toEqual(
      Array.from({ length: 3 }, () => [dead.id, "verified"]),
    );
    for (const { headers, at } of requests) {
      const signedAtMs = Number(headers["webhook-timestamp"]) * 1_000;
      expect(Date.parse(at) - signedAtMs).toBeLessThan(2_000);
    }
    const waits = requests
      .slice(1)
      .map(({ at }, index) => Date.parse(at) - Date.parse(requests[index]?.at ?? ""));
    expect(waits[0]).toBeGreaterThanOrEqual(99);
    expect(waits[1]).toBeGreaterThanOrEqual(199);

    partner.script("ok");
    const filter = { partner: "down" };
    expect(await server.ok("POST", "/v1/replays", { filter, dry_run: true })).toMatchObject({
      matched: 1,
      replay_id: null,
    });
    expect((await server.ok("GET", "/v1/events/down-1")).deliveries[0].state).toBe("dead");
    await server.ok("POST", "/v1/replays", { filter });
    const delivered = await deliveryIn("delivered", server, "down-1");
    expect(delivered).toMatchObject({ id: dead.id, attempts_made: 4, reason: "accepted_by_partner" });
    expect((await partner.requests()).at(-1)).toMatchObject({
      webhook_id: dead.id,
      verification: { verdict: "verified" },
    });
  });

  test("a timestamp is the attempt's, not the event's: a later attempt has a later one", async () => {
    const partner = sandbox.partner("fresh");
    partner.script("500,ok");
    const retry = { schedule: ["1200ms"], jitter: "none" };
    partner.secret(await register(server, { id: "fresh", endpoint: { url: partner.url, retry } }));
    await server.ok("POST", "/v1/events", eventFor("fresh", "fresh-1"));
    const [first, second] = await partner.waitFor(2);
    expect(Number(second?.headers["webhook-timestamp"])).toBeGreaterThan(
      Number(first?.headers["webhook-timestamp"]),
    );
    expect(second?.headers["webhook-signature"]).not.toBe(first?.headers["webhook-signature"]);
    expect([first?.verification.verdict, second?.verification.verdict]).toEqual(["verified", "verified"]);
  });

  test("the same event twice is one delivery; other content is a conflict that changes nothing", async () => {
    const partner = sandbox.partner("once");
    await register(server, { id: "once", endpoint: { url: partner.url } });
    const event = eventFor("once", "once-1", { payout: "1.20", sub: "a" });
    const send = async (given: unknown) => (await server.call("POST", "/v1/events", given)).json.results?.[0];
    expect(await send(event)).toMatchObject({ status: "accepted", deliveries: 1 });
    await deliveryIn("delivered", server, "once-1");
    expect(await send(event)).toMatchObject({ status: "duplicate", deliveries: 1 });
    // The same content, written in another order.
    expect(await send({ ...event, data: { sub: "a", payout: "1.20" } })).toMatchObject({
      status: "duplicate",
    });

    const before = await server.ok("GET", "/v1/events/once-1");
    const refused = await server.call("POST", "/v1/events", { ...event, data: { payout: "9.99", sub: "a" } });
    expect([refused.status, refused.json.error.code]).toEqual([409, "conflict"]);
    expect(await server.ok("GET", "/v1/events/once-1")).toEqual(before);

    // Whatever was queued before this marker has arrived when it has.
    await server.ok("POST", "/v1/events", eventFor("once", "once-2"));
    await deliveryIn("delivered", server, "once-2");
    expect((await partner.summary()).requests).toBe(2);
    expect((await server.ok("GET", "/v1/conservation")).drift).toBe(0);
  });
});
