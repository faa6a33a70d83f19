/** A GET postback with macros: the exact URL for hostile values, and a host that nothing can change. */
import { type Sandbox, startSandbox } from "@postrider/sandbox";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deliveryIn, eventFor, register } from "./partners.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

let sandbox: Sandbox;
let server: ServerProcess;

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
  server = await startServer({
    POSTRIDER_DATA_DIR: "memory://",
    POSTRIDER_ALLOW_TARGETS: new URL(sandbox.url).host,
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await sandbox?.close();
});

/** Written by hand from RFC 3986: only letters, digits, `-`, `.`, `_` and `~` stay as they are. */
const values: readonly (readonly [what: string, value: unknown, sent: string])[] = [
  ["spaces", "two words ", "two%20words%20"],
  ["an ampersand and an equals sign", "a&b=c", "a%26b%3Dc"],
  ["a plus", "1+1", "1%2B1"],
  ["a percent sign", "100%", "100%25"],
  ["what looks encoded already", "%26%00%zz", "%2526%2500%25zz"],
  ["quotes", `"double" 'single' \`back\``, "%22double%22%20%27single%27%20%60back%60"],
  ["non-ASCII", "Zoë 東京 🎉", "Zo%C3%AB%20%E6%9D%B1%E4%BA%AC%20%F0%9F%8E%89"],
  ["an e-mail-like value with a parameter", "a@b.c&payout=999", "a%40b.c%26payout%3D999"],
  ["a second query", "x?payout=999#end", "x%3Fpayout%3D999%23end"],
  ["semicolons, which some servers split at", "x;payout=999", "x%3Bpayout%3D999"],
  ["another host", "https://evil.example/../..//", "https%3A%2F%2Fevil.example%2F..%2F..%2F%2F"],
  ["line ends", "x\r\nHost: evil.example\r\n\r\nGET /", "x%0D%0AHost%3A%20evil.example%0D%0A%0D%0AGET%20%2F"],
  ["a macro", "{event_id}{{data}}", "%7Bevent_id%7D%7B%7Bdata%7D%7D"],
  ["NUL and control characters", "a\u0000b\u001f", "a%00b%1F"],
  ["a backslash and brackets", "a\\b[0]<>|^", "a%5Cb%5B0%5D%3C%3E%7C%5E"],
  ["a number", 12.5, "12.5"],
  ["false", false, "false"],
];

describe("a GET endpoint", () => {
  const path = '/pb?cid={data.cid!}&p={data.payout|default:"0"}&sub={data.sub1?}&e={event_id!}';

  test("receives exactly the expected URL for every value", async () => {
    const partner = sandbox.partner("get");
    partner.secret(
      await register(server, { id: "get", endpoint: { method: "GET", url: partner.url + path } }),
    );
    const events = values.map(([, cid], n) => eventFor("get", `get-${n}`, { cid, payout: "1.20" }));
    await server.ok("POST", "/v1/events", { events });
    const requests = await partner.waitFor(values.length);
    const received = new Map(requests.map((request) => [/&e=(.*)$/.exec(request.url)?.[1], request]));
    const expected = values.map(([what, , sent], n) => [what, `/p/get/pb?cid=${sent}&p=1.20&e=get-${n}`]);
    expect(values.map(([what], n) => [what, received.get(`get-${n}`)?.url])).toEqual(expected);
    for (const { url, method, body, verification } of requests) {
      expect([method, body, verification.verdict]).toEqual(["GET", "", "verified"]);
      expect([...new URL(url, sandbox.url).searchParams.keys()]).toEqual(["cid", "p", "e"]);
    }
  });

  test("fills a default in, keeps an optional parameter that has a value, and drops one that has none", async () => {
    const partner = sandbox.partner("optional");
    await register(server, { id: "optional", endpoint: { method: "GET", url: partner.url + path } });
    await server.ok("POST", "/v1/events", eventFor("optional", "o-1", { cid: "c", sub1: "s&t" }));
    const [request] = await partner.waitFor(1);
    expect(request?.url).toBe("/p/optional/pb?cid=c&p=0&sub=s%26t&e=o-1");
  });

  test("is not called where a required macro has no value: the delivery says so", async () => {
    const partner = sandbox.partner("required");
    await register(server, { id: "required", endpoint: { method: "GET", url: partner.url + path } });
    await server.ok("POST", "/v1/events", eventFor("required", "r-1", { payout: "1" }));
    expect(await deliveryIn("dead", server, "r-1")).toMatchObject({
      reason: "missing_macro",
      attempts_made: 0,
    });
    expect(await partner.requests()).toEqual([]);
  });

  test("receives what the filters make of the values, and nothing where one of them cannot", async () => {
    const partner = sandbox.partner("filters");
    const filters =
      '/pb?v={data.amount|minor:data.currency}&t={data.at|tz:"Europe/Berlin"|date:"yyyyMMdd_HHmm"}&h={data.id|sha256|base64url}';
    await register(server, { id: "filters", endpoint: { method: "GET", url: partner.url + filters } });
    const data = { amount: 19.99, currency: "EUR", at: "2026-07-01T22:30:00Z", id: "abc" };
    await server.ok("POST", "/v1/events", eventFor("filters", "fl-1", data));
    const [request] = await partner.waitFor(1);
    expect(request?.url).toBe(
      "/p/filters/pb?v=1999&t=20260702_0030&h=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
    );
    await server.ok("POST", "/v1/events", eventFor("filters", "fl-2", { ...data, amount: "19.999" }));
    expect(await deliveryIn("dead", server, "fl-2")).toMatchObject({
      reason: "invalid_value",
      attempts_made: 0,
    });
    expect(await partner.requests()).toHaveLength(1);
  });

  test.each([
    ["the host", "https://{data.host}/pb", 8],
    ["a part of the host", "https://t.{data.host}.example/pb", 10],
    ["the port", "https://t.example:{data.port}/pb", 18],
    ["the scheme", "{data.scheme}://t.example/pb", 0],
    ["the user name", "https://{data.user}@t.example/pb", 8],
  ])("is refused with a macro in %s, and told where", async (_where, url, position) => {
    await server.ok("PUT", "/v1/partners/refused", { name: "Refused" });
    const answer = await server.call("PUT", "/v1/partners/refused/endpoints/main", { method: "GET", url });
    expect([answer.status, answer.json.error.code]).toEqual([400, "invalid_template"]);
    expect(answer.json.error.issues).toContainEqual(expect.objectContaining({ path: "url", position }));
    expect((await server.call("GET", "/v1/partners/refused/endpoints/main")).status).toBe(404);
  });
});

test("a form body is encoded by the rules of forms", async () => {
  const partner = sandbox.partner("form");
  const endpoint = { url: partner.url, body: "form" };
  partner.secret(await register(server, { id: "form", endpoint }));
  await server.ok("POST", "/v1/events", eventFor("form", "f-1", { cid: "a b&c=1+ü" }));
  const [request] = await partner.waitFor(1);
  expect(request?.headers["content-type"]).toContain("application/x-www-form-urlencoded");
  expect(request?.body).toContain("a+b%26c%3D1%2B%C3%BC");
  expect(request?.verification.verdict).toBe("verified");
});
