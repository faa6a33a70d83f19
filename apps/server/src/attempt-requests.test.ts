/** What attempts sent, rendered again; versions; the partner's own texts. On a real server with a real partner. */
import { beforeEach, describe, expect, test } from "vitest";
import { serverWithPartner } from "./testing/server-with-partner.testsuite.ts";

const bench = serverWithPartner();
const { call, put, send, deliveryOf, until } = bench;
const preview = (body?: unknown) => call("POST", `${bench.path}/preview`, body);

describe("an attempt's request", () => {
  const requestOf = (delivery: string, n: number | "last") =>
    call("GET", `/v1/deliveries/${delivery}/attempts/${n}/request`);

  test("is exactly what was sent, also after the document was changed between the attempts", async () => {
    const retry = { schedule: ["1h"], jitter: "none" };
    await put({
      url: `${bench.origin}/one?c={data.c}&n={attempt}&d={delivery_id}`,
      method: "GET",
      headers: { "x-o": "{occurred_at}" },
      retry,
    });
    bench.answerWith(503);
    const eventId = await send('{"c":"a b"}');
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ attempts_made: 1 }));
    await put({
      url: `${bench.origin}/two`,
      body: { c: "{data.c}", at: "{accepted_at}" },
      signing: [],
      retry,
    });
    bench.answerWith(200);
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
      const sent = bench.received[index]!;
      expect(json.request).toMatchObject({
        method: sent.method,
        url: bench.origin + sent.url,
        body: sent.body || null,
      });
      const { host: _, connection: __, "content-length": ___, ...headers } = sent.headers;
      const masked = headers["webhook-signature"] === undefined ? {} : { "webhook-signature": "•••" };
      expect(json.request.headers).toEqual({ ...headers, ...masked });
    }
    expect([first.json.request.url, second.json.request.url]).toEqual([
      `${bench.origin}/one?c=a%20b&n=1&d=${delivery}`,
      `${bench.origin}/two`,
    ]);
    expect((await requestOf(delivery, "last")).json).toEqual(second.json);
  });

  test("of an item is that of the item", async () => {
    await put({ url: `${bench.origin}/?i={item}&n={n}`, method: "GET", fan_out: "data.items" });
    const eventId = await send('{"items":[1.50,"b"]}');
    await until(async () => expect(bench.received).toHaveLength(2));
    const { json } = await call("GET", `/v1/events/${eventId}`);
    const shown = await Promise.all(
      json.deliveries.map(async (one: { id: string }) => (await requestOf(one.id, 1)).json),
    );
    expect(shown.map(({ exact, request }) => [exact, request.url]).toSorted()).toEqual(
      bench.received.map(({ url }) => [true, bench.origin + url]).toSorted(),
    );
  });

  test("can be seen after the endpoint was deleted", async () => {
    await put({ url: `${bench.origin}/gone?c={data.c}`, method: "GET" });
    const eventId = await send('{"c":7}');
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ state: "delivered" }));
    await call("DELETE", bench.path);
    const { json } = await requestOf((await deliveryOf(eventId)).id, 1);
    expect(json).toMatchObject({ exact: true, request: { url: `${bench.origin}/gone?c=7` } });
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
    await put({ url: `${bench.origin}/pb?c={data.c!}`, method: "GET" });
    const eventId = await send("{}");
    await until(async () => expect(await deliveryOf(eventId)).toMatchObject({ state: "dead" }));
    const { status, json } = await requestOf((await deliveryOf(eventId)).id, 1);
    expect([status, json.error.message]).toEqual([404, expect.stringContaining("has no attempt 1")]);
  });
});

