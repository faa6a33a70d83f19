import { expect, test } from "vitest";
import { type Bench, suiteNowMs } from "./bench.ts";

const byDoor = (run: Pick<Bench["sql"], "query">, event: unknown) =>
  run.query<{ status: string; error: string | null; deliveries: number }>(
    "select status, error, deliveries from postrider.accept($1::text::json, true, to_timestamp($2::float8 / 1000)) order by ord",
    [JSON.stringify(event), suiteNowMs],
  );

/** The one door, from this process and from plain SQL. */
export function acceptingTests(bench: () => Bench): void {
  const statuses = async (...given: Parameters<Bench["door"]["accept"]>) =>
    (await bench().door.accept(...given)).results.map(({ status }) => status);
  test("an event is accepted once: again it is a duplicate, with other content a conflict that changes nothing", async () => {
    const { partner, event, operations, waiting } = bench();
    const acme = await partner();
    const first = event(acme, { data_text: '{"a":1,"b":[2]}' });
    const spelledOtherwise = { ...first, data_text: '{ "b": [2], "a": 1 }' };
    const other = { ...first, data_text: '{"a":2}' };
    expect(await statuses([first], suiteNowMs)).toEqual(["accepted"]);
    expect(
      await statuses([spelledOtherwise, other, { ...first, type: `${acme.id}.other` }], suiteNowMs),
    ).toEqual(["duplicate", "conflict", "conflict"]);
    expect(await waiting(acme)).toHaveLength(1);
    expect((await operations.getEvent(first.event_id))?.data).toEqual({ a: 1, b: [2] });
  });

  test("the same id twice in one batch: the first is stored, the second judged against it", async () => {
    const { partner, event, waiting } = bench();
    const acme = await partner();
    const first = event(acme, { data_text: '{"a":1}' });
    expect(await statuses([first, first, { ...first, data_text: "{}" }, event(acme)], suiteNowMs)).toEqual([
      "accepted",
      "duplicate",
      "conflict",
      "accepted",
    ]);
    expect(await waiting(acme)).toHaveLength(2);
  });

  test("a thousand events, some of them large, are answered in order, and judged against each other", async () => {
    const { partner, event, door, waiting } = bench();
    const acme = await partner();
    const large = JSON.stringify({ pad: "x".repeat(200_000) });
    const events = Array.from({ length: 1_000 }, (_, index) =>
      event(acme, index % 100 === 0 ? { data_text: large } : {}),
    );
    const given = [
      ...events.slice(0, 990),
      ...events.slice(0, 5),
      { ...events[7]!, data_text: '{"other":1}' },
    ];
    const { results, partnerNos } = await door.accept(given, suiteNowMs);
    expect(results.map(({ event_id }) => event_id)).toEqual(given.map(({ event_id }) => event_id));
    const counts = Object.groupBy(results, ({ status }) => status);
    expect([counts.accepted?.length, counts.duplicate?.length, counts.conflict?.length]).toEqual([990, 5, 1]);
    expect(new Set(partnerNos).size).toBe(partnerNos.length);
    expect(await waiting(acme)).toHaveLength(990);
  });

  test("the same ids from many connections at once: one of them is accepted, the others are duplicates", async () => {
    const { partner, event, waiting } = bench();
    const acme = await partner();
    const events = Array.from({ length: 20 }, () => event(acme));
    const batches = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        statuses(index % 2 === 0 ? events : events.toReversed(), suiteNowMs + index),
      ),
    );
    const all = batches.flat();
    expect(all.filter((status) => status === "accepted")).toHaveLength(20);
    expect(all.filter((status) => status === "duplicate")).toHaveLength(140);
    expect(await waiting(acme)).toHaveLength(20);
  });

  test("data keeps its letters: digits, spacing and escapes go to the partner as they came", async () => {
    const { partner, event, turn, door } = bench();
    const acme = await partner();
    const data_text =
      '{ "amount": 1.10, "big": 12345678901234567890.000, "s": "\\u00e9 \\ud83d\\ude00 \\"\\\\", "dup": 1, "dup": 2 }';
    await door.accept([event(acme, { data_text })], suiteNowMs);
    expect((await turn(acme, suiteNowMs)).deliveries.map((delivery) => delivery.dataText)).toEqual([
      data_text,
    ]);
  });

  test("routing: exact, prefix and everything; an endpoint matched twice gets one delivery", async () => {
    const { partner, endpoint, event, door, operations } = bench();
    const acme = await partner([]);
    await endpoint(acme.id, "exact", [`${acme.id}.order.paid`]);
    await endpoint(acme.id, "prefix", [`${acme.id}.order.*`]);
    await endpoint(acme.id, "twice", [`${acme.id}.*`, `${acme.id}.order.*`, `${acme.id}.order.paid`]);
    await endpoint(acme.id, "other", [`${acme.id}.order`, `${acme.id}.order.paid.late`, `${acme.id}.ord.*`]);
    const of = async (type: string) => {
      const one = event(acme, { type });
      await door.accept([one], suiteNowMs);
      return (await operations.getEvent(one.event_id))?.deliveries
        .map((delivery) => delivery.endpoint)
        .toSorted();
    };
    expect(await of(`${acme.id}.order.paid`)).toEqual(["exact", "prefix", "twice"]);
    expect(await of(`${acme.id}.order`)).toEqual(["other", "twice"]);
    expect(await of(`${acme.id}.order.paid.late`)).toEqual(["other", "prefix", "twice"]);
    expect(await of("nobody.listens")).toEqual([]);
  });

  test("everybody subscribed to * gets an event that is not addressed; addressed, only its partner does", async () => {
    const { partner, endpoint, event, door, operations } = bench();
    const [acme, bolt] = [await partner([]), await partner([])];
    await endpoint(acme.id, "all", ["*"]);
    await endpoint(bolt.id, "all", ["*"]);
    const partnersOf = async (to: string | undefined) => {
      const one = event(acme, to === undefined ? {} : { partner: to });
      await door.accept([one], suiteNowMs);
      return (await operations.getEvent(one.event_id))?.deliveries
        .map((delivery) => delivery.partner)
        .toSorted();
    };
    expect(await partnersOf(undefined)).toEqual([acme.id, bolt.id].toSorted());
    expect(await partnersOf(bolt.id)).toEqual([bolt.id]);
    await operations.deleteEndpoint(acme.id, "all", suiteNowMs);
    await operations.deleteEndpoint(bolt.id, "all", suiteNowMs);
    expect(await partnersOf(undefined)).toEqual([]);
  });

  test("an unknown or deleted partner makes its event invalid and leaves the others alone", async () => {
    const { partner, event, door, operations } = bench();
    const [acme, gone] = [await partner(), await partner()];
    await operations.deletePartner(gone.id, suiteNowMs);
    const events = [
      event(acme),
      event(acme, { partner: "nobody" }),
      event(acme, { partner: gone.id }),
      event(acme, { partner: acme.id }),
    ];
    const { results, partnerNos } = await door.accept(events, suiteNowMs);
    expect(results.map(({ status, deliveries }) => [status, deliveries])).toEqual([
      ["accepted", 1],
      ["invalid", 0],
      ["invalid", 0],
      ["accepted", 1],
    ]);
    expect(results[1]?.error).toContain("nobody");
    expect(partnerNos).toEqual([acme.no]);
    expect(await operations.getEvent(events[1]!.event_id)).toBeNull();
  });

  test.each([
    ["an id with a space", { event_id: "a b", type: "x" }],
    ["no type", { event_id: "bad-1" }],
    ["a type with an empty word", { event_id: "bad-2", type: "a..b" }],
    ["a day that does not exist", { event_id: "bad-3", type: "x", occurred_at: "2026-02-30T10:00:00Z" }],
    ["a time without a zone", { event_id: "bad-4", type: "x", occurred_at: "2026-02-03T10:00:00" }],
    ["a schema version of 0", { event_id: "bad-5", type: "x", schema_version: 0 }],
    ["data that is a list", { event_id: "bad-6", type: "x", data: [] }],
  ])("the SQL door refuses %s, and takes what is beside it", async (_what, bad) => {
    const { partner, event, sql } = bench();
    const { data_text: _none, ...good } = event(await partner());
    expect(await byDoor(sql, [bad, good])).toEqual([
      { status: "invalid", error: expect.stringMatching(/must/), deliveries: 0 },
      { status: "accepted", error: null, deliveries: 1 },
    ]);
  });

  test("the SQL door joins the caller's transaction: rolled back there is nothing, committed there is an event, heard by NOTIFY", async () => {
    const { partner, event, dispatch, sql, waiting } = bench();
    const acme = await partner();
    const ring = Promise.withResolvers<readonly number[]>();
    const stop = await dispatch.onRing(
      ({ partnerNos }) => void (partnerNos.includes(acme.no) && ring.resolve(partnerNos)),
    );
    try {
      const one = event(acme);
      const rolledBack = sql.transaction(async (tx) => {
        expect(await byDoor(tx, one)).toMatchObject([{ status: "accepted" }]);
        throw new Error("the application changed its mind");
      });
      await expect(rolledBack).rejects.toThrow("changed its mind");
      expect(await waiting(acme)).toEqual([]);
      await sql.transaction(async (tx) =>
        expect(await byDoor(tx, one)).toMatchObject([{ status: "accepted" }]),
      );
      expect(await waiting(acme)).toHaveLength(1);
      expect(await ring.promise).toContain(acme.no);
    } finally {
      await stop();
    }
  });
}
