/**
 * Endpoint documents of every kind, on a real server with a real partner: each is refused with the place named, or
 * stored, shown and sent digit for digit.
 */
import { createServer } from "node:http";
import { memberText } from "@postrider/engine/json-text";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RunningServer } from "./server.ts";
import type { caller } from "./testing/server-over-fake.testsuite.ts";
import { startServerBeside } from "./testing/server-with-partner.testsuite.ts";

interface Received {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** By path. */
const received = new Map<string, Received>();
const partner = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const raw = request.rawHeaders;
    const headers = raw.flatMap((name, index) =>
      index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : [],
    );
    received.set(request.url ?? "", { headers, body: Buffer.concat(chunks).toString() });
    response.end();
  });
});

let server: RunningServer;
let call: ReturnType<typeof caller>;
let origin: string;

beforeAll(async () => {
  ({ server, call, origin } = await startServerBeside(partner));
});
afterAll(async () => {
  await server?.stop();
  partner.close();
});

/** JSON as it is written: the texts of numbers, and objects as lists of members. */
type Written =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "word"; readonly text: "true" | "false" | "null" }
  | { readonly kind: "macro" }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Written])[] }
  | { readonly kind: "array"; readonly items: readonly Written[] };

const macroValue = "12345678901234567890.50";

/** `sent`: as the partner gets it, macros filled. JavaScript puts keys that are whole numbers first. */
function textOf(value: Written, sent: boolean): string {
  switch (value.kind) {
    case "number":
    case "word":
      return value.text;
    case "text":
      return JSON.stringify(value.text);
    case "macro":
      return sent ? macroValue : '"{data.n}"';
    case "array":
      return `[${value.items.map((item) => textOf(item, sent)).join(",")}]`;
    case "object": {
      const isIndex = (key: string) => /^(0|[1-9]\d{0,8})$/.test(key);
      const first = value.members
        .filter(([key]) => isIndex(key))
        .toSorted(([a], [b]) => Number(a) - Number(b));
      const rest = value.members.filter(([key]) => !isIndex(key));
      return `{${[...first, ...rest].map(([key, member]) => `${JSON.stringify(key)}:${textOf(member, sent)}`).join(",")}}`;
    }
  }
}

const digits = fc.stringMatching(/^[0-9]{1,12}$/);
const numberText = fc.oneof(
  fc.constantFrom(
    "-0",
    "0",
    "1E5",
    "1.0",
    "1e999",
    "10.50",
    "-1e-400",
    "12345678901234567890",
    "9".repeat(400),
    "0.1e+1",
  ),
  fc
    .tuple(
      fc.constantFrom("", "-"),
      fc.stringMatching(/^(0|[1-9][0-9]{0,25})$/),
      fc.option(digits),
      fc.option(digits),
    )
    .map(([sign, whole, fraction, exponent]) => {
      const part = fraction === null ? "" : `.${fraction}`;
      return `${sign}${whole}${part}${exponent === null ? "" : `e-${exponent}`}`;
    }),
);
const prototypeKeys = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "rawJSON",
  "toJSON",
];
/** Any code units but braces, which begin macros. One in twenty texts holds what cannot be stored. */
const text = fc
  .oneof(
    { weight: 19, arbitrary: fc.string({ unit: "grapheme", maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom("a\0", "\ud800", "x\udc00y", "\udc00\ud800") },
  )
  .map((given) => given.replaceAll(/[{}]/g, "_"));
const key = fc.oneof(text, fc.constantFrom(...prototypeKeys, "0", "17", ""));
const { value } = fc.letrec<{ value: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    numberText.map((given): Written => ({ kind: "number", text: given })),
    text.map((given): Written => ({ kind: "text", text: given })),
    fc.constantFrom<Written>(
      { kind: "macro" },
      { kind: "word", text: "null" },
      { kind: "word", text: "true" },
    ),
    fc
      .uniqueArray(fc.tuple(key, tie("value")), { selector: ([name]) => name, maxLength: 5 })
      .map((members): Written => ({ kind: "object", members })),
    fc.array(tie("value"), { maxLength: 4 }).map((items): Written => ({ kind: "array", items })),
  ),
}));
const body = value.filter(({ kind }) => kind === "object" || kind === "array");
const headers = fc.uniqueArray(
  fc.tuple(
    fc.oneof(fc.constantFrom(...prototypeKeys), fc.stringMatching(/^x-[a-z]{1,8}$/)),
    fc.oneof(fc.stringMatching(/^[!-z]{1,10}$/), fc.constantFrom("a\0", "\ud800", "ä")),
  ),
  { selector: ([name]) => name.toLowerCase(), maxLength: 3 },
);

