import { expect, test } from "vitest";
import { endpointDefaults, partnerDefaults } from "../../core/documents.ts";
import type { Claimed, DueDelivery } from "../../ports/ledger.ts";
import { type Bench, dayMs, ended, minuteMs, retried, suiteNowMs as now, type TestPartner } from "./bench.ts";

const data_text = '{"items":[{"sku":"a"},{"sku":"b"},{"sku":"c"}]}';

/** Deliveries that are split into the items of their event. */
export function fanOutTests(bench: () => Bench): void {
  async function makePartner(order: { readonly max_hold: string } | null = null): Promise<TestPartner> {
    const { partner, operations } = bench();
    const acme = await partner([]);
    const document = { ...endpointDefaults, url: "https://partner.example/", body: "envelope" as const };
    const events = [`${acme.id}.*`];
    await operations.putEndpoint(acme.id, "main", { ...document, events, order, fan_out: "data.items" }, now);
    return acme;
  }
  const accept = async (acme: TestPartner, count = 1, order_key?: string) => {
    const { door, event } = bench();
    const more = order_key === undefined ? { data_text } : { data_text, order_key };
    const events = Array.from({ length: count }, () => event(acme, more));
    await door.accept(events, now);
    return events.map(({ event_id }) => event_id);
  };
  const fanOut = ({ partnerNo, fence }: Claimed, deliveries: readonly DueDelivery[], items = 3) =>
    bench().dispatch.fanOut(deliveries.map(({ id }) => ({ deliveryId: id, partnerNo, fence, items })));
  const numbersOf = (deliveries: readonly DueDelivery[]) =>
    deliveries.map(({ item }) => item && `${item.n} of ${item.of}`);
  const allOf = async (eventId: string) => {
    const { deliveries } = (await bench().operations.getEvent(eventId))!;
    return deliveries.toSorted((a, b) => a.item! - b.item!);
  };
  const expectConserved = async () =>
    expect(await bench().operations.conservation()).toMatchObject({ drift: 0 });

  test("a delivery becomes item 1 under its id, and the others are like it, with ids of the same millisecond", async () => {
    const { turn, operations } = bench();
    const acme = await makePartner();
    const [eventId] = await accept(acme);
    const opened = await turn(acme, now);
    const [whole] = opened.deliveries;
    expect(whole!.item).toBeNull();
    expect(await allOf(eventId!)).toEqual([expect.not.objectContaining({ item: expect.anything() })]);
    await fanOut(opened, opened.deliveries);
    const { deliveries } = await turn(acme, now, { fence: opened.fence });
    expect(numbersOf(deliveries)).toEqual(["1 of 3", "2 of 3", "3 of 3"]);
    expect(deliveries[0]!.id).toBe(whole!.id);
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(3);
    expect(new Set(deliveries.map(({ id }) => id.slice(0, 13))).size).toBe(1);
    for (const { id: _, item: __, ...rest } of deliveries) {
      const { id: ___, item: ____, ...same } = whole!;
      expect(rest).toEqual(same);
    }
    expect(deliveries[1]!.dataText).toBe(data_text);
    expect((await allOf(eventId!)).map(({ item, items }) => [item, items])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(await operations.getDelivery(deliveries[1]!.id)).toMatchObject({ item: 2, items: 3 });
    await expectConserved();
  });

  test("a delivery is split once, by the turn that holds the partner, and only while it waits", async () => {
    const { turn, waiting, operations, dispatch } = bench();
    const acme = await makePartner();
    await accept(acme, 2);
    const stale = await turn(acme, now);
    const opened = await turn(acme, now);
    await fanOut(stale, stale.deliveries);
    expect(await waiting(acme)).toHaveLength(2);
    const [first, second] = opened.deliveries;
    await operations.cancelDeliveries({ delivery_ids: [second!.id] }, { dryRun: false }, now);
    await Promise.all([fanOut(opened, opened.deliveries), fanOut(opened, opened.deliveries)]);
    await fanOut(opened, opened.deliveries, 7);
    expect(await waiting(acme)).toHaveLength(3);
    await dispatch.record([ended(opened, first!, now, 200)], false);
    await fanOut(opened, [first!]);
    expect(await waiting(acme)).toHaveLength(2);
    await expectConserved();
  });

  test("a statement that did not commit leaves the delivery whole", async () => {
    const { sql, turn } = bench();
    const acme = await makePartner();
    await accept(acme);
    const opened = await turn(acme, now);
    const crash = sql.transaction(async (tx) => {
      await tx.query(
        "select postrider.fan_out(array[$1::text::uuid], array[$2::int], array[$3::float8::bigint], array[3], r.holder) from postrider.partner_runtime r where r.partner_no = $2::int",
        [opened.deliveries[0]!.id, acme.no, opened.fence],
      );
      throw new Error("killed");
    });
    await expect(crash).rejects.toThrow("killed");
    expect(numbersOf((await turn(acme, now)).deliveries)).toEqual([null]);
    await expectConserved();
  });

  test("items of many events, two endpoints and one page have ids of their own", async () => {
    const { turn, waiting, operations } = bench();
    const acme = await makePartner();
    const main = (await operations.getEndpoint(acme.id, "main", now))!;
    const {
      id: _i,
      partner: _p,
      version: _v,
      state: _s,
      held_until: _h,
      note: _n,
      circuit: _c,
      ...document
    } = main;
    await operations.putEndpoint(acme.id, "second", document, now);
    await accept(acme, 40);
    const opened = await turn(acme, now);
    expect(opened.deliveries).toHaveLength(80);
    await fanOut(opened, opened.deliveries, 20);
    const ids = await waiting(acme);
    expect([ids.length, new Set(ids).size]).toEqual([1_600, 1_600]);
    await expectConserved();
  });

  test("each item has retries, attempts and an end of its own; a replay keeps its number", async () => {
    const { turn, dispatch, operations } = bench();
    const acme = await makePartner();
    const [eventId] = await accept(acme);
    const whole = await turn(acme, now);
    await fanOut(whole, whole.deliveries);
    const opened = await turn(acme, now);
    const [first, second, third] = opened.deliveries;
    await dispatch.record(
      [
        ended(opened, first!, now, 200),
        retried(opened, second!, now, now + minuteMs),
        ended(opened, third!, now, 500),
      ],
      false,
    );
    const views = async () =>
      (await allOf(eventId!)).map(({ item, items, state, attempts }) => [
        item,
        items,
        state,
        attempts?.length,
      ]);
    expect(await views()).toEqual([
      [1, 3, "delivered", 1],
      [2, 3, "pending", 1],
      [3, 3, "dead", 1],
    ]);
    const listed = await operations.listDeliveries(
      { partner: acme.id, state: "dead", time: "finished" },
      { limit: 10 },
    );
    expect(listed.deliveries).toMatchObject([{ id: third!.id, item: 3, items: 3 }]);
    await operations.createReplay(
      { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "test" },
      now,
    );
    await dispatch.advanceReplays(100, now);
    const again = await turn(acme, now);
    expect(again.deliveries).toMatchObject([{ id: third!.id, item: { n: 3, of: 3 }, attemptsMade: 1 }]);
    expect(
      (await operations.retryNow({ delivery_ids: [second!.id] }, { dryRun: false }, now)).result.retried,
    ).toBe(1);
    expect((await turn(acme, now)).deliveries.map(({ item }) => item?.n).toSorted()).toEqual([2, 3]);
    await expectConserved();
  });

  test("items can be cancelled, also in flight, and end with their endpoint", async () => {
    const { turn, dispatch, operations, waiting } = bench();
    const acme = await makePartner();
    const [eventId] = await accept(acme);
    const whole = await turn(acme, now);
    await fanOut(whole, whole.deliveries);
    const opened = await turn(acme, now);
    const [first, second, third] = opened.deliveries;
    await operations.cancelDeliveries({ delivery_ids: [first!.id, second!.id] }, { dryRun: false }, now);
    await dispatch.record([ended(opened, second!, now, 200)], false);
    await operations.deleteEndpoint(acme.id, "main", now);
    expect(await waiting(acme)).toEqual([]);
    const views = await allOf(eventId!);
    expect(views.map(({ item, items, state, reason }) => [item, items, state, reason])).toEqual([
      [1, 3, "cancelled", "cancelled"],
      [2, 3, "delivered", "accepted_by_partner"],
      [3, 3, "cancelled", "endpoint_deleted"],
    ]);
    expect(views[2]!.id).toBe(third!.id);
    await expectConserved();
  });

  test("items count as backlog, and as the partner's ceiling", async () => {
    const { turn, operations, door, event } = bench();
    const acme = await makePartner();
    await operations.putPartner(acme.id, { name: acme.id, ...partnerDefaults, max_backlog: 3 }, now);
    await accept(acme);
    const whole = await turn(acme, now);
    await fanOut(whole, whole.deliveries);
    const { partners } = await operations.backlog(now, 100);
    expect(partners).toContainEqual(expect.objectContaining({ partner: acme.id, pending: 3 }));
    const { results } = await door.accept([event(acme, { partner: acme.id })], now);
    expect(results).toMatchObject([{ status: "backlog_full" }]);
  });

  test("of an order key the items go one after the other, before the next event of the key", async () => {
    const { turn, dispatch } = bench();
    const acme = await makePartner({ max_hold: "10m" });
    const [a] = await accept(acme, 2, "key");
    const seen: string[] = [];
    let atMs = now;
    for (let round = 0; round < 40 && seen.length < 7; round++) {
      const opened = await turn(acme, atMs);
      expect(opened.deliveries.length).toBeLessThanOrEqual(1);
      const [delivery] = opened.deliveries;
      if (delivery?.item === null) await fanOut(opened, [delivery]);
      else if (delivery) {
        seen.push(`${delivery.eventId === a ? "a" : "b"}${delivery.item.n}`);
        // The first attempt of a2 fails: nothing behind it goes meanwhile.
        const fails = seen.at(-1) === "a2" && delivery.attemptsMade === 0;
        const outcome = fails
          ? retried(opened, delivery, atMs, atMs + minuteMs)
          : ended(opened, delivery, atMs, 200);
        await dispatch.record([outcome], false);
        if (fails) expect((await turn(acme, atMs)).deliveries).toEqual([]);
        if (fails) atMs += minuteMs;
      }
    }
    expect(seen).toEqual(["a1", "a2", "a2", "a3", "b1", "b2", "b3"]);
    await expectConserved();
  });

  test("once its hold is over, the next item goes although the one before it waits, and before the next event", async () => {
    const { turn, dispatch } = bench();
    const acme = await makePartner({ max_hold: "10m" });
    const [a] = await accept(acme, 2, "key");
    const whole = await turn(acme, now);
    await fanOut(whole, whole.deliveries);
    const opened = await turn(acme, now);
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + dayMs)], false);
    const laterMs = now + 11 * minuteMs;
    for (const n of [2, 3]) {
      const turned = await turn(acme, laterMs);
      expect(turned.deliveries).toMatchObject([{ eventId: a, item: { n } }]);
      await dispatch.record([ended(turned, turned.deliveries[0]!, laterMs, 200)], false);
    }
    expect((await turn(acme, laterMs)).deliveries).toMatchObject([{ item: null }]);
  });

  test("items that are replayed go back into the order of their key by their numbers", async () => {
    const { turn, dispatch, operations } = bench();
    const acme = await makePartner({ max_hold: "10m" });
    await accept(acme, 1, "key");
    const whole = await turn(acme, now);
    await fanOut(whole, whole.deliveries);
    const next = async () => {
      const opened = await turn(acme, now);
      await dispatch.record([ended(opened, opened.deliveries[0]!, now, 500)], false);
      return opened.deliveries.map(({ item }) => item?.n);
    };
    expect([await next(), await next(), await next()]).toEqual([[1], [2], [3]]);
    await operations.createReplay(
      { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "test" },
      now,
    );
    await dispatch.advanceReplays(100, now);
    expect([await next(), await next(), await next()]).toEqual([[1], [2], [3]]);
    await expectConserved();
  });
}
