/** No value in any place of any call is a fault of the server: the real engine, an embedded ledger, a fixed seed. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSettings } from "../config.ts";
import { type RunningServer, startServer } from "../server.ts";
import { caller } from "../testing/server-over-fake.testsuite.ts";

const partner = createServer((request, response) => {
  request.resume();
  response.end("ok");
});
let server: RunningServer;
let call: ReturnType<typeof caller>;
let url: string;
const lines: string[] = [];

beforeAll(async () => {
  await new Promise<void>((resolve) => partner.listen(0, "127.0.0.1", resolve));
  const target = `127.0.0.1:${(partner.address() as AddressInfo).port}`;
  url = `http://${target}/pb?c={data.click}`;
  server = await startServer(
    readSettings({
      POSTRIDER_PORT: "0",
      POSTRIDER_DATA_DIR: "memory://",
      POSTRIDER_ALLOW_TARGETS: target,
      POSTRIDER_ROLES: "api",
    }),
    { logTo: { write: (line) => void lines.push(line) } },
  );
  call = caller(server.url, server.apiKey.reveal());
  await call("PUT", "/v1/partners/acme", { name: "Acme" });
  await call("PUT", "/v1/partners/acme/endpoints/main", { url });
  await call("POST", "/v1/events", { event_id: "conv-1", type: "a.b", data: { click: 1 } });
});
afterAll(async () => {
  await server.stop(0);
  partner.close();
});

/** Texts that PostgreSQL cannot store, or UTF-8 not write. */
const unstorable = ["\u0000", "a\u0000b", "\ud800", "x\udfff", "\udc00\ud800"];

describe("U+0000 and halves of surrogate pairs are a 400 that names the place", () => {
  const places: readonly (readonly [string, string, (text: string) => unknown, string])[] = [
    ["PUT", "/v1/partners/acme", (name) => ({ name }), "name"],
    ["PUT", "/v1/partners/acme", (key) => ({ name: "a", [key]: 1 }), ""],
    ["PUT", "/v1/partners/acme/endpoints/main", (text) => ({ url: `${url}${text}` }), "url"],
    ["PUT", "/v1/partners/acme/endpoints/main", (text) => ({ url, headers: { "x-a": text } }), "headers.x-a"],
    ["PUT", "/v1/partners/acme/endpoints/main", (text) => ({ url, body: { note: text } }), "body.note"],
    [
      "PUT",
      "/v1/partners/acme/endpoints/main",
      (text) => ({ url, body: [[{ a: [1, text] }]] }),
      "body[0][0].a[1]",
    ],
    ["PUT", "/v1/partners/acme/endpoints/main", (key) => ({ url, body: { [key]: 1 } }), "body["],
    ["PUT", "/v1/partners/acme/endpoints/main", (text) => ({ url, events: [text] }), "events[0]"],
    ["POST", "/v1/replays", (type) => ({ filter: { type } }), "filter.type"],
    ["POST", "/v1/replays", (id) => ({ filter: { delivery_ids: [id] } }), "filter.delivery_ids[0]"],
    ["POST", "/v1/cancellations", (type) => ({ filter: { type } }), "filter.type"],
    ["POST", "/v1/partners/acme/rotate-secret", (overlap) => ({ overlap }), "overlap"],
  ];
  test.each(places)("%s %s %s", async (method, path, document, place) => {
    for (const text of unstorable) {
      const { status, json } = await call(method, path, document(text));
      expect([text, status]).toEqual([text, 400]);
      expect(json.error.issues[0].path).toContain(place);
    }
  });

  test.each([
    "/v1/events/%00",
    "/v1/events/a%00b",
    "/v1/deliveries/%00",
    "/v1/replays/%00",
    "/v1/partners/%00",
    "/v1/deliveries?type=%00",
    "/v1/deliveries?event_id=%00",
    "/v1/deliveries?partner=%00",
    "/v1/deliveries?cursor=%00",
    "/v1/deliveries?%00=1",
    "/v1/delivery-groups?type=a%00",
    "/v1/partners?cursor=AA",
    "/v1/deliveries?cursor=AAAA",
  ])("GET %s", async (path) => {
    expect((await call("GET", path)).status).toBe(400);
  });

  test("and the data of an event keeps them, verbatim", async () => {
    const data = String.raw`{"nul":"\u0000","half":"\ud800","\u0000":1,"__proto__":{"a":1.50}}`;
    const { status } = await call("POST", "/v1/events", `{"event_id":"nul-1","type":"a.b","data":${data}}`);
    expect(status).toBe(202);
    const shown = await call("GET", "/v1/events/nul-1");
    expect(shown.status).toBe(200);
    expect(shown.json.data.nul).toBe("\u0000");
  });
});

