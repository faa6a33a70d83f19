import { expect, test } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { type AnyEvent, createDoor, defineCatalogue, type EventOf, type Transaction } from "./index.ts";
import { catalogueJsonSchema } from "./json-schema.ts";

const catalogue = defineCatalogue({
  "conversion.approved": {
    1: z.object({ click_id: z.string() }),
    2: z.object({ click_id: z.string(), payout: z.number().positive(), currency: z.string().default("USD") }),
  },
  "user.created": { 1: mini.object({ user_id: mini.string() }) },
});
type AppEvent = EventOf<typeof catalogue>;

/** A transaction that accepts everything and keeps what it was given. */
function recorder(): Transaction & { events: Record<string, unknown>[] } {
  const events: Record<string, unknown>[] = [];
  return {
    events,
    async query(_sql, [text]) {
      events.push(...(JSON.parse(text as string) as Record<string, unknown>[]));
      return {
        rows: events.map(({ event_id }) => ({ event_id, status: "accepted", deliveries: 0, error: null })),
      };
    },
  };
}

async function issuesOf(...events: unknown[]): Promise<unknown> {
  const tx = recorder();
  const error = await createDoor({ catalogue })
    .accept(tx, events as AppEvent[])
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(tx.events, "nothing may be sent").toEqual([]);
  expect(error).toMatchObject({ name: "SenderError", code: "invalid_event", events: [] });
  return (error as { fields: { issues: unknown } }).fields.issues;
}

test("type and schema version decide what data must be, when it compiles", () => {
  const good: AppEvent[] = [
    { type: "conversion.approved", data: { click_id: "c" } },
    { type: "conversion.approved", schema_version: 1, data: { click_id: "c" } },
    {
      type: "conversion.approved",
      schema_version: 2,
      data: { click_id: "c", payout: 1 },
      event_id: "e",
      occurred_at: new Date(0),
      partner: "acme",
    },
    { type: "user.created", data: { user_id: "u" } },
  ];
  const wrong: AppEvent[] = [
    // @ts-expect-error payout belongs to version 2
    { type: "conversion.approved", schema_version: 1, data: { click_id: "c", payout: 1 } },
    // @ts-expect-error payout and currency belong to version 2, and absent means 1
    { type: "conversion.approved", data: { click_id: "c", payout: 1, currency: "EUR" } },
    // @ts-expect-error currency belongs to version 2
    { type: "conversion.approved", data: { click_id: "c", currency: "EUR" } },
    // @ts-expect-error a key of no version
    { type: "conversion.approved", data: { click_id: "c", payuot: 1 } },
    // @ts-expect-error a field that is not known
    { type: "conversion.approved", eventId: "e", data: { click_id: "c" } },
    // @ts-expect-error click_id must be text in every version
    { type: "conversion.approved", data: { click_id: 5, payout: 1 } },
    // @ts-expect-error payout must be a number
    { type: "conversion.approved", schema_version: 2, data: { click_id: "c", payout: "1" } },
    // @ts-expect-error payout is missing
    { type: "conversion.approved", schema_version: 2, data: { click_id: "c" } },
    // @ts-expect-error there is no version 3
    { type: "conversion.approved", schema_version: 3, data: { click_id: "c" } },
    // @ts-expect-error the type is not in the catalogue
    { type: "conversion.aproved", data: { click_id: "c" } },
    // @ts-expect-error data of another type
    { type: "user.created", data: { click_id: "c" } },
    // @ts-expect-error data is missing
    { type: "user.created" },
  ];
  // @ts-expect-error an event of the catalogue is not just anything
  const notAny: AppEvent = {} as AnyEvent;
  expect([good.length, wrong.length, notAny]).toEqual([4, 12, {}]);
});