const isStorable = (given: string) =>
  !given.includes("\\u0000") && given.isWellFormed() && !/\\ud[89a-f]/.test(given);

// Hundreds of requests to a server: much where the machine is busy.
describe("endpoint documents", { timeout: 120_000 }, () => {
  test("of any JSON are refused with the place, or stored, shown and sent digit for digit", async () => {
    await call("PUT", "/v1/partners/any", { name: "Any" });
    const documents = fc.sample(fc.record({ body, headers }), { seed: 9, numRuns: 150 });
    const stored: { path: string; body: string; headers: readonly (readonly [string, string])[] }[] = [];
    for (const [index, document] of documents.entries()) {
      const path = `/doc-${index}`;
      const written = textOf(document.body, false);
      const head = document.headers
        .map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`)
        .join(",");
      const json = `{"url":"${origin}${path}","headers":{${head}},"body":${written}}`;
      const put = await call("PUT", `/v1/partners/any/endpoints/doc-${index}`, json);
      const good =
        isStorable(written) && document.headers.every(([, one]) => /^[!-z]+$/.test(one) && !/[{}]/.test(one));
      if (!good) {
        expect([put.status, put.json.error.issues[0].path], json).toEqual([
          400,
          expect.stringMatching(/^(body|headers)/),
        ]);
        continue;
      }
      expect([put.status, put.text.slice(0, 300)], json).toMatchObject([201, expect.any(String)]);
      const shown = await call("GET", `/v1/partners/any/endpoints/doc-${index}`);
      expect(memberText(shown.text, "body")).toBe(written);
      // What is shown can be put back.
      const again = `{"url":"${origin}${path}","headers":{${head}},"body":${memberText(shown.text, "body")}}`;
      expect((await call("PUT", `/v1/partners/any/endpoints/doc-${index}`, again)).status).toBe(200);
      stored.push({ path, body: textOf(document.body, true), headers: document.headers });
    }
    expect(stored.length).toBeGreaterThan(60);
    expect(documents.length - stored.length).toBeGreaterThan(20);
    const event = `{"event_id":"any-1","type":"a.b","partner":"any","data":{"n":${macroValue}}}`;
    expect((await call("POST", "/v1/events", event)).json.results[0].deliveries).toBe(stored.length);
    await vi.waitFor(() => expect(received.size).toBe(stored.length), { timeout: 60_000, interval: 50 });
    for (const one of stored) {
      const got = received.get(one.path);
      expect(got?.body).toBe(one.body);
      for (const [name, header] of one.headers)
        expect(got?.headers).toContainEqual([name.toLowerCase(), header]);
    }
  });

  test.each([
    ["a key of settings", { __proto__x: 1 }, "__proto__x"],
    ["U+0000 in the URL", { url: "https://a.example/\0" }, "url"],
    ["half a pair in the URL", { url: "https://a.example/\ud800" }, "url"],
    ["half a pair in a URL's query", { url: "https://a.example/?a=\udc00{data.n}" }, "url"],
    ["half a pair in a list", { body: [["x", "\ud800"]] }, "body[0][1]"],
    ["U+0000 in a key", { body: { a: { "b\0": 1 } } }, String.raw`body.a["b\u0000"]`],
    ["a body of 64 kB", { body: ["x".repeat(65_536)] }, "body"],
    ["a deep body", { body: JSON.parse(`${"[".repeat(2_000)}${"]".repeat(2_000)}`) }, /^body(\[0\])+(\[…)?$/],
  ])("with %s are refused there", async (_, wrong, path) => {
    await call("PUT", "/v1/partners/wrong", { name: "Wrong" });
    const document = { url: `${origin}/wrong`, ...wrong };
    const { status, json } = await call("PUT", "/v1/partners/wrong/endpoints/main", document);
    expect([status, json.error.issues[0].path]).toEqual([
      400,
      typeof path === "string" ? path : expect.stringMatching(path),
    ]);
  });

  test.each(["", "retry", "breaker", "order"])(
    "with __proto__ among the settings of %j are refused",
    async (at) => {
      await call("PUT", "/v1/partners/wrong", { name: "Wrong" });
      const member = at === "" ? '"__proto__":{"method":"GET"}' : `"${at}":{"__proto__":{"jitter":"none"}}`;
      const put = await call("PUT", "/v1/partners/wrong/endpoints/main", `{"url":"${origin}/",${member}}`);
      expect([put.status, put.json.error?.issues[0].path]).toEqual([
        400,
        at === "" ? "__proto__" : `${at}.__proto__`,
      ]);
    },
  );

  test("names of partners with U+0000 or half a pair are refused there", async () => {
    for (const name of ["a\0b", "\ud800"]) {
      const { status, json } = await call("PUT", "/v1/partners/odd", { name });
      expect([status, json.error.issues[0].path]).toEqual([400, "name"]);
    }
  });

  test("of every setting that is taken are sent: none ends as a fault of Postrider's", async () => {
    await call("PUT", "/v1/partners/set", { name: "Set" });
    const names = [
      ...prototypeKeys,
      "accept-encoding",
      "content-encoding",
      "content-type",
      "cookie",
      "date",
      "http2-settings",
      "range",
      "sec-websocket-key",
      "set-cookie",
      "tE2",
      "trailers",
      "user-agent",
      "via",
      "-",
      "0",
      "!#$%&'*+.^_`|~",
      "x".repeat(100),
    ];
    const values = ["a", "", " lead", "trail ", "\t", "chunked", "100-continue", "{data.n}", "{data.none?}"];
    const durations = Array<string>(50).fill("365d");
    const documents: object[] = [
      ...names.flatMap((name) => values.map((value) => ({ headers: Object.fromEntries([[name, value]]) }))),
      ...["POST", "PUT"].flatMap((method) =>
        ["none", "envelope", "form", {}, [], [[]], { a: {} }].map((given) => ({ method, body: given })),
      ),
      ...["?", "?a", "?a=", "?&&", "?=b", "//x", "/a//b/", "/%00", "/;p=1", "/é", "/{data.none}"].map(
        (end) => ({ end }),
      ),
      { method: "GET" },
      { timeout: "2m" },
      { signing: [] },
      { retry: { schedule: [], client_error_schedule: [] } },
      { retry: { schedule: durations, expires_after: "365d", retry_after_max: "365d" } },
      { breaker: { consecutive_failures: 1, minimum: 1, first_wait: "1h", longest_wait: "10ms" } },
      { breaker: null, disable_after: "1s", order: { max_hold: "1s" } },
    ];
    for (const [index, { end = "", ...document }] of (documents as { end?: string }[]).entries()) {
      const url = `${origin}/set-${index}${end}`;
      const put = await call("PUT", `/v1/partners/set/endpoints/set-${index}`, { url, ...document });
      expect(put.status, JSON.stringify(document)).toBe(201);
    }
    const event = { event_id: "set-1", type: "a.b", partner: "set", data: { n: 1 } };
    expect((await call("POST", "/v1/events", event)).json.results[0].deliveries).toBe(documents.length);
    await vi.waitFor(
      async () => {
        const { json } = await call("GET", "/v1/events/set-1");
        const waiting = json.deliveries.filter(({ state }: { state: string }) => state !== "delivered");
        expect(waiting).toEqual([]);
      },
      { timeout: 60_000, interval: 100 },
    );
  });

  test("of any form are answered, never with a fault: endpoints, partners, rotations", async () => {
    await call("PUT", "/v1/partners/fuzz", { name: "Fuzz" });
    const some = (keys: readonly string[]) =>
      fc.uniqueArray(fc.tuple(fc.oneof(fc.constantFrom(...keys), key), value), {
        selector: ([name]) => name,
        maxLength: 4,
      });
    const kinds = [
      [
        "PUT",
        "/v1/partners/fuzz",
        `"name":"Fuzz"`,
        ["name", "rate_per_second", "burst", "silent_after", "signing_secret"],
      ],
      ["POST", "/v1/partners/fuzz/rotate-secret", `"overlap":"0s"`, ["overlap", "scheme", "signing_secret"]],
      [
        "PUT",
        "/v1/partners/fuzz/endpoints/main",
        `"url":"${origin}/fuzz"`,
        [
          "url",
          "method",
          "events",
          "headers",
          "body",
          "retry",
          "timeout",
          "enabled",
          "signing",
          "order",
          "breaker",
        ],
      ],
    ] as const;
    for (const [method, path, good, keys] of kinds) {
      for (const members of fc.sample(some(keys), { seed: 11, numRuns: 100 })) {
        const json = `{${[good, ...members.map(([name, one]) => `${JSON.stringify(name)}:${textOf(one, false)}`)].join(",")}}`;
        const answered = await call(method, path, json);
        if (answered.status < 300) continue;
        expect([answered.status, answered.json.error.issues?.length > 0], json).toEqual([400, true]);
      }
    }
  });
});
