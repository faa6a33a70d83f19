import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateSecret } from "@postrider/protocol";
import { afterAll, beforeEach, expect, test } from "vitest";
import type { Fired } from "./fire.ts";
import { contentSecurityPolicy } from "./page/files.ts";
import { type SandboxPartner, startSandbox } from "./sandbox.ts";
import { rawRequest, statusOf } from "./testing/raw-client.ts";

const sandbox = await startSandbox({ port: 0 });
afterAll(() => sandbox.close());
const secret = generateSecret(randomBytes).reveal().text;
const json = { "content-type": "application/json" };

let partner: SandboxPartner;
let names = 0;
beforeEach(() => {
  sandbox.clear();
  partner = sandbox.partner(`p${(names += 1)}`);
  partner.secret(secret);
});

async function fire(
  document: object,
  headers: Record<string, string> = json,
): Promise<{ status: number; json: Fired & { error: { code: string; message: string } } }> {
  const host = new URL(sandbox.url).host;
  const answer = await rawRequest(`${sandbox.url}/_sandbox/fire`, {
    body: JSON.stringify(document),
    headers: { host, ...headers },
  });
  return {
    status: statusOf(answer),
    json: JSON.parse(answer.text.slice(answer.text.indexOf("\r\n\r\n") + 4)),
  };
}

test("a test message reaches the partner, flagged and verified", async () => {
  const { json: fired } = await fire({ target: `/p/${partner.name}/deep`, type: "sale", data: { a: 1 } });
  expect(fired).toMatchObject({ status: 200, body: "ok" });
  const [request] = await partner.requests();
  expect(request).toMatchObject({
    url: `/p/${partner.name}/deep`,
    webhook_id: fired.webhook_id,
    verification: { verdict: "verified" },
  });
  expect(request!.headers["webhook-test"]).toBe("1");
  expect(JSON.parse(request!.body!)).toMatchObject({ type: "sale", data: { a: 1 } });
});

test.each([
  ["reserialised", "body_reserialised"],
  ["tampered", "signature_mismatch"],
  ["stale", "clock_off"],
  ["wrong_secret", "signature_mismatch"],
])("a message spoiled as %s is listed with the doctor's %s", async (fault, cause) => {
  await fire({ target: `/p/${partner.name}`, fault });
  const verification = (await partner.requests())[0]?.verification;
  expect(verification).toMatchObject({ verdict: "failed", findings: [{ cause }] });
  expect(JSON.stringify(verification)).not.toContain(secret.slice(6));
});

test("an unsigned one is unsigned", async () => {
  await fire({ target: `/p/${partner.name}`, fault: "unsigned" });
  expect((await partner.requests())[0]!.verification).toEqual({ verdict: "unsigned" });
});