test("wrong data is refused before anything is sent, every place named", async () => {
  expect(
    await issuesOf(
      { type: "user.created", data: { user_id: "u" } },
      { type: "conversion.approved", schema_version: 2, data: { payout: -1 } },
      { type: "conversion.aproved", data: {} },
      { type: "conversion.approved", schema_version: 3, data: {} },
      { type: "user.created", occurred_at: "yesterday", event_id: "", data: { user_id: "u" } },
      { type: "user.created", occurred_at: new Date(Number.NaN), partner: "", data: { user_id: "u" } },
      { type: "toString", schema_version: 1, data: {} },
      { type: "", schema_version: 1.5, data: {} },
      null,
    ),
  ).toMatchObject([
    { path: "events[1].data.click_id" },
    { path: "events[1].data.payout" },
    {
      path: "events[2].type",
      message: "is not in the catalogue, which has conversion.approved, user.created",
    },
    { path: "events[3].schema_version", message: "is not in the catalogue, which has 1, 2" },
    { path: "events[4].event_id" },
    { path: "events[4].occurred_at" },
    { path: "events[5].partner" },
    { path: "events[5].occurred_at" },
    { path: "events[6].type" },
    { path: "events[7].type" },
    { path: "events[7].schema_version" },
    { path: "events[8]" },
  ]);
});

test("without a catalogue data must still be an object that JSON can say", async () => {
  const door = createDoor();
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const data of [undefined, null, [1], "text", { big: 1n }, circle] as object[]) {
    const tx = recorder();
    await expect(door.accept(tx, [{ type: "a", data }])).rejects.toMatchObject({
      fields: { issues: [{ path: "events[0].data" }] },
    });
    expect(tx.events).toEqual([]);
  }
});

test("the schema's output is what goes out, with its defaults", async () => {
  const tx = recorder();
  const data = { click_id: "c", payout: 1.5 };
  await createDoor({ catalogue }).accept(tx, [{ type: "conversion.approved", schema_version: 2, data }]);
  expect(tx.events[0]).toMatchObject({
    schema_version: 2,
    data: { click_id: "c", payout: 1.5, currency: "USD" },
  });
});

