import { expect, test } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import {
  type AnyEvent,
  catalogueJsonSchema,
  createDoor,
  defineCatalogue,
  type EventOf,
  type Transaction,
} from "./index.ts";

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
  expect([good.length, wrong.length, notAny]).toEqual([4, 8, {}]);
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

test("the schema's output is what goes out: defaults in, unnamed keys dropped", async () => {
  const tx = recorder();
  const data = { click_id: "c", payout: 1.5, card_number: "4242" };
  await createDoor({ catalogue }).accept(tx, [{ type: "conversion.approved", schema_version: 2, data }]);
  expect(tx.events[0]).toMatchObject({
    schema_version: 2,
    data: { click_id: "c", payout: 1.5, currency: "USD" },
  });
  expect(JSON.stringify(tx.events)).not.toContain("4242");
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