describe("the partner's own texts", () => {
  const secret = "s3cret:V/x+7";
  const url = () => `${bench.origin}/bot{secret.token}/pb?k={secret.token}&a={const.app}`;
  const document = () => ({
    url: url(),
    headers: { "x-own": "n {secret.token}", authorization: "Bearer {secret.token}" },
    body: { k: "{secret.token}", text: "a {secret.token} b", app: "{const.app}" },
  });
  const setConstant = (app: string) =>
    call("PUT", `/v1/partners/${bench.id}`, { name: bench.id, constants: { app } });
  const setSecret = () => call("PUT", `/v1/partners/${bench.id}/secrets/token`, { value: secret });
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
        url: `${bench.origin}/bot{secret.token}/pb?k={secret.token}&a=one`,
        headers: { "x-own": "n {secret.token}", authorization: "Bearer {secret.token}" },
        body: '{"k":"{secret.token}","text":"a {secret.token} b","app":"one"}',
      });
    }
  });

  test("which the partner does not have: a constant refuses the draft, a secret is a warning", async () => {
    const draft = { url: `${bench.origin}/?a={const.ap}&s={secret.tokn}` };
    const refused = await preview({ document: draft });
    expect([refused.status, refused.json.error]).toEqual([
      400,
      (await call("PUT", bench.path, draft)).json.error,
    ]);
    const { json } = await preview({ document: { url: `${bench.origin}/?s={secret.tokn}` } });
    expect(json).toMatchObject({
      request: { url: `${bench.origin}/?s={secret.tokn}` },
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
    expect(bench.received[0]!.url).toContain(encodeURIComponent(secret));
    await setConstant("one");
    expect((await request()).json).toEqual(first.json);
    await setConstant("two");
    const changed = await request();
    expect(changed.json).toMatchObject({ exact: false, differs: [{ cause: "values_changed" }] });
    for (const { text } of [first, changed])
      for (const spelling of spellings) expect(text).not.toContain(spelling);
    await put({ url: `${bench.origin}/?s={secret.token}` });
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
      await call("POST", `${bench.path}/test`, '{"event":{"data":{}}}'),
      await call("GET", `${bench.path}/versions/1`),
      await call("POST", `${bench.path}/versions/1/restore`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const { text } of answers) for (const spelling of spellings) expect(text).not.toContain(spelling);
  });
});

describe("versions", () => {
  test("are listed with the key that made them, read in full, and restored", async () => {
    const first = `{"url":"${bench.origin}/1","body":{"rate":10.50}}`;
    await call("PUT", bench.path, first);
    await put({ url: `${bench.origin}/2` });
    const list = await call("GET", `${bench.path}/versions?limit=1`);
    expect(list.json).toEqual({
      versions: [{ version: 2, at: expect.any(String), by: expect.stringMatching(/^key:[0-9a-f]{12}$/) }],
      next_cursor: expect.any(String),
    });
    const rest = await call("GET", `${bench.path}/versions?cursor=${list.json.next_cursor}`);
    expect(rest.json.versions).toMatchObject([{ version: 1 }]);
    expect((await call("GET", `${bench.path}/versions/1`)).text).toContain('"body":{"rate":10.50}');
    const restored = await call("POST", `${bench.path}/versions/1/restore`);
    expect([restored.status, restored.json]).toMatchObject([
      200,
      { version: 3, url: `${bench.origin}/1`, warnings: [] },
    ]);
    expect((await call("GET", bench.path)).text).toContain('"rate":10.50');
    expect((await call("GET", `${bench.path}/versions/3`)).json.document).toEqual(
      (await call("GET", `${bench.path}/versions/1`)).json.document,
    );
  });

  test("of what is not there are 404, of what is no number 400", async () => {
    await put({ url: `${bench.origin}/1` });
    const statusOf = async (method: string, target: string) => (await call(method, target)).status;
    expect([
      await statusOf("GET", `${bench.path}/versions/2`),
      await statusOf("POST", `${bench.path}/versions/2/restore`),
      await statusOf("GET", `/v1/partners/${bench.id}/endpoints/other/versions`),
      await statusOf("GET", "/v1/partners/nobody/endpoints/main/versions/1"),
      await statusOf("GET", `${bench.path}/versions/0`),
      await statusOf("GET", `${bench.path}/versions/x`),
      await statusOf("GET", `${bench.path}/versions/9999999999`),
    ]).toEqual([404, 404, 404, 404, 400, 400, 400]);
  });
});
