/** Previews and tests with an event of one's own, on a real server with a real partner. */
import { describe, expect, test } from "vitest";
import { serverWithPartner } from "./testing/server-with-partner.testsuite.ts";

const bench = serverWithPartner();
const { call, put, send, until } = bench;
const preview = (body?: unknown) => call("POST", `${bench.path}/preview`, body);

describe("a preview", () => {
  test("shows the request of the stored document for the sample event, and sends and stores nothing", async () => {
    await put({
      url: `${bench.origin}/pb?cid={data.click_id!}&e={event_id}`,
      method: "GET",
      headers: { "x-n": "{attempt}" },
    });
    const { status, json } = await preview();
    expect([status, json]).toEqual([
      200,
      {
        request: {
          method: "GET",
          url: `${bench.origin}/pb?cid=test-click&e=test-event`,
          headers: expect.objectContaining({ "x-n": "1", "webhook-signature": "•••" }),
          body: null,
        },
        warnings: [],
      },
    ]);
    expect(bench.received).toEqual([]);
    expect((await call("GET", `${bench.path}/versions`)).json.versions).toHaveLength(1);
  });

  test("of an event of one's own keeps digits, and its form is that of accept", async () => {
    await put({
      url: `${bench.origin}/pb`,
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
    ["an bench.id that is no text", { event_id: 7 }, "invalid_request", "event_id"],
    ["an bench.id that cannot be stored", { event_id: "a\0" }, "invalid_request", "event_id"],
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
    await put({ url: `${bench.origin}/` });
    const { status, json } = await preview(body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, code, place]);
  });

  test("of a draft says the position of a mistake, as storing it does", async () => {
    const document = { url: "https://a.example/pb?x={data.a|nofilter}" };
    const [drafted, stored] = [await preview({ document }), await call("PUT", bench.path, document)];
    expect(drafted.json.error).toEqual(stored.json.error);
    expect(drafted.json.error.issues[0].position).toBeGreaterThan(0);
  });

  test("of a draft keeps the digits of its body, needs no endpoint, and stores none", async () => {
    const document = `{"url":"${bench.origin}/new","body":{"rate":10.50,"c":"{data.c}"}}`;
    const { status, json } = await preview(`{"document":${document},"event":{"data":{"c":1.0}}}`);
    expect([status, json.request.body]).toEqual([200, '{"rate":10.50,"c":1.0}']);
    expect((await call("GET", bench.path)).status).toBe(404);
    expect((await preview()).json.error).toMatchObject({ code: "not_found" });
    const nobody = await call("POST", "/v1/partners/nobody/endpoints/main/preview", {
      document: { url: "https://a.example/" },
    });
    expect([nobody.status, nobody.json.error.message]).toEqual([404, expect.stringContaining("nobody")]);
  });

  test("of an event of the ledger renders what its delivery sent; of one that is not there is 404", async () => {
    await put({ url: `${bench.origin}/pb?v={data.v}&a={accepted_at}&o={occurred_at}`, method: "GET" });
    const eventId = await send('{"v":1.50}');
    await until(async () => expect(bench.received).toHaveLength(1));
    const { json } = await preview({ event_id: eventId });
    expect(json.request.url).toBe(bench.origin + bench.received[0]!.url);
    expect(await preview({ event_id: "nothing" })).toMatchObject({
      status: 404,
      json: { error: { code: "not_found" } },
    });
  });

  test("says why there would be no request", async () => {
    await put({ url: `${bench.origin}/pb?c={data.click!}`, method: "GET" });
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
    await put({ url: `${bench.origin}/` });
    const eventId = await send('{"payout":"1.20","sub":null}');
    await until(async () => expect(bench.received).toHaveLength(1));
    const document = {
      url: `${bench.origin}/pb?p={data.payuot?}&s={data.sub?}&d={data.sub|default:"0"}&q={data.payout}`,
      method: "GET",
      events: [`${bench.id}.made`],
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
    expect(json.request.url).toBe(`${bench.origin}/pb?d=0&q=1.20`);
  });

  test("of an endpoint with fan_out shows the first item, or why there is none", async () => {
    const document = {
      url: `${bench.origin}/?i={item.sku}&n={n}&s={item.sub?}`,
      method: "GET",
      fan_out: "data.items",
    };
    const of = (items: unknown) => preview({ document, event: { data: { items } } });
    const { json } = await of([{ sku: "a" }, { sku: "b" }]);
    expect(json.request.url).toBe(`${bench.origin}/?i=a&n=1`);
    expect(json.warnings).toEqual([
      { code: "empty_value", macro: "item.sub", message: expect.stringContaining("left out") },
      { code: "first_item", macro: null, message: expect.stringContaining("2 items") },
    ]);
    expect((await of([])).json).toMatchObject({ request: null, failure: { reason: "no_items" } });
    const tested = await bench
      .put(document)
      .then(() => call("POST", `${bench.path}/test`, { event: { data: { items: [{ sku: "t" }] } } }));
    expect(tested.json.request.url).toBe(`${bench.origin}/?i=t&n=1`);
  });

  test("of an event whose e-mail address would stand in the URL says so, without the address", async () => {
    const document = { url: `${bench.origin}/?em={data.em}`, method: "GET" };
    const { text, json } = await preview({ document, event: { data: { em: "ann@mail.example" } } });
    expect(json).toMatchObject({ request: null, failure: { reason: "personal_data", macro: "data.em" } });
    expect(text).not.toContain("ann@");
  });

  test("never shows a credential", async () => {
    const document = {
      url: `${bench.origin}/pb?access_token=s3cret-7&c=1`,
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
    await put({ url: `${bench.origin}/pb?c={data.c}&e={event_id}`, method: "GET", signing: [] });
    const mine = await call("POST", `${bench.path}/test`, '{"event":{"event_id":"mine","data":{"c":1.50}}}');
    expect(mine.json).toMatchObject({
      verdict: "accepted",
      request: { url: `${bench.origin}/pb?c=1.50&e=mine` },
    });
    const eventId = await send('{"c":"real"}');
    await until(async () => expect(bench.received).toHaveLength(2));
    await call("POST", `${bench.path}/test`, { event_id: eventId });
    expect(bench.received[2]).toMatchObject({
      url: `/pb?c=real&e=${eventId}`,
      headers: { "webhook-test": "1" },
    });
    expect((await call("POST", `${bench.path}/test`, { event_id: "nothing" })).status).toBe(404);
    expect((await call("POST", `${bench.path}/test`, { document: {} })).json.error.code).toBe(
      "invalid_request",
    );
  });

  test("is signed by all live keys, or by the newest alone", async () => {
    await put({ url: `${bench.origin}/` });
    await call("POST", `/v1/partners/${bench.id}/rotate-secret`, {});
    const signatures = async (body?: unknown) => {
      const { json } = await call("POST", `${bench.path}/test`, body);
      return String(json.request.headers["webhook-signature"]).split(" ").length;
    };
    expect([
      await signatures(),
      await signatures({ keys: "all" }),
      await signatures({ keys: "newest" }),
    ]).toEqual([2, 2, 1]);
    expect((await call("POST", `${bench.path}/test`, { keys: "old" })).json.error.issues[0].path).toBe(
      "keys",
    );
  });
});
