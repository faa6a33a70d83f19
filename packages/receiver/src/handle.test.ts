import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineCatalogue } from "@postrider/sender";
import { now, otherSecret, secret, signed } from "./testing/signed.ts";
import {
  createReceiver,
  diagnose,
  type Failure,
  handle,
  type HandleOptions,
  type ReplayStore,
} from "./index.ts";
import { memoryStore } from "./stores/memory.ts";

function make(options: Partial<HandleOptions> = {}) {
  const failures: Failure[] = [];
  const handler = vi.fn<HandleOptions["handler"]>(options.handler ?? (() => {}));
  const endpoint = handle({
    secrets: secret,
    now: () => now,
    store: memoryStore({ now: () => now }),
    onError: (failure) => failures.push(failure),
    ...options,
    handler,
  });
  const send = async (body: string | Uint8Array = "{}", headers?: object) =>
    endpoint({ headers: (headers ?? (await signed(body))) as Record<string, string>, rawBody: () => body });
  return { send, handler, failures };
}

test("200 ok, and the same for a repeat without running again", async () => {
  const { send, handler } = make();
  expect(await send()).toEqual({ status: 200, headers: { "content-type": "text/plain" }, body: "ok" });
  expect(await send()).toEqual({ status: 200, headers: { "content-type": "text/plain" }, body: "ok" });
  expect(handler).toHaveBeenCalledTimes(1);
  expect(handler.mock.calls[0]?.[0]).toMatchObject({ id: "msg_1", scheme: "v1" });
});

test("a repeat gets the answer that the handler gave the first time", async () => {
  const { send } = make({ handler: () => ({ status: 202, body: "queued" }) });
  expect(await send()).toMatchObject({ status: 202, body: "queued" });
  expect(await send()).toMatchObject({ status: 202, body: "queued" });
});

test("409 with Retry-After while another request is being handled", async () => {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const { send } = make({
    handler: () => {
      started.resolve();
      return finish.promise;
    },
  });
  const first = send();
  await started.promise;
  expect(await send()).toEqual({
    status: 409,
    headers: { "content-type": "application/json", "retry-after": "60" },
    body: '{"error":"in_progress"}',
  });
  finish.resolve();
  expect((await first).status).toBe(200);
});

test.each([
  [
    "throws",
    500,
    () => {
      throw new Error("db is down: secret detail");
    },
  ],
  ["answers 429", 429, () => ({ status: 429 })],
])("a handler that %s releases the id, and its words do not leave", async (_, status, failing) => {
  let healthy = false;
  const { send, failures } = make({ handler: () => (healthy ? undefined : failing()) });
  const answer = await send();
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer)).not.toContain("detail");
  expect(failures.map((failure) => failure.status)).toEqual(status === 500 ? [500] : []);
  healthy = true;
  expect((await send()).status).toBe(200);
});

/** What handlers return in JavaScript: rows, counts, whatever a library gives. */
const returned: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["true", true],
  ["a number", 404],
  ["a bigint", 1n],
  ["a text", "saved"],
  ["a symbol", Symbol("saved")],
  ["a function", () => ({ status: 500 })],
  ["a list", [{ status: 500 }]],
  ["an empty object", {}],
  ["a row", { id: 7, name: "click", created_at: new Date(0) }],
  ["a row with a status in words", { id: 7, status: "approved" }],
  ["a status as text", { status: "500" }],
  ["a status that is no number", { status: Number.NaN }],
  ["an endless status", { status: Number.POSITIVE_INFINITY }],
  ["a broken status", { status: 500.5 }],
  ["a status of null", { status: null }],
  ["status 0", { status: 0 }],
  ["status -1", { status: -1 }],
  ["an interim status", { status: 103 }],
  ["status 600", { status: 600 }],
  ["status 1000", { status: 1000 }],
  ["a frozen object without prototype", Object.freeze(Object.create(null))],
  [
    "an object whose status throws",
    Object.defineProperty({}, "status", {
      get: () => {
        throw new Error("lazy");
      },
    }),
  ],
  ["a Map", new Map([["status", 500]])],
];

test.each(returned)("a handler that returned %s is done, and never runs again", async (_, value) => {
  const { send, handler, failures } = make({ handler: () => value as never });
  for (let n = 0; n < 3; n++) expect(await send()).toMatchObject({ status: 200, body: "ok" });
  expect(handler).toHaveBeenCalledTimes(1);
  expect(failures).toEqual([]);
});