const inner = z.object({ a: z.number() });
test.each<[what: string, schema: z.core.$ZodType, data: object, lost: string[]]>([
  ["an object", inner, { a: 1, b: 2, c: undefined }, ["data.b"]],
  ["an object of zod/mini", mini.object({ a: mini.number() }), { a: 1, b: 2 }, ["data.b"]],
  ["an object in an object", z.object({ in: inner }), { in: { a: 1, b: 2 }, d: 3 }, ["data.in.b", "data.d"]],
  ["a list", z.object({ l: z.array(inner) }), { l: [{ a: 1 }, { a: 1, b: 2 }] }, ["data.l[1].b"]],
  [
    "a tuple and its rest",
    z.object({ t: z.tuple([inner], inner) }),
    {
      t: [
        { a: 1, b: 2 },
        { a: 1, c: 3 },
      ],
    },
    ["data.t[0].b", "data.t[1].c"],
  ],
  ["a record", z.object({ r: z.record(z.string(), inner) }), { r: { x: { a: 1, b: 2 } } }, ["data.r.x.b"]],
  [
    "what wraps",
    z.object({
      o: inner.optional(),
      n: inner.nullable(),
      d: inner.default({ a: 1 }),
      r: inner.readonly(),
      c: inner.catch({ a: 1 }),
      p: inner.prefault({ a: 1 }),
    }),
    {
      o: { a: 1, b: 2 },
      n: { a: 1, c: 2 },
      d: { a: 1, d: 2 },
      r: { a: 1, e: 2 },
      c: { a: 1, f: 2 },
      p: { a: 1, g: 2 },
    },
    ["data.o.b", "data.n.c", "data.d.d", "data.r.e", "data.c.f", "data.p.g"],
  ],
  ["what wraps nothing", z.object({ o: inner.optional(), n: inner.nullable() }), { n: null }, []],
  [
    "the option of a union that fits first",
    z.union([z.object({ a: z.string() }), inner]),
    { a: 1, b: 2 },
    ["data.b"],
  ],
  [
    "a discriminated union",
    z.discriminatedUnion("k", [z.object({ k: z.literal(1) }), z.object({ k: z.literal(2), b: z.number() })]),
    { k: 1, b: 2 },
    ["data.b"],
  ],
  [
    "both of an intersection",
    z.intersection(inner, z.object({ b: z.number() })),
    { a: 1, b: 2, c: 3 },
    ["data.c"],
  ],
  ["a lazy one", z.object({ l: z.lazy(() => inner) }), { l: { a: 1, b: 2 } }, ["data.l.b"]],
  ["before a transform", inner.transform(({ a }) => ({ renamed: a })), { a: 1, b: 2 }, ["data.b"]],
  ["a transform's own renaming", inner.transform(({ a }) => ({ renamed: a })), { a: 1 }, []],
  ["a refined one", inner.refine(() => true), { a: 1, b: 2 }, ["data.b"]],
  [
    "a loose one, which keeps them",
    z.looseObject({ in: z.looseObject({ a: z.number() }) }),
    { in: { a: 1, b: 2 }, c: 3 },
    [],
  ],
  ["a catchall, which keeps them", z.object({ a: z.number() }).catchall(inner), { a: 1, b: { a: 1 } }, []],
  [
    "any and unknown, which keep them",
    z.object({ x: z.any(), y: z.unknown() }),
    { x: { b: 1 }, y: [{ c: 1 }] },
    [],
  ],
])("keys that the schema would drop are refused, with their place: %s", async (_what, schema, data, lost) => {
  const tx = recorder();
  const accepting = createDoor({ catalogue: { t: { 1: schema } } }).accept(tx, [
    { type: "t", data } as never,
  ]);
  if (lost.length === 0) {
    await accepting;
    expect(tx.events).toHaveLength(1);
  } else {
    await expect(accepting).rejects.toMatchObject({
      fields: { issues: lost.map((path) => ({ path: `events[0].${path}` })) },
    });
    expect(tx.events).toEqual([]);
  }
});

test("without schema_version the data is version 1's: what belongs to version 2 is not sent", async () => {
  const data = { click_id: "c", payout: 1, currency: "EUR" };
  expect(await issuesOf({ type: "conversion.approved", data })).toEqual([
    { path: "events[0].data.payout", message: "is not in the schema, which would drop it" },
    { path: "events[0].data.currency", message: "is not in the schema, which would drop it" },
  ]);
});

test("a field that is not known is refused, with the one that was meant", async () => {
  const door = createDoor();
  const event = { type: "a", data: {} };
  for (const [field, meant] of [
    ["eventId", "event_id"],
    ["evnt_id", "event_id"],
    ["notBefore", "not_before"],
    ["expiresAfter", "expires_after"],
    ["orderKey", "order_key"],
    ["partnr", "partner"],
    ["schemaVersion", "schema_version"],
    ["payload", "known are event_id, type"],
  ] as const) {
    const tx = recorder();
    await expect(door.accept(tx, [{ ...event, [field]: "x" }])).rejects.toMatchObject({
      code: "invalid_event",
      message: expect.not.stringContaining("?."),
      fields: { issues: [{ path: `events[0].${field}`, message: expect.stringContaining(meant) }] },
    });
    expect(tx.events).toEqual([]);
  }
  const spread = recorder();
  await door.accept(spread, [{ ...event, ...({ note: undefined } as object) }]);
  expect(spread.events).toHaveLength(1);
});