describe("an event id of dots", () => {
  test.each([".", ".."])("%s is refused with words, alone and in a batch", async (event_id) => {
    const one = await call("POST", "/v1/events", { event_id, type: "a.b" });
    expect([one.status, one.json.error.issues[0].message]).toEqual([
      400,
      "must not be . or .., which no URL path can name",
    ]);
    const many = await call("POST", "/v1/events", {
      events: [
        { event_id, type: "a.b" },
        { event_id: `ok${event_id}`, type: "a.b" },
      ],
    });
    expect(many.json.results.map(({ status }: { status: string }) => status)).toEqual([
      "invalid",
      "accepted",
    ]);
  });

  test.each(["...", "........", ".a", "a..", "..%2F..", "%2e%2e", "/..", "..;", "-", "a.b"])(
    "%s is taken, and found again",
    async (event_id) => {
      expect((await call("POST", "/v1/events", { event_id, type: "a.b" })).status).toBe(202);
      expect((await call("GET", `/v1/events/${encodeURIComponent(event_id)}`)).json.event_id).toBe(event_id);
    },
  );
});

describe("names of the language's own", () => {
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "%s is kept or refused, never dropped",
    async (name) => {
      const document = (json: string) => json.replaceAll("NAME", name);
      const known = await call("PUT", "/v1/partners/acme", document('{"name":"a","NAME":1}'));
      expect(known.status).toBe(400);
      const headers = await call(
        "PUT",
        "/v1/partners/acme/endpoints/own",
        document(`{"url":"${url}","headers":{"NAME":"x"}}`),
      );
      if (headers.status === 400) expect(headers.json.error.issues[0].path).toBe(`headers.${name}`);
      else expect(Object.entries(headers.json.headers)).toEqual([[name, "x"]]);
      const event = await call("POST", "/v1/events", document('{"event_id":"own-1","type":"a.b","NAME":1}'));
      expect(event.status).toBe(400);
    },
  );
});

const hostileText = fc.oneof(
  fc.constantFrom(
    ...unstorable,
    "",
    " ",
    ".",
    "..",
    "__proto__",
    "constructor",
    "{data.x}",
    "{{",
    "{evnt_id",
    "' or 1=1 --",
    "%00",
    "%",
    "💥",
    "\u2028",
    "-0",
    "NaN",
    "*",
    "1e999",
    "99999999999d",
    "9999-99-99T99:99:99Z",
    "0001-01-01T00:00:00+14:00",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.nat(4).map((size) => "x".repeat(10 ** size)),
);
const nested = (levels: number, list: boolean): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = list ? [value] : { a: value };
  return value;
};
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  fc.constantFrom(null, true, 0, -0, -1, 1.5, 1e308, 5e-324, 2 ** 53, 9_999_999_999_999),
  fc.constantFrom([], {}, [[]], [null], [{}]),
  fc
    .tuple(fc.constantFrom(5, 70, 99, 101, 1_500), fc.boolean())
    .map(([levels, list]) => nested(levels, list)),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constant(JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{}}}') as unknown),
  fc.array(hostileText, { maxLength: 60 }),
);

const endpointDocument = () => ({
  url,
  method: "POST",
  events: ["a.b", "a.*"],
  headers: { "x-a": "{data.click}" },
  body: { a: "{event_id}", list: [1, '{data.x|default:"y"}'] },
  retry: {
    schedule: ["1s"],
    client_error_schedule: [],
    jitter: "full",
    expires_after: "1d",
    retry_after_max: "1h",
  },
  timeout: "10s",
  enabled: true,
  signing: ["v1"],
  order: { max_hold: "1h" },
  breaker: { consecutive_failures: 10, window: "60s" },
  disable_after: "5d",
});
const filter = () => ({
  partner: "acme",
  endpoint: "main",
  type: "a.b",
  event_id: "conv-1",
  state: "dead",
  reason: "rejected",
  since: "2026-01-31T10:00:00Z",
  until: "2027-01-31T10:00:00Z",
  delivery_ids: ["x"],
});
const oneEvent = () => ({
  event_id: "f-1",
  type: "a.b",
  schema_version: 1,
  occurred_at: "2026-01-31T10:00:00Z",
  data: { click: 1 },
  partner: "acme",
  not_before: "2026-01-31T10:00:00Z",
  expires_after: "1d",
  order_key: "k",
});
const query = [
  "state",
  "partner",
  "endpoint",
  "type",
  "reason",
  "event_id",
  "since",
  "until",
  "limit",
  "cursor",
  "nothing",
];

