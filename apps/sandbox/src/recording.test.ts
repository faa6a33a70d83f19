import { randomBytes } from "node:crypto";
import { generateKeyPair, generateSecret, type Secret, sign } from "@postrider/protocol";
import { afterAll, beforeEach, expect, test } from "vitest";
import { keptBodyBytes } from "./received-request.ts";
import { type SandboxPartner, startSandbox } from "./sandbox.ts";
import { rawRequest, statusOf } from "./testing/raw-client.ts";

const startMs = Date.parse("2026-01-31T10:00:00Z");
let nowMs = startMs;
const sandbox = await startSandbox({ port: 0, now: () => nowMs, keep: 50 });
afterAll(() => sandbox.close());

const secret = generateSecret(randomBytes);
let partner: SandboxPartner;
let names = 0;
beforeEach(() => {
  nowMs = startMs;
  partner = sandbox.partner(`p${(names += 1)}`);
});

interface Signed {
  id?: string;
  body?: string | Uint8Array;
  with?: Secret;
  atMs?: number;
}

async function send({
  id = "msg_1",
  body = '{"a":1}',
  with: key = secret,
  atMs = nowMs,
}: Signed = {}): Promise<void> {
  const headers = await sign(body, { id, timestampSeconds: Math.floor(atMs / 1_000), secrets: [key] });
  await rawRequest(partner.url, { body, headers: { ...headers } });
}

test("a request is listed as it came", async () => {
  await rawRequest(`${partner.url}/deep/%7Epath?b=2&a=%20+&a=%C3%A9`, {
    body: "grüß",
    headers: { "X-Twice": "1", "x-twice": "2" },
  });
  const [request] = await partner.requests();
  expect(request).toMatchObject({
    at: "2026-01-31T10:00:00.000Z",
    partner: partner.name,
    method: "POST",
    url: `/p/${partner.name}/deep/%7Epath?b=2&a=%20+&a=%C3%A9`,
    body: "grüß",
    body_bytes: 6,
    body_truncated: false,
    webhook_id: null,
    duplicate: false,
    verification: { verdict: "unsigned" },
    answered: 200,
  });
  expect(request!.headers).toMatchObject({ "x-twice": "1, 2" });
});

test("a body that is not UTF-8 is listed in base64, NUL and all", async () => {
  await rawRequest(partner.url, { body: new Uint8Array([0, 0xff, 0x41]) });
  const [request] = await partner.requests();
  expect(request).toMatchObject({ body_base64: "AP9B" });
  expect(request).not.toHaveProperty("body");
});

test("verified, failed with its code, unsigned, unchecked", async () => {
  await send({ id: "before-any-secret" });
  partner.secret(secret.reveal().text);
  await send();
  await send({ with: generateSecret(randomBytes) });
  await send({ atMs: nowMs - 301_000 });
  await rawRequest(partner.url, { body: "{}" });
  const verdicts = (await partner.requests()).map(({ verification }) => verification);
  expect(verdicts).toEqual([
    { verdict: "unchecked" },
    { verdict: "verified" },
    {
      verdict: "failed",
      code: "signature_mismatch",
      message: expect.any(String),
      findings: [expect.objectContaining({ cause: "signature_mismatch" })],
    },
    {
      verdict: "failed",
      code: "timestamp_too_old",
      message: expect.any(String),
      findings: [expect.objectContaining({ cause: "clock_off" })],
    },
    { verdict: "unsigned" },
  ]);
  expect(await partner.summary()).toEqual({
    requests: 5,
    deliveries: 2,
    duplicates: 2,
    verified: 1,
    failed: 2,
    unsigned: 1,
    unchecked: 1,
  });
});

test("the verdict is of the arrival, however late it is asked for, and with the keys of then", async () => {
  partner.secret(secret.reveal().text);
  await send({ atMs: startMs - 299_000 });
  nowMs += 3_600_000;
  partner.secret();
  expect(await partner.requests()).toMatchObject([{ verification: { verdict: "verified" } }]);
});