test("data that JSON has no words for is refused, not emptied", async () => {
  const door = createDoor();
  for (const data of [
    { a: new Map([[1, 2]]) },
    { a: [new Set([1])] },
    { a: Number.NaN },
    { a: { b: -Infinity } },
    { a: () => 1 },
    { a: Symbol("x") },
  ]) {
    const tx = recorder();
    await expect(door.accept(tx, [{ type: "a", data }])).rejects.toMatchObject({
      fields: { issues: [{ path: "events[0].data" }] },
    });
    expect(tx.events).toEqual([]);
  }
  const tx = recorder();
  await door.accept(tx, [{ type: "a", data: { at: new Date(0), none: undefined, n: null } }]);
  expect(tx.events[0]).toMatchObject({ data: { at: "1970-01-01T00:00:00.000Z", n: null } });
});

test("what is left out is filled in; a time beside the caller's id is left to the ledger", async () => {
  const tx = recorder();
  const door = createDoor({ now: () => Date.parse("2026-01-31T10:00:00Z"), newEventId: () => "made" });
  const zoned = "2026-01-31T12:00:00.123456+02:00";
  await door.accept(tx, [{ type: "a", data: {} }]);
  await door.accept(recorder(), []);
  expect(tx.events).toEqual([
    { event_id: "made", type: "a", schema_version: 1, occurred_at: "2026-01-31T10:00:00.000Z", data: {} },
  ]);
  const own = recorder();
  await door.accept(own, [{ event_id: "mine", type: "a", data: {} }]);
  expect(own.events).toEqual([{ event_id: "mine", type: "a", schema_version: 1, data: {} }]);
  const timed = recorder();
  await door.accept(timed, [{ event_id: "mine", type: "a", occurred_at: zoned, partner: "acme", data: {} }]);
  expect(timed.events).toEqual([
    { event_id: "mine", type: "a", schema_version: 1, occurred_at: zoned, partner: "acme", data: {} },
  ]);
});

test("delay, expiry and order key go out as given, and wrong ones are named", async () => {
  const tx = recorder();
  const door = createDoor();
  const timing = { expires_after: "1.5h", order_key: "t-1" };
  await door.accept(tx, [{ event_id: "e", type: "a", data: {}, not_before: new Date(0), ...timing }]);
  expect(tx.events).toEqual([
    {
      event_id: "e",
      type: "a",
      schema_version: 1,
      data: {},
      not_before: "1970-01-01T00:00:00.000Z",
      ...timing,
    },
  ]);
  const wrong = { type: "a", data: {}, not_before: "soon", expires_after: "90", order_key: "a b" };
  await expect(door.accept(recorder(), [wrong])).rejects.toMatchObject({
    fields: {
      issues: [
        { path: "events[0].expires_after" },
        { path: "events[0].order_key" },
        { path: "events[0].not_before" },
      ],
    },
  });
});

test("a catalogue with a version that is no whole number from 1 is refused, a good one frozen", () => {
  const schema = z.object({});
  for (const wrong of [{ a: { 0: schema } }, { a: { 1.5: schema } }, { a: {} }, { "": { 1: schema } }]) {
    expect(() => defineCatalogue(wrong)).toThrow(
      expect.objectContaining({ code: "invalid_options", fields: { option: "catalogue" } }),
    );
  }
  expect(Object.isFrozen(catalogue) && Object.isFrozen(catalogue["user.created"])).toBe(true);
});

test("exports JSON Schema of what goes over the wire", () => {
  const exported = catalogueJsonSchema(catalogue);
  expect(exported["conversion.approved"]?.[2]).toEqual({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      click_id: { type: "string" },
      payout: { type: "number", exclusiveMinimum: 0 },
      currency: { default: "USD", type: "string" },
    },
    required: ["click_id", "payout", "currency"],
    additionalProperties: false,
  });
  expect(Object.keys(exported["user.created"] ?? {})).toEqual(["1"]);
  expect(() => JSON.stringify(exported)).not.toThrow();
  const unsayable = defineCatalogue({ "order.paid": { 1: z.object({ at: z.date() }) } });
  expect(() => catalogueJsonSchema(unsayable)).toThrow(
    /"order\.paid" version 1 cannot be written as JSON Schema/,
  );
});
