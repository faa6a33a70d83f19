import { randomBytes } from "node:crypto";
import { generateSecret } from "@postrider/protocol";
import { afterAll, beforeEach, expect, test } from "vitest";
import { startSandbox } from "./sandbox.ts";
import { rawRequest, statusOf } from "./testing/raw-client.ts";

let nowMs = Date.parse("2026-01-31T10:00:00Z");
const sandbox = await startSandbox({ port: 0, now: () => nowMs });
afterAll(() => sandbox.close());

async function call(
  method: string,
  path: string,
  document?: unknown,
): Promise<{ status: number; json: any }> {
  const body =
    document === undefined ? "" : typeof document === "string" ? document : JSON.stringify(document);
  const answer = await rawRequest(`${sandbox.url}${path}`, { method, body });
  const text = answer.bytes.subarray(answer.bytes.indexOf("\r\n\r\n") + 4).toString();
  return { status: statusOf(answer), json: JSON.parse(text) };
}

test.each([
  ["GET", "/_sandbox/requests"],
  ["DELETE", "/_sandbox/requests"],
  ["GET", "/_sandbox/summary"],
  ["PUT", "/_sandbox/partners/acme"],
  ["GET", "/_sandbox/partners/acme"],
  ["POST", "/_sandbox/fire"],
  ["GET", "/"],
  ["GET", "/nothing"],
])("%s %s is refused by another name, and postbacks are not", async (method, path) => {
  const { port } = new URL(sandbox.url);
  const ask = async (host: string, at = path) =>
    statusOf(await rawRequest(`${sandbox.url}${at}`, { method, host }));
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1.evil.example",
    "evil.example@127.0.0.1",
    "localhost.",
    "0.0.0.0",
  ])
    expect([host, await ask(host)]).toEqual([host, 421]);
  for (const host of ["localhost", `LOCALHOST:${port}`, "127.0.0.1", `[::1]:${port}`, "127.9.9.9"])
    expect([host, await ask(host)]).not.toEqual([host, 421]);
  expect(await ask("evil.example", "/p/acme")).toBe(200);
});

test("names that were allowed, and all of them off the loopback", async () => {
  await using named = await startSandbox({ port: 0, allowedHosts: ["Sandbox.test"] });
  await using open = await startSandbox({ port: 0, host: "0.0.0.0" });
  const ask = async (url: string, host: string) =>
    statusOf(await rawRequest(`${url}/_sandbox/summary`, { method: "GET", host }));
  expect(await ask(named.url, "sandbox.test:4500")).toBe(200);
  expect(await ask(named.url, "other.test")).toBe(421);
  expect(await ask(open.url, "sandbox:4500")).toBe(200);
});

let name: string;
let names = 0;
beforeEach(() => {
  sandbox.clear();
  name = `p${(names += 1)}`;
});

test("PUT scripts a partner and keeps what it does not name", async () => {
  const secret = generateSecret(randomBytes).reveal().text;
  const put = await call("PUT", `/_sandbox/partners/${name}`, {
    behaviours: ["500x2", { kind: "ok" }],
    secret,
  });
  const document = {
    name,
    url: `${sandbox.url}/p/${name}`,
    behaviours: [{ kind: "status", status: 500, times: 2 }, { kind: "ok" }],
    secrets: 1,
    public_keys: 0,
  };
  expect(put).toEqual({ status: 200, json: document });
  expect(await call("GET", `/_sandbox/partners/${name}`)).toEqual(put);
  expect((await call("PUT", `/_sandbox/partners/${name}`, { behaviours: "ok" })).json).toMatchObject({
    secrets: 1,
  });
  expect((await call("PUT", `/_sandbox/partners/${name}`, { secret: null })).json).toMatchObject({
    secrets: 0,
    behaviours: [{ kind: "ok" }],
  });
});

