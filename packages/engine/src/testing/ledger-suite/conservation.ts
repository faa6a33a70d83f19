import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Bench, ended, minuteMs, retried, suiteNowMs, type TestPartner } from "./bench.ts";

const seed = 7_340_033;
const stepKinds = [
  "accept",
  "accept",
  "accept_again",
  "turn",
  "turn",
  "turn",
  "stale",
  "fan_out",
  "replay",
  "cancel_replay",
  "advance",
  "advance",
  "delete_endpoint",
  "cancel",
  "retry_now",
  "wait",
] as const;

/** Whatever is done in whatever order: accepted = waiting + ended, and every event has the deliveries it should have. */
export function conservationTests(bench: () => Bench): void {
  test("nothing is lost or doubled by any sequence of operations", async () => {
    const done = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ kind: fc.constantFrom(...stepKinds), n: fc.nat(9) }), {
          minLength: 8,
          maxLength: 30,
        }),
        async (steps) => {
          const world = await createWorld(bench());
          for (const { kind, n } of steps) {
            await world[kind](n);
            done.set(kind, (done.get(kind) ?? 0) + 1);
          }
          await world.check();
        },
      ),
      { seed, numRuns: 20 },
    );
    expect([...done.keys()].toSorted()).toEqual([...new Set<string>(stepKinds)].toSorted());
  });
}

/** A partner with two endpoints, and a model of what was accepted. */
async function createWorld(bench: Bench) {
  const { partner, endpoint, event, door, turn, dispatch, operations, sql } = bench;
  const acme: TestPartner = await partner(["main", "second"]);
  let nowMs = suiteNowMs;
  let endpoints = 2;
  let staleFence = 0;
  const expected = new Map<string, number>();
  const replays: string[] = [];

  async function outcomes(pick: number, fence?: number) {
    const opened = await turn(acme, nowMs, { limit: pick + 1 });
    const holder = fence === undefined ? opened : { ...opened, fence };
    staleFence = opened.fence;
    await dispatch.record(
      opened.deliveries.map((delivery, index) =>
        (index + pick) % 3 === 0
          ? retried(holder, delivery, nowMs, nowMs + minuteMs)
          : ended(holder, delivery, nowMs, (index + pick) % 3 === 1 ? 200 : 500),
      ),
      pick % 2 === 0,
    );
  }

  return {
    async accept(n: number) {
      const events = Array.from({ length: n + 1 }, () => event(acme));
      await door.accept(events, nowMs);
      for (const { event_id } of events) expected.set(event_id, endpoints);
    },
    async accept_again(n: number) {
      const ids = [...expected.keys()].slice(0, n + 1);
      const { results } = await door.accept(
        ids.map((event_id) => ({ event_id, type: `${acme.id}.made` })),
        nowMs,
      );
      expect(results.map(({ status, deliveries }) => [status, deliveries])).toEqual(
        ids.map((id) => ["duplicate", expected.get(id)]),
      );
    },
    async fan_out(n: number) {
      const { partnerNo, fence, deliveries } = await turn(acme, nowMs, { limit: n + 1 });
      const items = (n % 3) + 1;
      const splits = deliveries.map(({ id }) => ({ deliveryId: id, partnerNo, fence, items }));
      // Again, and by a turn that was passed: nothing more.
      await Promise.all([dispatch.fanOut(splits), dispatch.fanOut(splits)]);
      await dispatch.fanOut(splits.map((split) => ({ ...split, fence: staleFence, items: 9 })));
      for (const { eventId, item } of deliveries)
        if (item === null) expected.set(eventId, expected.get(eventId)! + items - 1);
    },
    turn: (n: number) => outcomes(n),
    stale: (n: number) => outcomes(n, staleFence),
    async retry_now(n: number) {
      const filter = n % 2 === 0 ? { partner: acme.id } : { partner: acme.id, endpoint: "main" };
      const { result } = await operations.retryNow(filter, { dryRun: n > 7 }, nowMs);
      expect(result.retried).toBe(n > 7 ? 0 : result.matched);
      const again = await operations.retryNow(filter, { dryRun: true }, nowMs);
      expect(again.result.matched).toBe(n > 7 ? result.matched : 0);
    },
    async replay(n: number) {
      const filter = n % 2 === 0 ? { partner: acme.id } : { partner: acme.id, state: "delivered" as const };
      const dry = await operations.previewReplay(filter, nowMs);
      const { replay, ...selected } = await operations.createReplay(
        { filter, ratePerSecond: n > 6 ? n : null, requestedBy: "test" },
        nowMs,
      );
      expect(selected).toEqual(dry);
      expect(replay.matched).toBe(dry.matched);
      replays.push(replay.replay_id);
    },
    async cancel_replay(n: number) {
      const id = replays[n % Math.max(1, replays.length)];
      if (id !== undefined) await operations.cancelReplay(id, nowMs);
    },
    async advance(n: number) {
      await Promise.all([dispatch.advanceReplays(n + 1, nowMs), dispatch.advanceReplays(n + 1, nowMs)]);
    },
    async delete_endpoint(n: number) {
      const id = n % 2 === 0 ? "main" : "second";
      if (await operations.deleteEndpoint(acme.id, id, nowMs)) endpoints -= 1;
      if (n > 4 && (await endpoint(acme.id, id))?.created) endpoints += 1;
    },
    async cancel(n: number) {
      const [event_id] = [...expected.keys()].slice(n);
      const filter = n > 4 || event_id === undefined ? { partner: acme.id, endpoint: "main" } : { event_id };
      // Some of what is cancelled is being recorded meanwhile.
      await Promise.all([operations.cancelDeliveries(filter, { dryRun: n === 9 }, nowMs), outcomes(n)]);
    },
    async wait(n: number) {
      nowMs += n * 20_000;
    },
    async check() {
      expect(await operations.conservation()).toMatchObject({ drift: 0 });
      const found = await sql.query<{ event_id: string; n: number; ids: number }>(
        `select e.event_id, count(d.id)::int as n, count(distinct d.id)::int as ids
           from postrider.events e left join postrider.deliveries d on d.event = e.id
          where e.type = $1 group by e.event_id`,
        [`${acme.id}.made`],
      );
      expect(new Map(found.map(({ event_id, n }) => [event_id, n]))).toEqual(expected);
      expect(found.every(({ n, ids }) => n === ids)).toBe(true);
      for (const id of replays) {
        const replay = (await operations.getReplay(id))!;
        expect(replay.replayed + replay.skipped).toBeLessThanOrEqual(replay.matched);
        expect(replay.skipped_causes.reduce((sum, { count }) => sum + count, 0)).toBe(replay.skipped);
        const left = replay.matched - replay.replayed - replay.skipped;
        expect(replay.state === "done" ? left : 0).toBe(0);
      }
    },
  };
}