test("ed25519 by public key, beside an HMAC secret", async () => {
  const { privateKey, publicKey } = await generateKeyPair(randomBytes);
  partner.publicKey(publicKey.reveal().text);
  partner.secret(secret.reveal().text);
  await send({ with: privateKey });
  await send();
  expect(await partner.summary()).toMatchObject({ verified: 2, failed: 0 });
});

test("a secret that is none is refused without being repeated", () => {
  expect(() => partner.secret("whsec_short")).toThrow(expect.objectContaining({ code: "secret_invalid" }));
  expect(() => partner.secret("whsec_short")).not.toThrow(/short/);
  expect(() => partner.publicKey(secret.reveal().text)).toThrow(/whpk_ belongs here/);
});

test("a long body is verified whole, and kept to its cap", async () => {
  partner.secret(secret.reveal().text);
  await send({ body: `${"x".repeat(keptBodyBytes - 1)}é and more` });
  const [request] = await partner.requests();
  expect(request).toMatchObject({
    verification: { verdict: "verified" },
    body_bytes: keptBodyBytes + 10,
    body_truncated: true,
  });
  expect(request!.body).toBe("x".repeat(keptBodyBytes - 1));
});

test("counts and verdicts go on beyond what is kept", async () => {
  partner.secret(secret.reveal().text);
  for (let sent = 0; sent < 60; sent += 1) await send({ id: `msg_${sent % 40}` });
  expect(await partner.requests()).toHaveLength(50);
  expect((await partner.requests())[0]).toMatchObject({ webhook_id: "msg_10" });
  expect(await partner.summary()).toMatchObject({
    requests: 60,
    deliveries: 40,
    duplicates: 20,
    verified: 60,
  });
});

test("duplicates are told apart by partner", async () => {
  const other = sandbox.partner("other");
  await rawRequest(partner.url, { headers: { "Webhook-Id": "a" } });
  await rawRequest(other.url, { headers: { "webhook-id": "a" } });
  await rawRequest(partner.url, { headers: { "webhook-id": "a" } });
  expect((await partner.requests()).map(({ duplicate }) => duplicate)).toEqual([false, true]);
  expect((await other.requests()).map(({ duplicate }) => duplicate)).toEqual([false]);
});

/** Sends one request per id, one after another. */
async function statuses(url: string, ids: (string | undefined)[]): Promise<number[]> {
  const seen: number[] = [];
  for (const id of ids)
    seen.push(statusOf(await rawRequest(url, id === undefined ? {} : { headers: { "webhook-id": id } })));
  return seen;
}

test("every delivery fails twice on its own; without an id the URL stands in", async () => {
  partner.script("each:500x2,ok");
  expect(await statuses(partner.url, ["a", "b", "a", "b", "a", "b"])).toEqual([500, 500, 500, 500, 200, 200]);
  expect(await statuses(`${partner.url}?x=1`, [undefined, undefined, undefined])).toEqual([500, 500, 200]);
  expect(await statuses(`${partner.url}?x=2`, [undefined])).toEqual([500]);
});

test("waitFor says how far it came", async () => {
  await rawRequest(partner.url);
  await expect(partner.waitFor(2, 20)).rejects.toThrow(expect.objectContaining({ code: "wait_timed_out" }));
  await expect(partner.waitFor(2, 20)).rejects.toThrow("received 1 of 2 requests in 20 ms");
  const waiting = partner.waitFor(2);
  await rawRequest(partner.url);
  expect(await waiting).toHaveLength(2);
});

test("clear forgets requests, counts and ids, and late verdicts of what was forgotten", async () => {
  partner.secret(secret.reveal().text);
  await send();
  sandbox.clear();
  expect(await partner.summary()).toMatchObject({ requests: 0, deliveries: 0, verified: 0 });
  await send();
  expect(await partner.requests()).toMatchObject([
    { duplicate: false, verification: { verdict: "verified" } },
  ]);
});
