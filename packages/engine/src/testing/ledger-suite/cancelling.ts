import { expect, test } from "vitest";
import { type Bench, dayMs, ended, minuteMs, retried, suiteNowMs as now } from "./bench.ts";
import { orderedPartner } from "./timing.ts";

/** Cancelling what waits, and what is in flight meanwhile. */
export function cancelTests(bench: () => Bench): void {
  const cancel = (filter: object, dryRun = false) =>
    bench().operations.cancelDeliveries(filter, { dryRun }, now);

  test("by event and by filter; a dry run only counts, and what is accepted later is left alone", async () => {
    const { partner, event, door, enqueue, waiting, operations } = bench();
    const [acme, bolt] = [await partner(["one", "two"]), await partner()];
    const one = event(acme);
    await door.accept([one], now);
    await enqueue(acme, 3);
    const [kept] = await enqueue(bolt, 1);
    await enqueue(acme, 1, now + minuteMs);
    expect(await cancel({ event_id: one.event_id }, true)).toMatchObject({ matched: 2, cancelled: 0 });
    expect(await cancel({ event_id: one.event_id })).toMatchObject({ matched: 2, cancelled: 2 });
    expect((await operations.getEvent(one.event_id))?.deliveries).toMatchObject([
      { state: "cancelled", reason: "cancelled", attempts_made: 0 },
      { state: "cancelled", reason: "cancelled" },
    ]);
    expect(await cancel({ partner: acme.id, endpoint: "two", state: "pending" })).toMatchObject({
      matched: 3,
      cancelled: 3,
      groups: [{ partner: acme.id, endpoint: "two", state: "pending", count: 3 }],
    });
    expect(await waiting(acme)).toHaveLength(3 + 2);
    expect(await cancel({ delivery_ids: [kept!, kept!, "no-id"] })).toMatchObject({
      matched: 1,
      cancelled: 1,
    });
    expect(await cancel({ delivery_ids: [kept!] })).toMatchObject({ matched: 0, cancelled: 0, groups: [] });
    expect(await operations.conservation()).toMatchObject({ drift: 0 });
  });

  test.each([
    {},
    { state: "pending" },
    { partner: "x", state: "dead" },
    { partner: "x", reason: "rejected" },
  ])("a filter that names nothing, or what does not wait, is refused: %o", async (filter) => {
    await expect(cancel(filter)).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("in flight meanwhile: delivered counts, anything else leaves it cancelled; the attempts are kept and counted", async () => {
    const { partner, enqueue, turn, dispatch, operations } = bench();
    const acme = await partner();
    const ids = await enqueue(acme, 4);
    const opened = await turn(acme, now);
    await cancel({ partner: acme.id });
    const [accepted, refused, later, unsent] = opened.deliveries;
    const outcomes = [
      ended(opened, accepted!, now + 5, 200),
      ended(opened, refused!, now + 5, 500),
      retried(opened, later!, now + 5, now + minuteMs),
      { ...ended(opened, unsent!, now + 5, 500), attempt: null },
    ];
    await dispatch.record(outcomes, false);
    await dispatch.record(outcomes, true);
    const views = await Promise.all(ids.map((id) => operations.getDelivery(id)));
    expect(
      views.map((view) => [view?.state, view?.reason, view?.attempts_made, view?.attempts?.length]),
    ).toEqual([
      ["delivered", "accepted_by_partner", 1, 1],
      ["cancelled", "cancelled", 1, 1],
      ["cancelled", "cancelled", 1, 1],
      ["cancelled", "cancelled", 0, 0],
    ]);
    expect(views[0]).toMatchObject({ last_status: 200, finished_at: new Date(now + 5).toISOString() });
    expect((await turn(acme, now + dayMs)).deliveries).toEqual([]);
    expect(await operations.conservation()).toMatchObject({ drift: 0 });
  });

  test("more than a step; and beside a recorder that is at work on the same rows", async () => {
    const { partner, enqueue, turn, dispatch, operations, waiting } = bench();
    const acme = await partner();
    await enqueue(acme, 6_000);
    const opened = await turn(acme, now, { limit: 500 });
    const [result] = await Promise.all([
      cancel({ partner: acme.id }),
      dispatch.record(
        opened.deliveries.map((delivery) => retried(opened, delivery, now, now + minuteMs)),
        false,
      ),
    ]);
    expect(result).toMatchObject({ matched: 6_000, cancelled: 6_000 });
    expect(await waiting(acme)).toEqual([]);
    expect(await operations.conservation()).toMatchObject({ drift: 0 });
  });

  test("the next of a cancelled one's key is freed by the next sweep", async () => {
    const { door, event, turn, dispatch } = bench();
    const acme = await orderedPartner(bench());
    const [first, second] = [event(acme, { order_key: "a" }), event(acme, { order_key: "a" })];
    await door.accept([first, second], now);
    await cancel({ event_id: first.event_id });
    expect((await turn(acme, now)).deliveries).toEqual([]);
    expect((await dispatch.advanceReplays(10, now)).partnerNos).toContain(acme.no);
    expect((await turn(acme, now)).deliveries).toMatchObject([{ eventId: second.event_id }]);
  });
}
