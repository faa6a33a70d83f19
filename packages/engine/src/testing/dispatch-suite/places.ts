import { expect, test } from "vitest";
import type { ClaimFrom, LanePlace } from "../../ports/ledger.ts";
import {
  claimOf,
  type DispatchSubject,
  endpointNoOf,
  minuteMs,
  retried,
  suiteNowMs as now,
} from "./subject.ts";

const head: LanePlace = { dueAtMs: Number.NEGATIVE_INFINITY, id: null };

const from = (lanes: ClaimFrom["lanes"], sinceMs = now): ClaimFrom => ({ lanes, sinceMs });

/** Claims that begin where the last page ended. */
export function placesTests(subject: () => DispatchSubject): void {
  test("a page after another is what one page of both would be, though all were due in the same millisecond", async () => {
    const acme = await subject().makePartner(["one", "two"]);
    const all = await subject().enqueue(acme, 20);
    const { fence } = await claimOf(subject(), acme, now, { limit: 0 });
    const got: string[] = [];
    let place = head;
    for (;;) {
      const claimed = await claimOf(subject(), acme, now, {
        fence,
        limit: 7,
        from: from([place, head, head]),
      });
      got.push(...claimed.deliveries.map(({ id }) => id));
      if (claimed.deliveries.length < 7) break;
      expect(claimed.lastLane).toBe(0);
      const { dueAtMs, id } = claimed.deliveries.at(-1)!;
      place = { dueAtMs, id };
    }
    expect(got).toEqual(all);
  });

  test("each lane has a place of its own", async () => {
    const acme = await subject().makePartner();
    await subject().enqueue(acme, 4, now - minuteMs);
    const opened = await claimOf(subject(), acme, now);
    const [retriedOnce, last] = opened.deliveries.slice(2);
    for (const delivery of [retriedOnce!, last!])
      await subject().ledger.record([retried(opened, delivery, now, now)], false);
    const first = opened.deliveries[0]!;
    const behindFirst = { dueAtMs: first.dueAtMs, id: first.id };
    const idsOf = async (lanes: ClaimFrom["lanes"]) =>
      (await claimOf(subject(), acme, now, { fence: opened.fence, from: from(lanes) })).deliveries.map(
        ({ id }) => id,
      );
    const [, second, third, fourth] = opened.deliveries.map(({ id }) => id);
    expect(await idsOf([behindFirst, head, head])).toEqual([second, third, fourth]);
    expect(await idsOf([head, { dueAtMs: now, id: null }, head])).toHaveLength(4);
    expect(await idsOf([{ dueAtMs: now, id: null }, { dueAtMs: now, id: third! }, head])).toEqual([fourth]);
    expect(await idsOf([head, head, { dueAtMs: now, id: null }])).toHaveLength(4);
  });

  test("an endpoint that was held when the turn last read from the heads is read from its head, others from the place", async () => {
    const acme = await subject().makePartner(["held", "open"]);
    const endpointNo = await endpointNoOf(subject(), acme, "held");
    await subject().enqueue(acme, 3, now - minuteMs);
    await subject().ledger.hold([{ endpointNo, untilMs: now - 5_000, note: "asked to wait" }]);
    const { fence } = await claimOf(subject(), acme, now, { limit: 0 });
    const end: LanePlace = { dueAtMs: now, id: null };
    const endpointsOf = async (sinceMs: number) =>
      (await claimOf(subject(), acme, now, { fence, from: from([end, end, end], sinceMs) })).deliveries.map(
        (delivery) => delivery.endpointNo,
      );
    expect(await endpointsOf(now - 10_000)).toEqual([endpointNo, endpointNo, endpointNo]);
    expect(await endpointsOf(now - 1_000)).toEqual([]);
  });

  test("partners in one statement each begin where they ask to", async () => {
    const partners = [
      await subject().makePartner(),
      await subject().makePartner(),
      await subject().makePartner(),
    ];
    const ids: (readonly string[])[] = [];
    for (const one of partners) ids.push(await subject().enqueue(one, 3, now - minuteMs));
    const place = (n: number): ClaimFrom => from([{ dueAtMs: now - minuteMs, id: ids[n]![n]! }, head, head]);
    const claimed = await subject().ledger.claim(
      partners.map(({ no }, n) => ({
        partnerNo: no,
        fence: null,
        limit: 10,
        busyIds: [],
        from: n === 1 ? null : place(n),
      })),
      [],
      now,
    );
    const got = partners.map(({ no }) =>
      claimed.find(({ partnerNo }) => partnerNo === no)!.deliveries.map(({ id }) => id),
    );
    expect(got).toEqual([ids[0]!.slice(1), ids[1], []]);
  });
}