test.each([
  [200, 1],
  [202, 1],
  [299, 1],
  [304, 2],
  [404, 2],
  [500, 2],
  [599, 2],
])(
  "a handler that returned status %i says so itself, and ran %i times for two requests",
  async (status, runs) => {
    const { send, handler } = make({ handler: () => ({ status, body: { not: "text" } as never }) });
    expect(await send()).toMatchObject({ status, body: "" });
    expect(await send()).toMatchObject({ status });
    expect(handler).toHaveBeenCalledTimes(runs);
  },
);

test("a store whose methods throw at once is told like one that rejects, and the handler's work stands", async () => {
  const thrown = (): never => {
    throw new Error("no connection");
  };
  const good: ReplayStore = memoryStore();
  expect(await make({ store: { ...good, claim: thrown } }).send()).toMatchObject({ status: 503 });
  const after = make({ store: { ...good, complete: thrown } });
  expect((await after.send()).status).toBe(200);
  expect(after.failures).toMatchObject([{ status: 200, error: { message: "no connection" } }]);
});

const throwing: [string, () => unknown][] = [
  [
    "throws an error",
    () => {
      throw new Error("line one\nline two");
    },
  ],
  [
    "throws a text",
    () => {
      throw "no";
    },
  ],
  [
    "throws undefined",
    () => {
      throw undefined;
    },
  ],
  [
    "throws what has no words",
    () => {
      throw Object.create(null);
    },
  ],
  [
    "rejects",
    async () => {
      throw new Error("later");
    },
  ],
  [
    "rejects after a while",
    async () => {
      await new Promise(setImmediate);
      throw new Error("later");
    },
  ],
  [
    "gives a thenable that throws",
    () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- what is tried here
      then: () => {
        throw new Error("then");
      },
    }),
  ],
];

