import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import type { DeliveryFilter } from "../../ports/selection.ts";
import { type Bench, dayMs, ended, minuteMs, retried, suiteNowMs as now, type TestPartner } from "./bench.ts";

const at = (ms: number) => new Date(ms).toISOString();

/** Replays: chosen once, put back step by step, never twice. */
export function replayTests(bench: () => Bench): void {
  const create = async (filter: DeliveryFilter, ratePerSecond: number | null = null) =>
    bench().operations.createReplay({ filter, ratePerSecond, requestedBy: "key:test" }, now);
  const dead = async (count: number, acme?: TestPartner): Promise<[TestPartner, string[]]> => {
    const { partner, enqueue, finishAll } = bench();
    const owner = acme ?? (await partner());
    await enqueue(owner, count);
    return [owner, (await finishAll(owner, now)).map(({ id }) => id)];
  };

  test("dead letters go back behind live traffic, under their ids, with their attempts and a fresh ladder", async () => {
    const { operations, dispatch, turn, waiting } = bench();
    const [acme, ids] = await dead(3);
    const { replay, groups } = await create({ partner: acme.id });
    expect(replay).toMatchObject({
      state: "running",
      matched: 3,
      replayed: 0,
      filter: { partner: acme.id },
      requested_by: "key:test",
      finished_at: null,
    });
    expect(groups).toMatchObject([{ partner: acme.id, state: "dead", count: 3 }]);
    expect(await waiting(acme)).toEqual([]);
    const later = now + dayMs;
    expect(await dispatch.advanceReplays(100, later)).toEqual({ partnerNos: [acme.no], running: 0 });
    expect(await operations.getReplay(replay.replay_id)).toMatchObject({
      state: "done",
      replayed: 3,
      skipped: 0,
      finished_at: new Date(later).toISOString(),
    });
    const opened = await turn(acme, later);
    expect(opened.deliveries.map(({ id }) => id)).toEqual(ids);
    expect(opened.deliveries[0]).toMatchObject({
      attemptsMade: 1,
      attemptsBefore: 1,
      clientErrors: 0,
      dueAtMs: later,
      enqueuedAtMs: later,
    });
    await dispatch.record([retried(opened, opened.deliveries[0]!, later, later)], false);
    expect((await turn(acme, later)).deliveries.find(({ id }) => id === ids[0])).toMatchObject({
      attemptsMade: 2,
      attemptsBefore: 1,
    });
    expect(await operations.getDelivery(ids[0]!)).toMatchObject({
      state: "pending",
      reason: null,
      attempts: [{ n: 1 }, { n: 2 }],
    });
  });

  test("chosen are dead letters unless a state, a reason or ids are named; pending ones never", async () => {
    const { operations, enqueue, turn, dispatch } = bench();
    const [acme, [deadId]] = await dead(1);
    await enqueue(acme, 2);
    const opened = await turn(acme, now);
    const expired = { kind: "finish", state: "expired", reason: "expired", atMs: now, error: null } as const;
    await dispatch.record([{ ...ended(opened, opened.deliveries[0]!, now, 500), change: expired }], false);
    const pendingId = opened.deliveries[1]!.id;
    const matched = async (filter: DeliveryFilter) => (await create({ partner: acme.id, ...filter })).replay;
    expect(await matched({})).toMatchObject({ matched: 1 });
    expect(await matched({ reason: "expired" })).toMatchObject({ matched: 1 });
    expect(await matched({ delivery_ids: [deadId!, deadId!, pendingId, "not-an-id"] })).toMatchObject({
      matched: 1,
    });
    expect(await matched({ delivery_ids: [pendingId] })).toMatchObject({ matched: 0, state: "done" });
    await expect(matched({ state: "pending" })).rejects.toMatchObject({ code: "invalid_request" });
    const before = await operations.getDelivery(pendingId);
    await dispatch.advanceReplays(100, now);
    expect(await operations.getDelivery(pendingId)).toEqual(before);
  });

  test("what is pending again by then is passed over: its scheduled retry is neither cancelled nor doubled", async () => {
    const { operations, dispatch, turn, waiting } = bench();
    const [acme, [id]] = await dead(1);
    const first = await create({ partner: acme.id });
    const second = await create({ partner: acme.id });
    await dispatch.advanceReplays(100, now);
    expect(await operations.getReplay(first.replay.replay_id)).toMatchObject({
      state: "done",
      replayed: 1,
      skipped: 0,
    });
    expect(await operations.getReplay(second.replay.replay_id)).toMatchObject({
      state: "done",
      replayed: 0,
      skipped: 1,
      skipped_causes: [{ cause: "already_pending", count: 1 }],
    });
    const opened = await turn(acme, now);
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + minuteMs)], false);
    await create({ delivery_ids: [id!] });
    await dispatch.advanceReplays(100, now);
    expect(await waiting(acme)).toEqual([id]);
    expect((await operations.getDelivery(id!))?.next_attempt_at).toBe(new Date(now + minuteMs).toISOString());
  });

  test("what a dry run counts is what is replayed: the deleted are left out with the cause, the held back are named", async () => {
    const { operations, dispatch, partner, enqueue, finishAll, endpoint, waiting, sql } = bench();
    const acme = await partner(["gone", "main", "off"]);
    await enqueue(acme, 3);
    await finishAll(acme, now);
    await operations.deleteEndpoint(acme.id, "gone", now);
    await endpoint(acme.id, "gone");
    await operations.putEndpoint(
      acme.id,
      "off",
      {
        ...endpointDefaults,
        url: "https://partner.example/",
        body: "envelope",
        events: [`${acme.id}.*`],
        enabled: false,
      },
      now,
    );
    await enqueue(acme, 2);
    await finishAll(acme, now);
    const [bolt] = await dead(2);
    await operations.deletePartner(bolt.id, now);
    const filter = { state: "dead", since: at(now), until: at(now + 1) } as const;
    const dry = await operations.previewReplay({ ...filter, partner: acme.id }, now);
    // 3 of the old endpoint; of the new one 2, of main 5, of the disabled one 3, which has nothing more since.
    expect(dry).toMatchObject({
      matched: 10,
      skipped: [{ cause: "endpoint_deleted", count: 3 }],
      waiting: [{ cause: "endpoint_disabled", count: 3 }],
    });
    expect(dry.groups.map(({ endpoint, count }) => [endpoint, count])).toEqual([
      ["main", 5],
      ["off", 3],
      ["gone", 2],
    ]);
    await operations.setPartnerState(acme.id, "paused", now);
    expect(await operations.previewReplay({ ...filter, partner: acme.id }, now)).toMatchObject({
      waiting: [{ cause: "partner_paused", count: 10 }],
    });
    expect(await operations.previewReplay({ partner: bolt.id }, now)).toEqual({
      matched: 0,
      groups: [],
      skipped: [{ cause: "partner_deleted", count: 2 }],
      waiting: [],
    });
    const { replay, ...selected } = await create({ ...filter, partner: acme.id });
    expect(selected).toMatchObject({ matched: 10, skipped: dry.skipped, groups: dry.groups });
    // Deleted between the choice and its turn: skipped, and it says why.
    await operations.deleteEndpoint(acme.id, "main", now);
    const [one] = await sql.query<{ delivery: string }>(
      "select i.delivery from postrider.replay_items i join postrider.endpoints n on n.endpoint_no = i.endpoint_no where i.replay = $1::text::uuid and n.id = 'gone'",
      [replay.replay_id],
    );
    await sql.query(
      `with gone as (delete from postrider.finished where id = $1::text::uuid returning event)
       update postrider.events e set deliveries = deliveries - 1 from gone g where e.id = g.event`,
      [one!.delivery],
    );
    for (let steps = 0; steps < 8; steps++) await dispatch.advanceReplays(4, now);
    expect(await operations.getReplay(replay.replay_id)).toMatchObject({
      state: "done",
      matched: 10,
      replayed: 4,
      skipped: 6,
      skipped_causes: [
        { cause: "endpoint_deleted", count: 5 },
        { cause: "past_retention", count: 1 },
      ],
    });
    // And what the disabled endpoint was given meanwhile.
    expect(await waiting(acme)).toHaveLength(4 + 2);
  });

  test("a replay by the time of ending takes what ended then, whenever it was accepted", async () => {
    const { partner, enqueue, finishAll } = bench();
    const acme = await partner();
    for (const afterMs of [0, minuteMs, 2 * minuteMs]) {
      await enqueue(acme, 2, now - dayMs);
      await finishAll(acme, now + afterMs);
    }
    const filter = {
      partner: acme.id,
      state: "dead",
      since: at(now + 1),
      until: at(now + 2 * minuteMs),
    } as const;
    expect((await create(filter)).matched).toBe(0);
    expect((await create({ ...filter, time: "finished" })).matched).toBe(2);
  });

  test("a rate holds over any steps, and is used", async () => {
    const { dispatch, operations, waiting } = bench();
    const [acme] = await dead(60);
    const { replay } = await create({ partner: acme.id }, 10);
    const counts: number[] = [];
    for (const afterMs of [0, 50, 100, 1_000, 1_001, 2_000, 3_000, 3_000]) {
      await dispatch.advanceReplays(1_000, now + afterMs);
      counts.push((await waiting(acme)).length);
    }
    expect(counts).toEqual([1, 1, 2, 11, 11, 21, 31, 31]);
    // After a long silence: two seconds' worth, not all that was missed.
    await dispatch.advanceReplays(1_000, now + 60_000);
    expect(await waiting(acme)).toHaveLength(52);
    await operations.cancelReplay(replay.replay_id, now);
  });

  test("a step moves at most its limit; an endpoint has at most 500 of a replay waiting, and does not hold back another", async () => {
    const { operations, dispatch, waiting, finishAll } = bench();
    const [acme] = await dead(700);
    const [bolt] = await dead(40);
    const { replay } = await create({
      state: "dead",
      since: new Date(now).toISOString(),
      until: new Date(now + 1).toISOString(),
    });
    const step = async (limit: number) => {
      await dispatch.advanceReplays(limit, now);
      return [(await waiting(acme)).length, (await waiting(bolt)).length];
    };
    expect(replay.matched).toBeGreaterThanOrEqual(740);
    const [a, b] = await step(20);
    expect(a! + b!).toBeLessThanOrEqual(20);
    for (let n = 0; n < 20; n++) await step(300);
    expect(await step(300)).toEqual([500, 40]);
    await finishAll(acme, now, 200);
    expect((await step(1_000))[0]).toBe(200);
    expect(await operations.getReplay(replay.replay_id)).toMatchObject({
      state: "done",
      replayed: replay.matched,
      skipped: 0,
    });
  });

  test("two workers that advance at once, and a step that did not commit, double nothing", async () => {
    const { dispatch, operations, sql, waiting } = bench();
    const [acme, ids] = await dead(200);
    const { replay } = await create({ partner: acme.id });
    const crash = sql.transaction(async (tx) => {
      await tx.query("select * from postrider.advance_replays(50, $1::float8)", [now]);
      throw new Error("killed");
    });
    await expect(crash).rejects.toThrow("killed");
    expect(await operations.getReplay(replay.replay_id)).toMatchObject({ replayed: 0 });
    const steps = Array.from({ length: 6 }, () =>
      Array.from({ length: 4 }, () => dispatch.advanceReplays(15, now)),
    );
    for (const step of steps) await Promise.all(step);
    for (let steps = 0; steps < 20; steps++) await dispatch.advanceReplays(15, now);
    expect(await waiting(acme)).toEqual(ids.toSorted());
    expect(await operations.getReplay(replay.replay_id)).toMatchObject({
      state: "done",
      replayed: 200,
      skipped: 0,
    });
    expect((await operations.conservation()).drift).toBe(0);
  });

  test("cancelled, what was not put back stays as it is; the record of the replay stays too", async () => {
    const { dispatch, operations, waiting, sql } = bench();
    const [acme] = await dead(10);
    const { replay } = await create({ partner: acme.id });
    await dispatch.advanceReplays(4, now);
    expect(await operations.cancelReplay(replay.replay_id, now + minuteMs)).toMatchObject({
      state: "cancelled",
      replayed: 4,
      finished_at: new Date(now + minuteMs).toISOString(),
    });
    expect(await dispatch.advanceReplays(100, now)).toEqual({ partnerNos: [], running: 0 });
    expect(await waiting(acme)).toHaveLength(4);
    expect(
      await sql.query("select 1 from postrider.replay_items where replay = $1::text::uuid", [
        replay.replay_id,
      ]),
    ).toEqual([]);
    expect((await operations.listReplays(100)).map(({ replay_id }) => replay_id)).toContain(replay.replay_id);
    expect(await operations.cancelReplay(replay.replay_id, now)).toMatchObject({
      state: "cancelled",
      finished_at: new Date(now + minuteMs).toISOString(),
    });
    expect(await operations.cancelReplay("00000000-0000-0000-0000-000000000000", now)).toBeNull();
    expect(await operations.getReplay("no-such")).toBeNull();
  });

  test("passed over: deliveries of an endpoint deleted since, and events past retention", async () => {
    const { dispatch, operations, partner, enqueue, finishAll, waiting, sql } = bench();
    const acme = await partner(["main", "second"]);
    await enqueue(acme, 3);
    await finishAll(acme, now);
    const { replay } = await create({ partner: acme.id });
    await operations.deleteEndpoint(acme.id, "second", now);
    const [lost] = (await operations.listDeliveries({ partner: acme.id, endpoint: "main" }, { limit: 1 }))
      .deliveries;
    await sql.query(
      "delete from postrider.events e using postrider.finished f where f.id = $1::text::uuid and e.id = f.event",
      [lost!.id],
    );
    await dispatch.advanceReplays(100, now);
    expect(await waiting(acme)).toHaveLength(2);
    expect(await operations.getReplay(replay.replay_id)).toMatchObject({
      state: "done",
      matched: 6,
      replayed: 2,
      skipped: 4,
    });
    // The event was taken away by hand: put the books right for the tests that follow.
    await sql.query(
      "delete from postrider.finished where not exists (select 1 from postrider.events e where e.id = event)",
    );
  });

  test("a delivered one is judged again by the answer that delivered it, not by another process's attempt of the same number", async () => {
    const { dispatch, operations, partner, enqueue, turn } = bench();
    const acme = await partner();
    await enqueue(acme, 2);
    const opened = await turn(acme, now);
    const answers = (status: number, atMs: number) =>
      dispatch.record(
        opened.deliveries.map((delivery) => ended(opened, delivery, atMs, status)),
        false,
      );
    await answers(200, now);
    await answers(500, now + 1);
    expect(await operations.reclassify(acme.id, "main", { limit: 10 })).toMatchObject({
      groups: [{ state: "delivered", would_be: "delivered", count: 2 }],
      wronglyDelivered: [],
    });
  });
}
