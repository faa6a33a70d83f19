/** Previews, tests with an event of one's own, versions and attempts' requests, on a real server with a real partner. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { readSettings } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";
import { caller } from "./testing/server-over-fake.testsuite.ts";

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

let received: Received[] = [];
let status = 200;
const partner = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { method = "", url = "", headers } = request;
    received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(status).end();
  });
});

let server: RunningServer;
let call: ReturnType<typeof caller>;
let origin: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => partner.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(partner.address() as AddressInfo).port}`;
  origin = `http://${host}`;
  const env = { POSTRIDER_PORT: "0", POSTRIDER_DATA_DIR: "memory://", POSTRIDER_ALLOW_TARGETS: host };
  server = await startServer(readSettings(env), { logTo: { write: () => {} } });
  call = caller(server.url, server.apiKey.reveal());
});
afterAll(async () => {
  await server?.stop();
  partner.close();
});

let names = 0;
let id: string;
let path: string;
beforeEach(async () => {
  received = [];
  status = 200;
  id = `partner-${(names += 1)}`;
  path = `/v1/partners/${id}/endpoints/main`;
  await call("PUT", `/v1/partners/${id}`, { name: id });
});

const put = async (document: object) => {
  const answer = await call("PUT", path, { events: [`${id}.*`], ...document });
  expect(answer.status).toBeLessThan(300);
  return answer.json;
};
const preview = (body?: unknown) => call("POST", `${path}/preview`, body);
let events = 0;
const send = async (data: string): Promise<string> => {
  const event_id = `event-${(events += 1)}`;
  const answer = await call(
    "POST",
    "/v1/events",
    `{"event_id":"${event_id}","type":"${id}.made","data":${data}}`,
  );
  expect(answer.status).toBe(202);
  return event_id;
};
const deliveryOf = async (eventId: string) => (await call("GET", `/v1/events/${eventId}`)).json.deliveries[0];
const until = (done: () => Promise<void>) => vi.waitFor(done, { timeout: 20_000, interval: 10 });

describe("a preview", () => {
  test("shows the request of the stored document for the sample event, and sends and stores nothing", async () => {
    await put({
      url: `${origin}/pb?cid={data.click_id!}&e={event_id}`,
      method: "GET",
      headers: { "x-n": "{attempt}" },
    });
    const { status, json } = await preview();
    expect([status, json]).toEqual([
      200,
      {
        request: {
          method: "GET",
          url: `${origin}/pb?cid=test-click&e=test-event`,
          headers: expect.objectContaining({ "x-n": "1", "webhook-signature": "•••" }),
          body: null,
        },
        warnings: [],
      },
    ]);
    expect(received).toEqual([]);
    expect((await call("GET", `${path}/versions`)).json.versions).toHaveLength(1);
  });

  test("of an event of one's own keeps digits, and its form is that of accept", async () => {
    await put({
      url: `${origin}/pb`,
      body: { v: "{data.v}", at: "{occurred_at}", id: "{event_id}", s: "{schema_version}" },
    });
    const event = `{"event_id":"mine","occurred_at":"2026-01-31T11:00:00.5+01:00","data":{"v":12345678901234567890.50}}`;
    const { json } = await preview(`{"event":${event}}`);
    expect(json.request.body).toBe(
      '{"v":12345678901234567890.50,"at":"2026-01-31T10:00:00.500Z","id":"mine","s":1}',
    );
    expect(json.request.headers["content-type"]).toBe("application/json");
  });

  test.each([
    ["an event without data", { event: { type: "a" } }, "invalid_event", "event.data"],
    ["an event with an unknown key", { event: { data: {}, dta: 1 } }, "invalid_event", "event.dta"],
    [
      "an event with a wrong instant",
      { event: { data: {}, occurred_at: "now" } },
      "invalid_event",
      "event.occurred_at",
    ],
    ["an event that is a list", { event: [] }, "invalid_event", "event"],
    ["an event and an id", { event: { data: {} }, event_id: "x" }, "invalid_request", "event"],
    ["an id that is no text", { event_id: 7 }, "invalid_request", "event_id"],
    ["an id that cannot be stored", { event_id: "a\0" }, "invalid_request", "event_id"],
    ["an unknown key", { evnt: {} }, "invalid_request", "evnt"],
    [
      "a draft with a macro in its host",
      { document: { url: "https://{data.x}.example/" } },
      "invalid_template",
      "url",
    ],
    ["a draft to a private address", { document: { url: "https://10.0.0.1/" } }, "invalid_target", "url"],
    [
      "a draft with an unknown key",
      { document: { url: "https://a.example/", bdy: 1 } },
      "invalid_request",
      "bdy",
    ],
    ["a draft that is no object", { document: [] }, "invalid_request", ""],
  ])("of %s is refused with its place", async (_what, body, code, place) => {
    await put({ url: `${origin}/` });
    const { status, json } = await preview(body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, code, place]);
  });

  test("of a draft says the position of a mistake, as storing it does", async () => {
    const document = { url: "https://a.example/pb?x={data.a|nofilter}" };
    const [drafted, stored] = [await preview({ document }), await call("PUT", path, document)];
    expect(drafted.json.error).toEqual(stored.json.error);
    expect(drafted.json.error.issues[0].position).toBeGreaterThan(0);
  });

  test("of a draft keeps the digits of its body, needs no endpoint, and stores none", async () => {
    const document = `{"url":"${origin}/new","body":{"rate":10.50,"c":"{data.c}"}}`;
    const { status, json } = await preview(`{"document":${document},"event":{"data":{"c":1.0}}}`);
    expect([status, json.request.body]).toEqual([200, '{"rate":10.50,"c":1.0}']);
    expect((await call("GET", path)).status).toBe(404);
    expect((await preview()).json.error).toMatchObject({ code: "not_found" });
    const nobody = await call("POST", "/v1/partners/nobody/endpoints/main/preview", {
      document: { url: "https://a.example/" },
    });
    expect([nobody.status, nobody.json.error.message]).toEqual([404, expect.stringContaining("nobody")]);
  });

  test("of an event of the ledger renders what its delivery sent; of one that is not there is 404", async () => {
    await put({ url: `${origin}/pb?v={data.v}&a={accepted_at}&o={occurred_at}`, method: "GET" });
    const eventId = await send('{"v":1.50}');
    await until(async () => expect(received).toHaveLength(1));
    const { json } = await preview({ event_id: eventId });
    expect(json.request.url).toBe(origin + received[0]!.url);
    expect(await preview({ event_id: "nothing" })).toMatchObject({
      status: 404,
      json: { error: { code: "not_found" } },
    });
  });

  test("says why there would be no request", async () => {
    await put({ url: `${origin}/pb?c={data.click!}`, method: "GET" });
    const { status, json } = await preview({ event: { data: { click: "" } } });
    expect([status, json]).toMatchObject([
      200,
      {
        request: null,
        failure: {
          reason: "missing_macro",
          macro: "data.click",
          message: expect.stringContaining("{data.click!}"),
        },
        warnings: [{ code: "empty_value", macro: "data.click" }],
      },
    ]);
  });

  test("warns of macros that no recent event filled, of empty values, and of a key that is missing", async () => {
    await put({ url: `${origin}/` });
    const eventId = await send('{"payout":"1.20","sub":null}');
    await until(async () => expect(received).toHaveLength(1));
    const document = {
      url: `${origin}/pb?p={data.payuot?}&s={data.sub?}&d={data.sub|default:"0"}&q={data.payout}`,
      method: "GET",
      events: [`${id}.made`],
      signing: ["v1a"],
    };
    const { json } = await preview({ document, event_id: eventId });
    expect(json.warnings).toEqual([
      {
        code: "unfilled_macro",
        macro: "data.payuot",
        message: expect.stringContaining("Did you mean data.payout?"),
      },
      { code: "empty_value", macro: "data.sub", message: expect.stringContaining("left out") },
      { code: "signing_key_missing", macro: null, message: expect.stringContaining("v1a") },
    ]);
    expect(json.request.url).toBe(`${origin}/pb?d=0&q=1.20`);
  });

  test("never shows a credential", async () => {
    const document = {
      url: `${origin}/pb?access_token=s3cret-7&c=1`,
      headers: { authorization: "Bearer s3cret-7" },
    };
    await put(document);
    const shown = [await preview(), await preview({ document })].map(({ text }) => text);
    for (const text of shown) expect(text).not.toContain("s3cret-7");
    expect(shown[0]).toContain("access_token=•••");
  });
});

describe("a test postback", () => {
  test("is about an event of one's own, or one of the ledger", async () => {
    await put({ url: `${origin}/pb?c={data.c}&e={event_id}`, method: "GET", signing: [] });
    const mine = await call("POST", `${path}/test`, '{"event":{"event_id":"mine","data":{"c":1.50}}}');
    expect(mine.json).toMatchObject({ verdict: "accepted", request: { url: `${origin}/pb?c=1.50&e=mine` } });
    const eventId = await send('{"c":"real"}');
    await until(async () => expect(received).toHaveLength(2));
    await call("POST", `${path}/test`, { event_id: eventId });
    expect(received[2]).toMatchObject({ url: `/pb?c=real&e=${eventId}`, headers: { "webhook-test": "1" } });
    expect((await call("POST", `${path}/test`, { event_id: "nothing" })).status).toBe(404);
    expect((await call("POST", `${path}/test`, { document: {} })).json.error.code).toBe("invalid_request");
  });

  test("is signed by all live keys, or by the newest alone", async () => {
    await put({ url: `${origin}/` });
    await call("POST", `/v1/partners/${id}/rotate-secret`, {});
    const signatures = async (body?: unknown) => {
      const { json } = await call("POST", `${path}/test`, body);
      return String(json.request.headers["webhook-signature"]).split(" ").length;
    };
    expect([
      await signatures(),
      await signatures({ keys: "all" }),
      await signatures({ keys: "newest" }),
    ]).toEqual([2, 2, 1]);
    expect((await call("POST", `${path}/test`, { keys: "old" })).json.error.issues[0].path).toBe("keys");
  });
});

describe("an attempt's request", () => {
  const requestOf = (delivery: string, n: number | "last") =>
    call("GET", `/v1/deliveries/${delivery}/attempts/${n}/request`);

  test("is exactly what was sent, also after the document was changed between the attempts", async () => {
    const retry = { schedule: ["1h"], jitter: "none" };
    await put({
      url: `${origin}/one?c={data.c}&n={attempt}&d={delivery_id}`,
      method: "GET",
      headers: { "x-o": "{occurred_at}" },
      retry,
    });
    status = 503;
    const eventId = await send('{"c":"a b"}');
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ attempts_made: 1 }));
    await put({ url: `${origin}/two`, body: { c: "{data.c}", at: "{accepted_at}" }, signing: [], retry });
    status = 200;
    await call("POST", "/v1/retries", { filter: { event_id: eventId } });
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ state: "delivered" }));
    const { id: delivery } = await deliveryOf(eventId);
    const [first, second] = [await requestOf(delivery, 1), await requestOf(delivery, 2)];
    for (const [index, { json }] of [first, second].entries()) {
      expect(json).toMatchObject({
        delivery,
        n: index + 1,
        endpoint_version: index + 1,
        exact: true,
        differs: [],
      });
      const sent = received[index]!;
      expect(json.request).toMatchObject({
        method: sent.method,
        url: origin + sent.url,
        body: sent.body || null,
      });
      const { host: _, connection: __, "content-length": ___, ...headers } = sent.headers;
      const masked = headers["webhook-signature"] === undefined ? {} : { "webhook-signature": "•••" };
      expect(json.request.headers).toEqual({ ...headers, ...masked });
    }
    expect([first.json.request.url, second.json.request.url]).toEqual([
      `${origin}/one?c=a%20b&n=1&d=${delivery}`,
      `${origin}/two`,
    ]);
    expect((await requestOf(delivery, "last")).json).toEqual(second.json);
  });

  test("can be seen after the endpoint was deleted", async () => {
    await put({ url: `${origin}/gone?c={data.c}`, method: "GET" });
    const eventId = await send('{"c":7}');
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ state: "delivered" }));
    await call("DELETE", path);
    const { json } = await requestOf((await deliveryOf(eventId)).id, 1);
    expect(json).toMatchObject({ exact: true, request: { url: `${origin}/gone?c=7` } });
  });

  test.each([
    ["00000000-0000-7000-8000-000000000000", "1", 404],
    ["dlv_1", "last", 404],
    ["dlv_1", "0", 400],
    ["dlv_1", "first", 400],
  ])("of the delivery %s and attempt %s is refused", async (delivery, n, expected) => {
    expect((await requestOf(delivery, n as "last")).status).toBe(expected);
  });

  test("of an attempt that was not made is 404, with what to do", async () => {
    await put({ url: `${origin}/pb?c={data.c!}`, method: "GET" });
    const eventId = await send("{}");
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ state: "dead" }));
    const { status, json } = await requestOf((await deliveryOf(eventId)).id, 1);
    expect([status, json.error.message]).toEqual([404, expect.stringContaining("has no attempt 1")]);
  });
});

describe("the partner's own texts", () => {
  const secret = "s3cret:V/x+7";
  const url = () => `${origin}/bot{secret.token}/pb?k={secret.token}&a={const.app}`;
  const document = () => ({
    url: url(),
    headers: { "x-own": "n {secret.token}", authorization: "Bearer {secret.token}" },
    body: { k: "{secret.token}", text: "a {secret.token} b", app: "{const.app}" },
  });
  const setConstant = (app: string) => call("PUT", `/v1/partners/${id}`, { name: id, constants: { app } });
  const setSecret = () => call("PUT", `/v1/partners/${id}/secrets/token`, { value: secret });
  /** Any spelling of it that a request may hold. */
  const spellings = [secret, "s3cret", encodeURIComponent(secret), Buffer.from(secret).toString("base64")];
  beforeEach(async () => {
    await setConstant("one");
    await setSecret();
  });

  test("are shown in a preview: constants as they are, a secret by its name only", async () => {
    await put(document());
    for (const body of [undefined, { document: document() }]) {
      const { text, json } = await preview(body);
      for (const spelling of spellings) expect(text).not.toContain(spelling);
      expect(json.request).toMatchObject({
        url: `${origin}/bot{secret.token}/pb?k={secret.token}&a=one`,
        headers: { "x-own": "n {secret.token}", authorization: "Bearer {secret.token}" },
        body: '{"k":"{secret.token}","text":"a {secret.token} b","app":"one"}',
      });
    }
  });

  test("which the partner does not have: a constant refuses the draft, a secret is a warning", async () => {
    const draft = { url: `${origin}/?a={const.ap}&s={secret.tokn}` };
    const refused = await preview({ document: draft });
    expect([refused.status, refused.json.error]).toEqual([400, (await call("PUT", path, draft)).json.error]);
    const { json } = await preview({ document: { url: `${origin}/?s={secret.tokn}` } });
    expect(json).toMatchObject({
      request: { url: `${origin}/?s={secret.tokn}` },
      warnings: [{ code: "secret_missing", macro: "secret.tokn" }],
    });
  });

  test("never show in an attempt's request, which is not exact once they have changed", async () => {
    await put(document());
    const eventId = await send("{}");
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ state: "delivered" }));
    const { id: delivery } = await deliveryOf(eventId);
    const request = () => call("GET", `/v1/deliveries/${delivery}/attempts/1/request`);
    const first = await request();
    expect(first.json).toMatchObject({ exact: true, request: { url: expect.stringContaining("a=one") } });
    expect(received[0]!.url).toContain(encodeURIComponent(secret));
    await setConstant("one");
    expect((await request()).json).toEqual(first.json);
    await setConstant("two");
    const changed = await request();
    expect(changed.json).toMatchObject({ exact: false, differs: [{ cause: "values_changed" }] });
    for (const { text } of [first, changed])
      for (const spelling of spellings) expect(text).not.toContain(spelling);
    await put({ url: `${origin}/?s={secret.token}` });
    const other = await send("{}");
    await until(async () => expect(await deliveryOf(other)).toMatchObject({ state: "delivered" }));
    const { id: second } = await deliveryOf(other);
    const exact = async () => (await call("GET", `/v1/deliveries/${second}/attempts/1/request`)).json.exact;
    expect(await exact()).toBe(true);
    await setSecret();
    expect(await exact()).toBe(false);
  });

  test("never show in a test postback or a version", async () => {
    await put(document());
    const answers = [
      await call("POST", `${path}/test`, '{"event":{"data":{}}}'),
      await call("GET", `${path}/versions/1`),
      await call("POST", `${path}/versions/1/restore`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const { text } of answers) for (const spelling of spellings) expect(text).not.toContain(spelling);
  });
});