/** Every call that takes something, with a good document where it has a body. */
const calls: readonly (readonly [method: string, path: string, document: (() => object) | null])[] = [
  ["POST", "/v1/events", oneEvent],
  ["POST", "/v1/events", () => ({ events: [oneEvent(), oneEvent()] })],
  ["GET", "/v1/events/{}", null],
  ["DELETE", "/v1/events/{}", null],
  [
    "PUT",
    "/v1/partners/fuzz",
    () => ({ name: "a", rate_per_second: 10, burst: 5, max_in_flight: 4, silent_after: "1d" }),
  ],
  ["PUT", "/v1/partners/{}", () => ({ name: "a" })],
  ["GET", "/v1/partners/{}", null],
  ["GET", "/v1/partners", null],
  ["DELETE", "/v1/partners/{}", null],
  ["POST", "/v1/partners/{}/pause", null],
  ["POST", "/v1/partners/{}/resume", null],
  ["POST", "/v1/partners/fuzz/rotate-secret", () => ({ overlap: "1h", scheme: "v1" })],
  ["GET", "/v1/partners/{}/keys", null],
  ["PUT", "/v1/partners/acme/endpoints/fuzz", endpointDocument],
  ["PUT", "/v1/partners/{}/endpoints/{}", endpointDocument],
  ["GET", "/v1/partners/acme/endpoints/{}", null],
  ["DELETE", "/v1/partners/acme/endpoints/{}", null],
  ["POST", "/v1/partners/acme/endpoints/{}/test", null],
  ["POST", "/v1/partners/acme/endpoints/{}/resume", null],
  ["POST", "/v1/partners/acme/endpoints/{}/preview", () => ({ event_id: "a", document: endpointDocument() })],
  ["POST", "/v1/partners/acme/endpoints/main/preview", () => ({ event: { type: "a.b", data: { a: 1 } } })],
  ["GET", "/v1/partners/acme/endpoints/{}/versions", null],
  ["GET", "/v1/partners/acme/endpoints/main/versions/{}", null],
  ["POST", "/v1/partners/acme/endpoints/main/versions/{}/restore", null],
  ["GET", "/v1/deliveries/{}/attempts/{}/request", null],
  ["GET", "/v1/deliveries", null],
  ["GET", "/v1/deliveries/{}", null],
  ["GET", "/v1/delivery-groups", null],
  ["POST", "/v1/replays", () => ({ filter: filter(), dry_run: true, rate_per_second: 1 })],
  ["POST", "/v1/replays", () => ({ filter: filter() })],
  ["GET", "/v1/replays", null],
  ["GET", "/v1/replays/{}", null],
  ["DELETE", "/v1/replays/{}", null],
  ["POST", "/v1/cancellations", () => ({ filter: filter(), dry_run: true })],
];

/** A document with one place changed, found by walking as `choices` says. */
function changed(
  document: unknown,
  choices: readonly number[],
  value: unknown,
  how: string,
  key: string,
): unknown {
  if (typeof document !== "object" || document === null) return value;
  const names = Object.keys(document);
  const [choice = 0, ...rest] = choices;
  const copy = (Array.isArray(document) ? [...document] : { ...document }) as Record<string, unknown>;
  const name = names[choice % Math.max(1, names.length)];
  if (name === undefined || rest.length === 0) {
    if (how === "removed" && name !== undefined) delete copy[name];
    else if (how === "added")
      Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
    else if (name !== undefined) copy[name] = value;
    return copy;
  }
  copy[name] = choice % 3 === 0 ? value : changed(copy[name], rest, value, how, key);
  return copy;
}

/** Percent-encoded as UTF-8, halves of pairs as an encoder without checks would write them. */
const encoded = (text: string) =>
  Array.from(text)
    .map((letter) => (letter.isWellFormed() ? encodeURIComponent(letter) : "%ED%A0%80"))
    .join("")
    .replace(/^\.+$/, (dots) => dots.replaceAll(".", "%2E"));

test("hostile values in every place of every call: never a 5xx, and the books are right", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...calls),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
      fc.oneof(hostileValue, fc.constant("acme")),
      fc.constantFrom("changed", "added", "removed"),
      hostileText,
      fc.array(fc.tuple(fc.oneof(fc.constantFrom(...query), hostileText), hostileText), { maxLength: 2 }),
      async ([method, path, document], choices, value, how, key, pairs) => {
        const filled = path.replaceAll("{}", () => encoded(key).slice(0, 2_000) || "main");
        const search =
          method === "GET"
            ? pairs
                .map(([name, text]) => `${encoded(name).slice(0, 500)}=${encoded(text).slice(0, 2_000)}`)
                .join("&")
            : "";
        const body = document === null ? undefined : changed(document(), choices, value, how, key);
        const answer = await call(
          method,
          `${filled}?${search}`,
          body === undefined ? undefined : JSON.stringify(body),
        );
        expect([method, filled, answer.status < 500, answer.text]).toEqual([
          method,
          filled,
          true,
          answer.text,
        ]);
      },
    ),
    { seed: 20261127, numRuns: 1_500 },
  );
  expect((await call("GET", "/v1/conservation")).json.drift).toBe(0);
  expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