test("requests are paged by seq and by time, newest last", async () => {
  for (let sent = 0; sent < 5; sent += 1) {
    await rawRequest(sandbox.partner(name).url, { body: String(sent) });
    nowMs += 1_000;
  }
  await rawRequest(sandbox.partner("noise").url);
  const bodies = async (query: string): Promise<string[]> => {
    const { json } = await call("GET", `/_sandbox/requests?partner=${name}${query}`);
    return json.requests.map(({ body }: { body: string }) => body);
  };
  const { json } = await call("GET", "/_sandbox/requests");
  expect(json.requests).toHaveLength(6);
  expect(json.last_seq).toBe(json.requests.at(-1).seq);
  expect(await bodies("")).toEqual(["0", "1", "2", "3", "4"]);
  expect(await bodies("&limit=2")).toEqual(["3", "4"]);
  expect(await bodies(`&limit=2&since=${json.requests[1].seq}`)).toEqual(["2", "3"]);
  expect(await bodies(`&since=${json.requests[3].at}`)).toEqual(["3", "4"]);
});

test("summary and DELETE", async () => {
  for (const id of ["a", "b", "a"])
    await rawRequest(sandbox.partner(name).url, { headers: { "webhook-id": id } });
  const summary = await call("GET", "/_sandbox/summary");
  expect(summary.json.partners[name]).toMatchObject({
    requests: 3,
    deliveries: 2,
    duplicates: 1,
    verified: 0,
    failed: 0,
  });
  expect((await call("DELETE", "/_sandbox/requests")).status).toBe(200);
  expect((await call("GET", "/_sandbox/requests")).json.requests).toEqual([]);
  expect((await call("GET", "/_sandbox/summary")).json.partners[name]).toMatchObject({ requests: 0 });
});

test("the page at / explains with this sandbox's own address", async () => {
  const { text } = await rawRequest(`${sandbox.url}/`, { method: "GET" });
  expect(text).toContain(`${sandbox.url}/p/<name>`);
});

test.each<[string, string, unknown, number, string]>([
  ["PUT", "/_sandbox/partners/x", { behaviours: "nope" }, 400, "behaviour_invalid"],
  ["PUT", "/_sandbox/partners/x", { secret: "whsec_short" }, 400, "secret_invalid"],
  ["PUT", "/_sandbox/partners/x", { secret: 7 }, 400, "secret_invalid"],
  ["PUT", "/_sandbox/partners/x", { behaviors: "ok" }, 400, "request_invalid"],
  ["PUT", "/_sandbox/partners/x", "{", 400, "request_invalid"],
  ["PUT", "/_sandbox/partners/x", "[]", 400, "request_invalid"],
  ["PUT", "/_sandbox/partners/a%20b", { behaviours: "ok" }, 400, "partner_name_invalid"],
  ["GET", "/_sandbox/partners/nobody", undefined, 404, "not_found"],
  ["GET", "/_sandbox/requests?limit=-1", undefined, 400, "request_invalid"],
  ["GET", "/_sandbox/requests?since=yesterday", undefined, 400, "request_invalid"],
  ["POST", "/_sandbox/summary", {}, 405, "method_not_allowed"],
  ["GET", "//evil/_sandbox/summary", undefined, 404, "not_found"],
  ["POST", "/p/", {}, 400, "partner_name_invalid"],
  ["POST", "/p/a%2Fb", {}, 400, "partner_name_invalid"],
])("%s %s %j is %i %s", async (method, path, document, status, code) => {
  const answer = await call(method, path, document);
  expect(answer).toEqual({ status, json: { error: { code, message: expect.any(String) } } });
});

test("a refused PUT changes nothing", async () => {
  sandbox.partner(name).script("503");
  await call("PUT", `/_sandbox/partners/${name}`, { behaviours: "ok", secret: "whsec_short" });
  expect((await call("GET", `/_sandbox/partners/${name}`)).json.behaviours).toEqual([
    { kind: "status", status: 503 },
  ]);
});
