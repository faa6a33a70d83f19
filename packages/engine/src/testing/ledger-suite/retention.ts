import { expect, test } from "vitest";
import { type Bench, dayMs, ended, suiteNowMs, type TestPartner } from "./bench.ts";

const retention = { deliveredMs: 35 * dayMs, undeliveredMs: 90 * dayMs };
const weekMs = 7 * dayMs;

/** The name of the partition of a week. */
function weekOf(ms: number): string {
  const monday = new Date(ms - ((new Date(ms).getUTCDay() + 6) % 7) * dayMs);
  return monday.toISOString().slice(0, 10).replaceAll("-", "");
}

/** Each test has a year of its own: upkeep at its beginning makes its weeks and removes what the test before left. */
function years(bench: () => Bench) {
  let years = 1;
  return async () => {
    const now = suiteNowMs + years++ * 364 * dayMs;
    await bench().dispatch.keepUp(now, retention);
    return {
      now,
      week: weekOf(now),
      reducedAt: now + 35 * dayMs + weekMs,
      droppedAt: now + 90 * dayMs + weekMs,
    };
  };
}

/** An event, of whose deliveries (by endpoint, in the order of their ids) each ended with its status. */
async function settled(bench: Bench, to: TestPartner, statuses: readonly number[], at: number) {
  const one = bench.event(to);
  await bench.door.accept([one], at);
  const opened = await bench.turn(to, at);
  const inOrder = opened.deliveries.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await bench.dispatch.record(
    statuses.map((status, index) => ended(opened, inOrder[index]!, at, status)),
    false,
  );
  return one;
}

async function weeks(bench: Bench): Promise<readonly string[]> {
  const rows = await bench.sql.query<{ name: string }>(
    "select w.week || w.suffix as name from postrider.past_weeks('9999-01-01') w order by 1",
  );
  return rows.map(({ name }) => name);
}