describe("a hook that", () => {
  const said = vi.spyOn(console, "error");
  const unhandled = vi.fn<(reason: unknown) => void>();
  beforeEach(() => {
    said.mockReset().mockImplementation(() => {});
    unhandled.mockReset();
    process.on("unhandledRejection", unhandled);
  });
  afterEach(() => void process.off("unhandledRejection", unhandled));
  afterAll(() => said.mockRestore());

  const oneLine = async (hook: string) => {
    await vi.waitFor(() => expect(said).toHaveBeenCalledTimes(1));
    for (let n = 0; n < 3; n++) await new Promise(setImmediate);
    expect(said.mock.calls).toEqual([
      [expect.stringMatching(new RegExp(`^@postrider/receiver: ${hook} threw: .+$`))],
    ]);
    expect(unhandled).not.toHaveBeenCalled();
  };

  test.each(throwing)("%s, as onError: the answer stands, and one line says so", async (_, onError) => {
    const { send } = make({ onError });
    expect(await send("{}", {})).toMatchObject({ status: 400, body: '{"error":"header_missing"}' });
    await oneLine("onError");
  });

  test.each(throwing)("%s, as explain: the refusal stands without words", async (_, explain) => {
    const { send, failures } = make({ explain: explain as NonNullable<HandleOptions["explain"]> });
    expect(await send("{}", {})).toMatchObject({ status: 400, body: '{"error":"header_missing"}' });
    await oneLine("explain");
    expect(failures).toHaveLength(1);
  });

  test.each([
    ["undefined", undefined],
    ["no findings", {}],
    ["findings that are none", { findings: [null] }],
  ])("explains with %s: the refusal stands without words", async (_, findings) => {
    const { send } = make({ explain: (async () => findings) as never });
    expect(await send("{}", {})).toMatchObject({ status: 400, body: '{"error":"header_missing"}' });
    await oneLine("explain");
  });

  test("throws, when the store fails after the handler: the handler's answer stands", async () => {
    const complete = async (): Promise<never> => {
      throw new Error("no connection");
    };
    const onError = (): never => {
      throw new Error("logger");
    };
    const { send, handler } = make({ onError, store: { ...memoryStore(), complete } });
    expect(await send()).toMatchObject({ status: 200 });
    await oneLine("onError");
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test("is missing: the answer stands", async () => {
    const { send } = make({ onError: undefined as never });
    expect(await send("{}", {})).toMatchObject({ status: 400 });
    await oneLine("onError");
  });
});

test.each([
  ["another secret", 401, "signature_mismatch", async () => signed("{}", { secrets: [otherSecret] })],
  ["an old timestamp", 401, "timestamp_too_old", async () => signed("{}", { timestampSeconds: 1 })],
  ["no headers", 400, "header_missing", async () => ({})],
  ["a header twice", 400, "header_duplicated", async () => ({ ...(await signed("{}")), "Webhook-ID": "x" })],
])("%s: %i %s, the handler does not run", async (_, status, error, headers) => {
  const { send, handler, failures } = make();
  expect(await send("{}", await headers())).toMatchObject({ status, body: JSON.stringify({ error }) });
  expect(handler).not.toHaveBeenCalled();
  expect(failures).toMatchObject([{ status, error: { code: error } }]);
});

test("413 for a body above the limit, 500 for a secret that is none, 400 for signed text that is not JSON", async () => {
  expect((await make({ maxBodyBytes: 3 }).send("1234")).status).toBe(413);
  expect((await make({ secrets: "whsec_x" }).send()).status).toBe(500);
  const { send } = make({ handler: (message) => void message.json() });
  expect(await send("not json")).toMatchObject({ status: 400, body: '{"error":"json_malformed"}' });
});

test("a store that fails: 503 before the handler; after it the answer stands and the failure is told", async () => {
  const broken = async (): Promise<never> => {
    throw new Error("no connection");
  };
  const good: ReplayStore = memoryStore();
  const before = make({ store: { ...good, claim: broken } });
  expect(await before.send()).toMatchObject({ status: 503, headers: { "retry-after": "5" } });
  expect(before.handler).not.toHaveBeenCalled();
  const after = make({ store: { ...good, complete: broken } });
  expect((await after.send()).status).toBe(200);
  expect(after.failures).toMatchObject([{ error: { message: "no connection" } }]);
});

test("a refusal is explained in words in test mode, without secrets", async () => {
  const { send } = make({ explain: diagnose });
  const answer = await send('{"a":1}', await signed('{"a": 1}'));
  expect(answer.status).toBe(401);
  expect(JSON.parse(answer.body)).toMatchObject({
    error: "signature_mismatch",
    findings: [{ cause: "body_reserialised" }],
  });
  expect(answer.body).not.toContain(secret.slice(6));
});

const catalogue = defineCatalogue({
  "conversion.approved": {
    1: z.object({ click_id: z.string() }),
    2: z.object({ click_id: z.string(), payout: z.number() }),
  },
  "conversion.rejected": { 1: z.object({ why: z.string().optional() }) },
});

function typed() {
  const seen: string[] = [];
  const receiver = createReceiver({
    catalogue,
    secrets: secret,
    now: () => now,
    store: memoryStore(),
    onError: () => {},
  });
  receiver.on("conversion.approved", (event) => {
    // Narrowed by the version: `payout` exists from 2 on.
    const payout: number = event.schema_version === 2 ? event.data.payout : 0;
    // @ts-expect-error version 1 has no payout
    if (event.schema_version === 1) seen.push(String(event.data.payout));
    seen.push(`${event.data.click_id} ${payout}`);
  });
  // @ts-expect-error not a type of the catalogue
  receiver.on("conversion.unknown", () => {});
  const send = async (event: object) => {
    const body = JSON.stringify(event);
    const headers = await signed(body, { id: `msg_${seen.length}_${crypto.randomUUID()}` });
    return receiver.endpoint({ headers, rawBody: () => body });
  };
  return { send, seen };
}

test("typed events: each version, unknown fields tolerated, other types accepted", async () => {
  const { send, seen } = typed();
  const base = { id: "e", timestamp: "2026-02-01T12:00:00Z", surprise: true };
  expect(
    (
      await send({
        ...base,
        type: "conversion.approved",
        schema_version: 1,
        data: { click_id: "c1", more: 1 },
      })
    ).status,
  ).toBe(200);
  expect(
    (
      await send({
        ...base,
        type: "conversion.approved",
        schema_version: 2,
        data: { click_id: "c2", payout: 3 },
      })
    ).status,
  ).toBe(200);
  expect((await send({ ...base, type: "conversion.rejected", data: {} })).status).toBe(200);
  expect((await send({ ...base, type: "brand.new", data: {} })).status).toBe(200);
  expect(seen).toEqual(["undefined", "c1 0", "c2 3"]);
});

test.each([
  [
    "an unknown version",
    { id: "e", type: "conversion.approved", schema_version: 3, data: {} },
    { error: "schema_version_unknown", supported: [1, 2] },
  ],
  [
    "data that does not fit",
    { id: "e", type: "conversion.approved", schema_version: 2, data: { click_id: "private", payout: "x" } },
    { error: "data_invalid" },
  ],
  ["no type", { id: "e", data: {} }, { error: "envelope_malformed" }],
  [
    "a version that is no number",
    { id: "e", type: "conversion.approved", schema_version: "2" },
    { error: "envelope_malformed" },
  ],
  [
    "a name of Object.prototype",
    { id: "e", type: "conversion.approved", schema_version: 0, data: {} },
    { error: "schema_version_unknown", supported: [1, 2] },
  ],
])("%s: 422", async (_, event, body) => {
  const { send, seen } = typed();
  expect(await send(event)).toMatchObject({ status: 422, body: JSON.stringify(body) });
  expect(seen).toEqual([]);
});
