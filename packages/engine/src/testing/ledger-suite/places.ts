import { expect, test } from "vitest";
import { Places } from "../../dispatch/turn/places.ts";
import type { Claimed, ClaimFrom, LanePlace } from "../../ports/ledger.ts";
import { type Bench, ended, minuteMs, retried, suiteNowMs as now, type TestPartner } from "./bench.ts";
import { orderedPartner } from "./timing.ts";

const head: LanePlace = { dueAtMs: Number.NEGATIVE_INFINITY, id: null };
const page = 5;

/** Claims that begin where the last page ended. */
export function placesTests(bench: () => Bench): void {
  const from = (lanes: ClaimFrom["lanes"], sinceMs = now): ClaimFrom => ({ lanes, sinceMs });

  test("a page after another is what one page of both would be, though all were due in the same millisecond", async () => {
    const { partner, event, door, waiting, turn } = bench();
    const acme = await partner(["one", "two"]);
    await door.accept(
      Array.from({ length: 20 }, () => event(acme)),
      now,
    );
    const all = await waiting(acme);
    const { fence } = await turn(acme, now, { limit: 0 });
    const got: string[] = [];
    let place = head;
    for (;;) {
      const claimed = await turn(acme, now, { fence, limit: 7, from: from([place, head, head]) });
      got.push(...claimed.deliveries.map(({ id }) => id));
      if (claimed.deliveries.length < 7) break;
      expect(claimed.lastLane).toBe(0);
      const { dueAtMs, id } = claimed.deliveries.at(-1)!;
      place = { dueAtMs, id };
    }
    expect(got).toEqual(all);
  });

  test("each lane has a place of its own", async () => {
    const { partner, enqueue, turn, dispatch } = bench();
    const acme = await partner();
    await enqueue(acme, 4, now - minuteMs);
    const opened = await turn(acme, now);
    const [retriedOnce, last] = opened.deliveries.slice(2);
    for (const delivery of [retriedOnce!, last!])
      await dispatch.record([retried(opened, delivery, now, now)], false);
    const first = opened.deliveries[0]!;
    const behindFirst = { dueAtMs: first.dueAtMs, id: first.id };
    const idsOf = async (lanes: ClaimFrom["lanes"]) =>
      (await turn(acme, now, { fence: opened.fence, from: from(lanes) })).deliveries.map(({ id }) => id);
    const [, second, third, fourth] = opened.deliveries.map(({ id }) => id);
    expect(await idsOf([behindFirst, head, head])).toEqual([second, third, fourth]);
    expect(await idsOf([head, { dueAtMs: now, id: null }, head])).toHaveLength(4);
    expect(await idsOf([{ dueAtMs: now, id: null }, { dueAtMs: now, id: third! }, head])).toEqual([fourth]);
    expect(await idsOf([head, head, { dueAtMs: now, id: null }])).toHaveLength(4);
  });

  test("an endpoint that was held when the turn last read from the heads is read from its head, others from the place", async () => {
    const { partner, enqueue, turn, dispatch } = bench();
    const acme = await partner(["held", "open"]);
    const { endpointNo } = (await dispatch.locate(acme.id, "held"))!;
    await enqueue(acme, 3, now - minuteMs);
    await dispatch.hold([{ endpointNo, untilMs: now - 5_000, note: "asked to wait" }]);
    const { fence } = await turn(acme, now, { limit: 0 });
    const ended: LanePlace = { dueAtMs: now, id: null };
    const endpointsOf = async (sinceMs: number) =>
      (await turn(acme, now, { fence, from: from([ended, ended, ended], sinceMs) })).deliveries.map(
        (delivery) => delivery.endpointNo,
      );
    expect(await endpointsOf(now - 10_000)).toEqual([endpointNo, endpointNo, endpointNo]);
    expect(await endpointsOf(now - 1_000)).toEqual([]);
  });

  test("partners in one statement each begin where they ask to", async () => {
    const { partner, enqueue, dispatch } = bench();
    const partners = [await partner(), await partner(), await partner()];
    const ids: (readonly string[])[] = [];
    for (const one of partners) ids.push(await enqueue(one, 3, now - minuteMs));
    const place = (n: number): ClaimFrom => from([{ dueAtMs: now - minuteMs, id: ids[n]![n]! }, head, head]);
    const claimed = await dispatch.claim(
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

  /** A turn that is in the middle of a backlog, and reads from the heads as seldom as any. */
  async function inTheMiddle(acme: TestPartner) {
    const { enqueue, turn, dispatch, waiting } = bench();
    await enqueue(acme, 4 * page, now - minuteMs);
    let [nowMs, monotonicMs] = [now, 0];
    const places = new Places({ now: () => nowMs, monotonicMs: () => monotonicMs });
    let fence: number | null = null;
    const sent: string[] = [];
    const claim = async (): Promise<Claimed & { readonly placed: boolean }> => {
      const asked = places.ask(page);
      const claimed = await turn(acme, nowMs, { ...(fence ? { fence } : {}), limit: page, from: asked.from });
      fence = claimed.fence;
      monotonicMs += 1_000;
      asked.takeOver(claimed, true);
      sent.push(...claimed.deliveries.map(({ id }) => id));
      return { ...claimed, placed: asked.from !== null };
    };
    const send = async () => {
      const claimed = await claim();
      await dispatch.record(
        claimed.deliveries.map((delivery) => ended(claimed, delivery, nowMs, 200)),
        false,
      );
      return claimed;
    };
    const first = await claim();
    const [kept, ...others] = first.deliveries;
    await dispatch.record(
      others.map((delivery) => ended(first, delivery, nowMs, 500)),
      false,
    );
    return {
      first: { ...first, kept: kept! },
      later: (byMs: number) => void (nowMs += byMs),
      /** Goes on until nothing is due, and what was not read from the heads was looked at again. */
      async drain() {
        expect((await send()).placed).toBe(true);
        for (;;) {
          const { deliveries } = await send();
          const lookInMs = places.lookInMs();
          if (deliveries.length === 0 && lookInMs === Number.POSITIVE_INFINITY) break;
          if (deliveries.length === 0) monotonicMs += lookInMs;
        }
        expect(await waiting(acme)).toEqual([]);
        return sent;
      },
    };
  }

  const ways: Readonly<
    Record<string, (acme: TestPartner, turn: Awaited<ReturnType<typeof inTheMiddle>>) => Promise<unknown>>
  > = {
    "is stored late, by a transaction that took long": async (acme) =>
      bench().enqueue(acme, 2, now - 2 * minuteMs),
    "is put back with its old time": async (_, { first }) => {
      const outcome = retried(first, first.kept, now, now - 2 * minuteMs);
      await bench().dispatch.record([{ ...outcome, attempt: null }], false);
    },
    "is to be retried at a time that is over when it is stored": async (_, { first }) =>
      bench().dispatch.record([retried(first, first.kept, now, now - minuteMs)], false),
    "is replayed": async (acme) => {
      await bench().operations.createReplay(
        { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "test" },
        now - minuteMs,
      );
      await bench().dispatch.advanceReplays(100, now - minuteMs);
    },
    "waited for a retry and is sent now": async (acme, { first }) => {
      await bench().dispatch.record([retried(first, first.kept, now, now + 60 * minuteMs)], false);
      await bench().operations.retryNow({ partner: acme.id }, { dryRun: false }, now - minuteMs);
    },
    "waits for an endpoint that was held for a moment": async (acme, turn) => {
      const { endpointNo } = (await bench().dispatch.locate(acme.id, "main"))!;
      await bench().dispatch.hold([{ endpointNo, untilMs: now + 1_000, note: "asked to wait" }]);
      turn.later(2_000);
    },
    "waits for an endpoint that was paused and is resumed": async (acme) => {
      const { endpointNo } = (await bench().dispatch.locate(acme.id, "main"))!;
      await bench().dispatch.hold([{ endpointNo, untilMs: null, note: "status 410" }]);
      await bench().enqueue(acme, 2, now - 2 * minuteMs);
      await bench().operations.resumeEndpoint(acme.id, "main", now);
    },
  };

  test.each(Object.entries(ways))(
    "what gets in front because it %s is found, and nothing is sent twice",
    async (_, act) => {
      const acme = await bench().partner();
      const turn = await inTheMiddle(acme);
      await act(acme, turn);
      const { kept } = turn.first;
      const sent = await turn.drain();
      expect(sent).toContain(kept.id);
    },
  );

  test("what gets in front because the one before it of its order key ended is found, each once and in order", async () => {
    const { event, door, dispatch } = bench();
    const acme = await orderedPartner(bench(), "30s");
    const events = Array.from({ length: 3 }, () => event(acme, { order_key: "a" }));
    await door.accept(events, now - 2 * minuteMs);
    const turn = await inTheMiddle(acme);
    const { kept } = turn.first;
    expect(kept.eventId).toBe(events[0]!.event_id);
    turn.later(5_000);
    await dispatch.record([ended(turn.first, kept, now + 5_000, 200)], false);
    const sent = await turn.drain();
    expect(new Set(sent).size).toBe(sent.length);
  });
}
