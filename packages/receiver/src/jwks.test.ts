import { generateKeyPair, sign } from "@postrider/protocol";
import { expect, test } from "vitest";
import { now, nowSeconds, secret } from "./testing/signed.ts";
import { jwks, type JwksOptions, verify } from "./index.ts";

const pair = (seed: number) => generateKeyPair((length) => new Uint8Array(length).fill(seed));
const [first, second] = [await pair(1), await pair(2)];
const jwk = ({ publicKey }: typeof first) => ({
  kty: "OKP",
  crv: "Ed25519",
  use: "sig",
  kid: "k",
  x: Buffer.from(publicKey.reveal().bytes).toString("base64url"),
});
const headersOf = (key: typeof first, timestampSeconds = nowSeconds) =>
  sign("{}", { id: "msg_1", timestampSeconds, secrets: [key.privateKey] });
const later = (ms: number) => new Date(now.getTime() + ms);

function source(answer: () => Response | Promise<Response>, options: JwksOptions = {}) {
  const calls: RequestInit[] = [];
  const fetch = (async (_url: unknown, init: RequestInit) => {
    calls.push(init);
    return answer();
  }) as typeof globalThis.fetch;
  return { secrets: [secret, jwks("https://keys.example/jwks.json", { ...options, fetch })], calls };
}
const document =
  (...keys: unknown[]) =>
  () =>
    Response.json({ keys });

test("a v1a signature verifies with a fetched key; once for many, and together", async () => {
  const { secrets, calls } = source(document({ kty: "RSA" }, jwk(first)));
  const headers = await headersOf(first);
  const results = await Promise.all(
    Array.from({ length: 20 }, () => verify("{}", headers, { secrets, now })),
  );
  expect(results[0]).toEqual({ id: "msg_1", timestampSeconds: nowSeconds, scheme: "v1a", secretIndex: 1 });
  expect(calls).toHaveLength(1);
  expect(calls[0]).toMatchObject({ redirect: "manual" });
});

test("a new key is fetched when none fits, and forgeries cannot make that a flood", async () => {
  const keys = [jwk(first)];
  const { secrets, calls } = source(() => Response.json({ keys }));
  await verify("{}", await headersOf(first), { secrets, now });
  const forged = await headersOf(second);
  for (let n = 0; n < 50; n += 1) {
    await expect(verify("{}", forged, { secrets, now })).rejects.toMatchObject({
      code: "signature_mismatch",
    });
  }
  expect(calls).toHaveLength(1);
  keys.unshift(jwk(second));
  const at = later(31_000);
  expect(await verify("{}", await headersOf(second), { secrets, now: at })).toMatchObject({ scheme: "v1a" });
  expect(calls).toHaveLength(2);
});

test("no fetch for a message that is stale, malformed or signed with v1 only", async () => {
  const { secrets, calls } = source(document(jwk(first)));
  const v1 = await sign("{}", {
    id: "msg_1",
    timestampSeconds: nowSeconds,
    secrets: [(await import("@postrider/protocol")).parseSecret(secret)],
  });
  expect(await verify("{}", v1, { secrets, now })).toMatchObject({ scheme: "v1", secretIndex: 0 });
  await expect(verify("{}", await headersOf(first, 1), { secrets, now })).rejects.toMatchObject({
    code: "timestamp_too_old",
  });
  await expect(verify("{}", {}, { secrets, now })).rejects.toMatchObject({ code: "header_missing" });
  await expect(verify("{}", v1, { secrets: secrets.slice(1), now })).rejects.toMatchObject({
    code: "signature_scheme_unmatched",
  });
  expect(calls).toHaveLength(0);
});

test.each([
  ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example" } })],
  ["an error", () => new Response("x", { status: 500 })],
  ["a document above the limit", () => new Response("x".repeat(70_000))],
  ["no Ed25519 key", document({ kty: "RSA" }, null, { kty: "OKP", crv: "Ed25519", x: "short" })],
  ["text that is no JSON", () => new Response("<html>")],
  ["a network failure", () => Promise.reject(new TypeError("fetch failed"))],
])("%s: jwks_unavailable, retried after the cooldown", async (_, answer) => {
  const { secrets, calls } = source(answer);
  const headers = await headersOf(first);
  const unavailable = { code: "jwks_unavailable", fields: { retryAfterSeconds: 30 } };
  await expect(verify("{}", headers, { secrets, now })).rejects.toMatchObject(unavailable);
  await expect(verify("{}", headers, { secrets, now })).rejects.toMatchObject({ code: "jwks_unavailable" });
  expect(calls).toHaveLength(1);
});

test("while fetching fails, known keys serve for a bounded time", async () => {
  let up = true;
  const { secrets } = source(
    () => (up ? Response.json({ keys: [jwk(first)] }) : new Response("", { status: 503 })),
    { staleMs: 3_600_000 },
  );
  const at = async (ms: number) =>
    verify("{}", await headersOf(first, nowSeconds + ms / 1000), { secrets, now: later(ms) });
  await at(0);
  up = false;
  expect(await at(700_000)).toMatchObject({ scheme: "v1a" });
  await expect(at(3_700_000)).rejects.toMatchObject({ code: "jwks_unavailable" });
});

test("only https, unless allowed", () => {
  expect(() => jwks("http://keys.example/")).toThrow("https");
  expect(() => jwks("file:///etc/passwd", { allowHttp: true })).toThrow("https");
  expect(jwks("http://127.0.0.1/", { allowHttp: true })).toBeDefined();
});
