import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import { type Bench, dayMs, ended, minuteMs, retried, suiteNowMs as now, type TestPartner } from "./bench.ts";

const iso = (ms: number) => new Date(ms).toISOString();
const hourMs = 60 * minuteMs;

/** A partner whose one endpoint sends in order, with a hold of an hour. */
export async function orderedPartner(bench: Bench, maxHold = "1h"): Promise<TestPartner> {
  const acme = await bench.partner([]);
  await order(bench, acme, { max_hold: maxHold });
  return acme;
}

function order({ operations }: Bench, { id }: TestPartner, given: { max_hold: string } | null) {
  const document = { ...endpointDefaults, url: "https://partner.example/", body: "envelope" as const };
  return operations.putEndpoint(id, "main", { ...document, events: [`${id}.*`], order: given }, now);
}

/** Delay, expiry, and the order of keys. */
export function timingTests(bench: () => Bench): void {
  /** Accepts one event per key, each on its own; resolves to their delivery ids in that order. */
  const accept = async (acme: TestPartner, keys: readonly string[], nowMs = now) => {
    const { door, event, operations } = bench();
    const ids: string[] = [];
    for (const order_key of keys) {
      const one = event(acme, { order_key });
      await door.accept([one], nowMs);
      ids.push((await operations.getEvent(one.event_id))!.deliveries[0]!.id);
    }
    return ids;
  };
  const claimable = async (...given: Parameters<Bench["turn"]>) =>
    (await bench().turn(...given)).deliveries.map(({ id }) => id);
  const finish = async (acme: TestPartner, id: string, nowMs: number, status = 200) => {
    const opened = await bench().turn(acme, nowMs);
    const delivery = opened.deliveries.find((one) => one.id === id)!;
    await bench().dispatch.record([ended(opened, delivery, nowMs, status)], false);
  };

  test("not_before: due then, and its time counts from there; a past one is now", async () => {
    const { partner, event, door, turn, operations } = bench();
    const acme = await partner();
    const later = event(acme, { not_before: iso(now + hourMs), expires_after: "90s" });
    const past = event(acme, { not_before: "2020-01-01T01:00:00+02:00" });
    await door.accept([later, past, event(acme)], now);
    expect((await turn(acme, now + hourMs - 1)).deliveries).toHaveLength(2);
    expect((await turn(acme, now)).deliveries.map(({ enqueuedAtMs }) => enqueuedAtMs)).toEqual([now, now]);
    const opened = (await turn(acme, now + hourMs)).deliveries;
    expect(opened.at(-1)).toMatchObject({
      dueAtMs: now + hourMs,
      enqueuedAtMs: now + hourMs,
      acceptedAtMs: now,
      expiresAtMs: now + hourMs + 90_000,
    });
    expect(opened[0]).toMatchObject({ expiresAtMs: null, orderKey: null });
    expect(await operations.getEvent(later.event_id)).toMatchObject({
      not_before: iso(now + hourMs),
      expires_after: "90s",
      deliveries: [{ next_attempt_at: iso(now + hourMs) }],
    });
    expect(await operations.getEvent(past.event_id)).not.toHaveProperty("expires_after");
  });

  test("delay, expiry and key are content: the same again is a duplicate, another or none a conflict", async () => {
    const { partner, event, door } = bench();
    const acme = await partner();
    const first = event(acme, { not_before: iso(now), expires_after: "90s", order_key: "t-1" });
    const { not_before: _1, ...undelayed } = first;
    const { expires_after: _2, ...unending } = first;
    const { order_key: _3, ...unordered } = first;
    const { results } = await door.accept(
      [
        first,
        { ...first, not_before: iso(now).replace("Z", "+00:00"), expires_after: "90000ms" },
        { ...first, expires_after: "91s" },
        { ...first, order_key: "T-1" },
        undelayed,
        unending,
        unordered,
      ],
      now,
    );
    expect(results.map(({ status }) => status)).toEqual([
      "accepted",
      "duplicate",
      ...Array.from({ length: 5 }, () => "conflict"),
    ]);
    expect((await door.accept([undelayed], now)).results).toMatchObject([{ status: "conflict" }]);
  });

  test.each([
    ["not_before", { not_before: "tomorrow" }],
    ["not_before", { not_before: 1_767_225_600 }],
    ["expires_after", { expires_after: "90" }],
    ["expires_after", { expires_after: "0s" }],
    ["expires_after", { expires_after: "366d" }],
    ["order_key", { order_key: "a b" }],
    ["order_key", { order_key: "" }],
    ["order_key", { order_key: "k".repeat(201) }],
  ])("the SQL door refuses a wrong %s: %o", async (field, wrong) => {
    const { partner, event, sql } = bench();
    const good = { ...event(await partner()), not_before: iso(now + minuteMs), expires_after: "1.5h" };
    const rows = await sql.query<{ status: string; error: string | null }>(
      "select status, error from postrider.accept($1::text::json, true, to_timestamp($2::float8 / 1000)) order by ord",
      [
        JSON.stringify([
          { event_id: "timing-bad", type: "x", ...wrong },
          { ...good, order_key: "k" },
        ]),
        now,
      ],
    );
    expect(rows).toEqual([
      { status: "invalid", error: expect.stringContaining(`${field} must be`) },
      { status: "accepted", error: null },
    ]);
  });

  test("a replay gives a fresh life: the event's own expiry does not count again", async () => {
    const { partner, event, door, finishAll, operations, dispatch, turn } = bench();
    const acme = await partner();
    await door.accept([event(acme, { expires_after: "90s" })], now);
    await finishAll(acme, now);
    await operations.createReplay(
      { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "test" },
      now,
    );
    await dispatch.advanceReplays(10, now + dayMs);
    expect((await turn(acme, now + dayMs)).deliveries).toMatchObject([
      { expiresAtMs: null, enqueuedAtMs: now + dayMs },
    ]);
  });

  test("one after the other per key, in one batch or in many; other keys and none are not held up", async () => {
    const { door, event, turn, dispatch, operations } = bench();
    const acme = await orderedPartner(bench());
    const [a1, b1, a2, a3, b2] = await accept(acme, ["a", "b", "a", "a", "b"]);
    await door.accept([event(acme), event(acme, { order_key: "c" }), event(acme, { order_key: "c" })], now);
    const first = await turn(acme, now);
    const of = (id: string | undefined) => first.deliveries.find((one) => one.id === id)!;
    expect(first.deliveries.map(({ orderKey }) => orderKey).toSorted()).toEqual(["a", "b", "c", null]);
    expect([of(a1).orderKey, of(b1).orderKey]).toEqual(["a", "b"]);
    expect(await operations.getDelivery(a3!)).toMatchObject({ waits_for: a2 });
    expect(await operations.getDelivery(a1!)).not.toHaveProperty("waits_for");
    // a1 is retried and holds up its key alone; b1 ends and frees the next of its own.
    await dispatch.record(
      [retried(first, of(a1), now, now + 5 * minuteMs), ended(first, of(b1), now + 7, 500)],
      false,
    );
    const next = (await turn(acme, now + 7)).deliveries;
    expect(next.map(({ orderKey }) => orderKey).toSorted()).toEqual(["b", "c", null]);
    expect(next.find(({ id }) => id === b2)).toMatchObject({ dueAtMs: now + 7, enqueuedAtMs: now });
    expect(await claimable(acme, now + 5 * minuteMs)).toContain(a1);
    await finish(acme, a1!, now + 5 * minuteMs);
    expect(await claimable(acme, now + 5 * minuteMs)).toContain(a2);
    expect(await claimable(acme, now + 5 * minuteMs)).not.toContain(a3);
  });

  test("one that is put back for a fault of this process waits, also if more of its key come", async () => {
    const { turn, dispatch } = bench();
    const acme = await orderedPartner(bench());
    const [first] = await accept(acme, ["a", "a"]);
    const opened = await turn(acme, now);
    const [delivery] = opened.deliveries;
    const outcome = retried(opened, delivery!, now, now + 5 * minuteMs);
    await dispatch.record([{ ...outcome, attempt: null }], false);
    expect(await claimable(acme, now)).toEqual([]);
    await accept(acme, ["a"]);
    await dispatch.advanceReplays(10, now);
    expect(await claimable(acme, now)).toEqual([]);
    expect(await claimable(acme, now + 5 * minuteMs)).toEqual([first]);
  });

  test("what waits behind another is not due until its hold ends: then it goes, one at a time", async () => {
    const { dispatch, turn } = bench();
    const acme = await orderedPartner(bench());
    const [a1, a2, a3] = await accept(acme, ["a", "a", "a"]);
    const opened = await turn(acme, now);
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + dayMs)], false);
    expect(
      (await dispatch.duePartners(now + hourMs - 1)).filter(({ partnerNo }) => partnerNo === acme.no),
    ).toEqual([]);
    expect(await claimable(acme, now + hourMs)).toEqual([a2]);
    expect(await claimable(acme, now + hourMs, { busy: [a2!] })).toEqual([]);
    await finish(acme, a2!, now + hourMs);
    expect(await claimable(acme, now + hourMs)).toEqual([a3]);
    await finish(acme, a3!, now + hourMs);
    expect(await claimable(acme, now + dayMs)).toEqual([a1]);
  });

  test("of thousands behind a stuck one a single one is parked until its hold ends; the others follow it", async () => {
    const { door, event, turn, dispatch, sql } = bench();
    const acme = await orderedPartner(bench());
    const [stuck] = await accept(acme, ["a"]);
    await door.accept(
      Array.from({ length: 1_000 }, () => event(acme, { order_key: "a" })),
      now,
    );
    await accept(acme, ["a"]);
    const parked = async () => {
      const rows = await sql.query<{ n: number }>(
        "select count(*)::int as n from postrider.pending where partner_no = $1::int and isfinite(due_at)",
        [acme.no],
      );
      return rows[0]!.n;
    };
    expect(await parked()).toBe(2);
    const opened = await turn(acme, now);
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + dayMs)], false);
    expect(await parked()).toBe(2);
    for (let n = 1; n <= 3; n++) {
      const ids = await claimable(acme, now + hourMs + n);
      expect(ids).toHaveLength(1);
      await finish(acme, ids[0]!, now + hourMs + n);
      expect(await parked()).toBe(2);
    }
    await finish(acme, stuck!, now + dayMs);
    expect(await claimable(acme, now + dayMs)).toHaveLength(1);
  });

  test("a delayed one holds up those after it; each is due no earlier than its own not_before", async () => {
    const { door, event } = bench();
    const acme = await orderedPartner(bench(), "1d");
    const of = (more: object) => event(acme, { order_key: "a", ...more });
    await door.accept([of({ not_before: iso(now + minuteMs) }), of({ not_before: iso(now + hourMs) })], now);
    const [first, ...more] = await claimable(acme, now + minuteMs);
    expect(more).toEqual([]);
    await finish(acme, first!, now + minuteMs);
    expect(await claimable(acme, now + hourMs - 1)).toEqual([]);
    expect(await claimable(acme, now + hourMs)).toHaveLength(1);
  });

  test("accepted while the one before it ends: parked behind nobody, and freed by the next sweep", async () => {
    const { sql, event, dispatch } = bench();
    const acme = await orderedPartner(bench());
    const [first] = await accept(acme, ["a"]);
    if (sql.capabilities.parallel > 1) {
      await sql.transaction(async (tx) => {
        await tx.query("select postrider.accept($1::text::json, false, to_timestamp($2::float8 / 1000))", [
          JSON.stringify(event(acme, { order_key: "a" })),
          now,
        ]);
        await finish(acme, first!, now);
        await dispatch.advanceReplays(10, now);
      });
    } else {
      // One connection cannot end one delivery while another is being accepted: this is what it would leave behind.
      await accept(acme, ["a"]);
      await finish(acme, first!, now);
      await sql.query(
        "update postrider.pending set due_at = enqueued_at + interval '1 hour' where partner_no = $1::int",
        [acme.no],
      );
    }
    expect(await claimable(acme, now + hourMs - 1)).toEqual([]);
    expect((await dispatch.advanceReplays(10, now)).partnerNos).toContain(acme.no);
    expect(await claimable(acme, now)).toHaveLength(1);
  });

  test("switched off, what waits goes at once; switched on, it counts for what is accepted from then on", async () => {
    const { dispatch, turn } = bench();
    const acme = await orderedPartner(bench());
    await accept(acme, ["a", "a", "a"]);
    const opened = await turn(acme, now);
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + minuteMs)], false);
    await order(bench(), acme, null);
    const now2 = await turn(acme, now);
    expect(now2.deliveries.map(({ orderKey, dueAtMs }) => [orderKey, dueAtMs])).toEqual([
      [null, now],
      [null, now],
    ]);
    expect(await claimable(acme, now + minuteMs)).toHaveLength(3);
    await order(bench(), acme, { max_hold: "1h" });
    const [after] = await accept(acme, ["a", "a"]);
    expect(await claimable(acme, now + minuteMs)).toHaveLength(4);
    expect(await claimable(acme, now + minuteMs)).toContain(after);
  });

  test("replayed ones take their place among those of their key that wait", async () => {
    const { operations, dispatch } = bench();
    const acme = await orderedPartner(bench());
    const [a1, a2, a3] = await accept(acme, ["a", "a", "a"]);
    await finish(acme, a1!, now, 500);
    await finish(acme, a2!, now, 500);
    await operations.createReplay(
      { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "test" },
      now,
    );
    expect(await claimable(acme, now)).toEqual([a3]);
    await dispatch.advanceReplays(10, now);
    for (const id of [a1, a2, a3]) {
      expect(await claimable(acme, now)).toEqual([id]);
      await finish(acme, id!, now);
    }
    expect(await claimable(acme, now + dayMs)).toEqual([]);
  });
}