test("another server on this machine gets one with the secret given; its redirect is not followed", async () => {
  const server = createServer((request, response) => {
    response.writeHead(302, { location: `${sandbox.url}/p/${partner.name}` });
    response.end(String(request.headers["webhook-signature"]).slice(0, 3));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  const fired = await fire({ target, secret });
  expect(fired.json).toMatchObject({ status: 302, body: "v1," });
  await new Promise((resolve) => server.close(resolve));
  expect(await partner.requests()).toEqual([]);
  expect((await fire({ target, secret })).json).toMatchObject({
    status: null,
    error: expect.stringContaining("ECONNREFUSED"),
  });
});

test("of an endless answer only the start is read", async () => {
  partner.script("endless_body");
  expect((await fire({ target: `/p/${partner.name}` })).json.body).toHaveLength(2_000);
});

test.each([
  ["http://192.0.2.1/x", 403, "target_refused"],
  ["https://127.0.0.1/x", 403, "target_refused"],
  ["http://169.254.169.254/latest", 403, "target_refused"],
  ["http://localhost.evil.example/", 403, "target_refused"],
  ["http://127.0.0.1@evil.example/", 403, "target_refused"],
  ["//evil.example/p/x", 403, "target_refused"],
  ["file:///etc/passwd", 403, "target_refused"],
  [7, 400, "request_invalid"],
])("the target %s is refused", async (target, status, code) => {
  expect(await fire({ target, secret })).toMatchObject({ status, json: { error: { code } } });
});

test.each([
  [{ fault: "worse" }, "request_invalid"],
  [{ data: 7 }, "request_invalid"],
  [{ secret: "whsec_short" }, "secret_invalid"],
  [{ target: "/p/unknown" }, "request_invalid"],
])("%j is refused without an echo of a secret", async (changes, code) => {
  const { status, json: document } = await fire({ target: `/p/${partner.name}`, ...changes });
  expect([status, document.error.code]).toEqual([400, code]);
  expect(document.error.message).not.toContain("short");
});

test.each([
  ["another origin", { ...json, origin: "https://evil.example" }],
  [
    "a name that was rebound to this machine",
    { ...json, host: "evil.example:4500", origin: "http://evil.example:4500" },
  ],
  ["a form's content type", { "content-type": "text/plain" }],
])("a web page may not fire: %s", async (_name, headers) => {
  const { status, json: document } = await fire({ target: `/p/${partner.name}` }, headers);
  expect([status, document.error.code]).toEqual([403, "request_refused"]);
  expect(await partner.requests()).toEqual([]);
});

const get = (path: string, headers: Record<string, string>) =>
  rawRequest(`${sandbox.url}${path}`, { method: "GET", body: "", headers });

test("browsers get the page under a strict policy, everybody else the text", async () => {
  const page = (await get("/", { accept: "text/html,application/xhtml+xml,*/*;q=0.8" })).text;
  expect(page).toContain("content-type: text/html");
  expect(page).toContain(`content-security-policy: ${contentSecurityPolicy}`);
  expect(contentSecurityPolicy).not.toContain("unsafe");
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/);
  for (const [, path] of page.matchAll(/(?:src|href)="(\/_sandbox\/[^"]+)"/g))
    expect(statusOf(await get(path!, {}))).toBe(200);
  expect([...page.matchAll(/(?:src|href)="(\/_sandbox\/[^"]+)"/g)]).toHaveLength(2);
  for (const accept of ["*/*", "application/json", undefined])
    expect((await get("/", accept === undefined ? {} : { accept })).text).toContain(
      "content-type: text/plain",
    );
  expect((await get("/?text", { accept: "text/html" })).text).toContain("content-type: text/plain");
  expect(statusOf(await get("/_sandbox/page/../../package.json", {}))).toBe(404);
});

test("every script that the page offers is one", async () => {
  const { text } = await get("/", { accept: "text/html" });
  const scripts = [...text.matchAll(/<option value="([^"]+)">/g)]
    .map(([, value]) => value!)
    .filter((value) => !/^(none|reserialised|tampered|stale|wrong_secret|unsigned)$/.test(value));
  expect(scripts.length).toBeGreaterThan(10);
  for (const script of scripts) expect(() => partner.script(script)).not.toThrow();
});

test("listed JSON is never sniffed as a page", async () => {
  await rawRequest(`${partner.url}/<script>`, {
    headers: { "x-a": "<script>alert(1)</script>" },
    body: "<html><script>",
  });
  const { text } = await get("/_sandbox/requests", { accept: "text/html" });
  expect(text).toContain("content-type: application/json");
  expect(text).toContain("x-content-type-options: nosniff");
});

test("the doctor sees only the newest of many failures in one listing, and keeps what it said", async () => {
  for (let sent = 0; sent < 12; sent += 1) await fire({ target: `/p/${partner.name}`, fault: "stale" });
  const findings = async (): Promise<boolean[]> =>
    (await partner.requests()).map(({ verification }) => "findings" in verification);
  expect(await findings()).toEqual([false, false, ...Array.from({ length: 10 }, () => true)]);
  expect((await findings()).filter(Boolean)).toHaveLength(10);
});