describe("versions", () => {
  test("are listed with the key that made them, read in full, and restored", async () => {
    const first = `{"url":"${origin}/1","body":{"rate":10.50}}`;
    await call("PUT", path, first);
    await put({ url: `${origin}/2` });
    const list = await call("GET", `${path}/versions?limit=1`);
    expect(list.json).toEqual({
      versions: [{ version: 2, at: expect.any(String), by: expect.stringMatching(/^key:[0-9a-f]{12}$/) }],
      next_cursor: expect.any(String),
    });
    const rest = await call("GET", `${path}/versions?cursor=${list.json.next_cursor}`);
    expect(rest.json.versions).toMatchObject([{ version: 1 }]);
    expect((await call("GET", `${path}/versions/1`)).text).toContain('"body":{"rate":10.50}');
    const restored = await call("POST", `${path}/versions/1/restore`);
    expect([restored.status, restored.json]).toMatchObject([
      200,
      { version: 3, url: `${origin}/1`, warnings: [] },
    ]);
    expect((await call("GET", path)).text).toContain('"rate":10.50');
    expect((await call("GET", `${path}/versions/3`)).json.document).toEqual(
      (await call("GET", `${path}/versions/1`)).json.document,
    );
  });

  test("of what is not there are 404, of what is no number 400", async () => {
    await put({ url: `${origin}/1` });
    const statusOf = async (method: string, target: string) => (await call(method, target)).status;
    expect([
      await statusOf("GET", `${path}/versions/2`),
      await statusOf("POST", `${path}/versions/2/restore`),
      await statusOf("GET", `/v1/partners/${id}/endpoints/other/versions`),
      await statusOf("GET", "/v1/partners/nobody/endpoints/main/versions/1"),
      await statusOf("GET", `${path}/versions/0`),
      await statusOf("GET", `${path}/versions/x`),
      await statusOf("GET", `${path}/versions/9999999999`),
    ]).toEqual([404, 404, 404, 404, 400, 400, 400]);
  });
});