/** What was not delivered outlives what was; what waits outlives everything. */
export function retentionTests(bench: () => Bench): void {
  const nextYear = years(bench);
  const keyOf = async (eventId: string) =>
    (await bench().sql.query("select 1 from postrider.event_keys where event_id = $1", [eventId])).length;

  test("a week past its time keeps what was not delivered, with events, attempts and keys; later it goes too", async () => {
    const { partner, operations, door, dispatch } = bench();
    const { now, week, reducedAt, droppedAt } = await nextYear();
    const acme = await partner(["main", "second"]);
    const good = await settled(bench(), acme, [200, 200], now);
    const mixed = await settled(bench(), acme, [200, 500], now);
    await dispatch.keepUp(reducedAt - weekMs, retention);
    expect(await operations.getEvent(good.event_id)).not.toBeNull();

    await dispatch.keepUp(reducedAt, retention);
    expect(await weeks(bench())).toContain(`${week}_undelivered`);
    expect(await weeks(bench())).not.toContain(week);
    expect(await operations.getEvent(good.event_id)).toBeNull();
    expect(await operations.getEvent(mixed.event_id)).toMatchObject({
      deliveries: [{ state: "dead", attempts: [{ n: 1, status: 500 }] }],
    });
    expect(await operations.conservation()).toMatchObject({ accepted: 1, finished: { dead: 1 }, drift: 0 });
    expect([await keyOf(good.event_id), await keyOf(mixed.event_id)]).toEqual([0, 1]);
    expect((await door.accept([mixed], reducedAt)).results).toMatchObject([
      { status: "duplicate", deliveries: 1 },
    ]);

    await dispatch.keepUp(droppedAt - weekMs, retention);
    expect(await operations.getEvent(mixed.event_id)).not.toBeNull();
    await dispatch.keepUp(droppedAt, retention);
    expect(await operations.getEvent(mixed.event_id)).toBeNull();
    expect(await keyOf(mixed.event_id)).toBe(0);
    expect((await weeks(bench())).filter((name) => name.startsWith(week))).toEqual([]);
    expect(await operations.conservation()).toMatchObject({ accepted: 0, drift: 0 });
  });

  test("items of a split delivery stay and go like any other, and one can be split in a reduced week", async () => {
    const { partner, operations, event, door, dispatch, turn } = bench();
    const { now, week, reducedAt } = await nextYear();
    const acme = await partner();
    const whole = await settled(bench(), acme, [500], now);
    const one = event(acme);
    await door.accept([one], now);
    const split = async (atMs: number) => {
      const { partnerNo, fence, deliveries } = await turn(acme, atMs);
      await dispatch.fanOut(deliveries.map(({ id }) => ({ deliveryId: id, partnerNo, fence, items: 3 })));
      return turn(acme, atMs);
    };
    const opened = await split(now);
    await dispatch.record(
      opened.deliveries.map((delivery, index) => ended(opened, delivery, now, index === 2 ? 500 : 200)),
      false,
    );
    await dispatch.keepUp(reducedAt, retention);
    expect(await weeks(bench())).toContain(`${week}_undelivered`);
    expect((await operations.getEvent(one.event_id))!.deliveries).toMatchObject([{ item: 3, items: 3 }]);
    expect(await operations.conservation()).toMatchObject({ accepted: 2, finished: { dead: 2 }, drift: 0 });

    const filter = { event_id: whole.event_id };
    await operations.createReplay({ filter, ratePerSecond: null, requestedBy: "test" }, reducedAt);
    await dispatch.advanceReplays(10, reducedAt);
    const again = await split(reducedAt);
    await dispatch.record(
      again.deliveries.map((delivery) => ended(again, delivery, reducedAt, 500)),
      false,
    );
    expect(
      (await operations.getEvent(whole.event_id))!.deliveries.map(({ item }) => item).toSorted(),
    ).toEqual([1, 2, 3]);
    expect(await operations.conservation()).toMatchObject({ accepted: 4, finished: { dead: 4 }, drift: 0 });
  });

  test("upkeep twice, or by two at once, is upkeep once", async () => {
    const { partner, dispatch, operations } = bench();
    const { now, reducedAt } = await nextYear();
    const acme = await partner();
    const dead = await settled(bench(), acme, [500], now);
    await settled(bench(), acme, [200], now);
    await Promise.all([dispatch.keepUp(reducedAt, retention), dispatch.keepUp(reducedAt, retention)]);
    await dispatch.keepUp(reducedAt, retention);
    const once = await weeks(bench());
    await dispatch.keepUp(reducedAt, retention);
    expect(await weeks(bench())).toEqual(once);
    expect(await operations.getEvent(dead.event_id)).toMatchObject({
      deliveries: [{ attempts: [{ n: 1 }] }],
    });
    expect(await operations.conservation()).toMatchObject({ accepted: 1, drift: 0 });
  });

  test("a reduced week is replayed from; what is brought back outlives the longer time, and is dropped when it ended", async () => {
    const { partner, dispatch, operations, waiting, turn, finishAll } = bench();
    const { now, week, reducedAt, droppedAt } = await nextYear();
    const acme = await partner();
    await settled(bench(), acme, [500], now);
    await dispatch.keepUp(reducedAt, retention);
    const filter = { partner: acme.id };
    await operations.createReplay({ filter, ratePerSecond: null, requestedBy: "test" }, reducedAt);
    await dispatch.advanceReplays(10, reducedAt);
    const [id] = await waiting(acme);
    await dispatch.keepUp(droppedAt, retention);
    expect((await turn(acme, droppedAt)).deliveries).toMatchObject([{ id, attemptsMade: 1, dataText: "{}" }]);
    await settled(bench(), acme, [], droppedAt);
    await finishAll(acme, droppedAt, 200);
    const page = async (cursor?: string) =>
      operations.listDeliveries(
        { partner: acme.id, state: "delivered" },
        { limit: 1, ...(cursor && { cursor }) },
      );
    const first = await page();
    expect(first.deliveries).toMatchObject([{ accepted_at: new Date(droppedAt).toISOString() }]);
    expect((await page(first.next_cursor)).deliveries).toMatchObject([{ id }]);
    expect(await operations.getDelivery(id!)).toMatchObject({
      state: "delivered",
      attempts: [{ n: 1 }, { n: 2 }],
    });
    await dispatch.keepUp(droppedAt, retention);
    expect(await operations.getDelivery(id!)).toBeNull();
    expect((await weeks(bench())).filter((name) => name.startsWith(week))).toEqual([]);
  });

  test("a week is left alone while a turn may work on it or a replay runs; what waits for a paused partner goes along", async () => {
    const { partner, turn, dispatch, operations, waiting, sql } = bench();
    const { now, week, reducedAt } = await nextYear();
    const acme = await partner(["main", "second"]);
    const done = await settled(bench(), acme, [200, 200], now);
    const half = await settled(bench(), acme, [200], now);
    const [id] = await waiting(acme);
    await dispatch.keepUp(reducedAt, retention);
    expect(await operations.getEvent(done.event_id)).not.toBeNull();

    await operations.setPartnerState(acme.id, "paused", reducedAt);
    const { replay } = await operations.createReplay(
      { filter: { partner: acme.id, state: "delivered" }, ratePerSecond: 0.001, requestedBy: "test" },
      reducedAt,
    );
    await dispatch.keepUp(reducedAt, retention);
    expect(await operations.getEvent(done.event_id)).not.toBeNull();

    await operations.cancelReplay(replay.replay_id, reducedAt);
    await dispatch.keepUp(reducedAt, retention);
    expect(await operations.getEvent(done.event_id)).toBeNull();
    expect(await operations.getEvent(half.event_id)).toMatchObject({
      deliveries: [{ id, state: "pending" }],
    });
    expect(await operations.conservation()).toMatchObject({ accepted: 1, pending: 1, drift: 0 });

    await operations.setPartnerState(acme.id, "active", reducedAt);
    const again = await turn(acme, reducedAt);
    expect(again.deliveries.map((delivery) => delivery.id)).toEqual([id]);
    await dispatch.record([ended(again, again.deliveries[0]!, reducedAt, 500)], false);
    expect(await sql.query(`select id::text as id from postrider.finished_${week}_undelivered`)).toEqual([
      { id },
    ]);
    expect(await operations.conservation()).toMatchObject({ accepted: 1, pending: 0, drift: 0 });
  });

  test("rows without a partition of their own leave by steps: delivered ones, later the others, what waits never", async () => {
    const { partner, event, door, dispatch, operations, waiting, turn } = bench();
    const { now } = await nextYear();
    const at = now + 100 * dayMs;
    const [acme, slow, nobody] = [await partner(["main", "second"]), await partner(), await partner([])];
    const both = await settled(bench(), acme, [200, 200], at);
    const mixed = await settled(bench(), acme, [200, 500], at);
    await door.accept([event(nobody), event(slow)], at);
    const [id] = await waiting(slow);
    expect(await inDefaults()).toEqual([4, 4, 4]);

    await dispatch.keepUp(at + 34 * dayMs, retention);
    expect(await inDefaults()).toEqual([4, 4, 4]);
    await dispatch.keepUp(at + 36 * dayMs, retention);
    expect(await inDefaults()).toEqual([2, 1, 1]);
    expect(await operations.getEvent(mixed.event_id)).toMatchObject({ deliveries: [{ state: "dead" }] });
    expect(await operations.conservation()).toMatchObject({ accepted: 2, pending: 1, drift: 0 });
    expect(await keyOf(both.event_id)).toBe(0);

    await dispatch.keepUp(at + 91 * dayMs, retention);
    expect(await operations.getEvent(mixed.event_id)).toBeNull();
    expect((await turn(slow, at)).deliveries.map((delivery) => delivery.id)).toEqual([id]);
    expect(await inDefaults()).toEqual([1, 0, 0]);
    expect(await operations.conservation()).toMatchObject({ accepted: 1, pending: 1, drift: 0 });
  });

  test("of a week that began without partitions, the tables stay together", async () => {
    const { partner, dispatch, enqueue, finishAll } = bench();
    const { now } = await nextYear();
    const at = now + 100 * dayMs;
    const acme = await partner();
    const before = await inDefaults();
    await enqueue(acme, 1, at);
    await dispatch.keepUp(at, retention);
    await finishAll(acme, at, 200);
    expect((await inDefaults()).map((rows, index) => rows - before[index]!)).toEqual([1, 1, 1]);
    expect(await weeks(bench())).not.toContain(weekOf(at));
    expect(await weeks(bench())).toContain(weekOf(at + weekMs));
  });

  async function inDefaults(): Promise<readonly number[]> {
    const [row] = await bench().sql.query<{ events: number; finished: number; attempts: number }>(
      `select (select count(*)::int from postrider.events_default) as events, (select count(*)::int from postrider.finished_default) as finished,
         (select count(*)::int from postrider.attempts_default) as attempts`,
    );
    return [row!.events, row!.finished, row!.attempts];
  }
}

/** Beside others: upkeep gives way. Registered for ledgers that processes share. */
export function sharedRetentionTests(bench: () => Bench): void {
  const nextYear = years(bench);

  test("upkeep waits for nobody who reads or replays, loses nothing by it, and does it the next time", async () => {
    const { partner, dispatch, operations, sql } = bench();
    const { now, week, reducedAt, droppedAt } = await nextYear();
    const acme = await partner();
    const dead = await settled(bench(), acme, [500], now);
    await settled(bench(), acme, [200], now);
    const named = async () => (await weeks(bench())).filter((name) => name.startsWith(week));
    for (const [at, left, gone] of [
      [reducedAt, [week], [`${week}_undelivered`]],
      [droppedAt, [`${week}_undelivered`], []],
    ] as const) {
      await sql.transaction(async (reader) => {
        await reader.query("select count(*) from postrider.finished");
        await dispatch.keepUp(at, retention);
        expect(await named()).toEqual(left);
        expect(await operations.getEvent(dead.event_id)).toMatchObject({ deliveries: [{ state: "dead" }] });
      });
      await dispatch.keepUp(at, retention);
      expect(await named()).toEqual(gone);
    }
  });
}
