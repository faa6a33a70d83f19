import { expect, test } from "vitest";
import { type Bench, dayMs, ended, minuteMs, retried, suiteNowMs as now } from "./bench.ts";

/** Claiming: who may send what, and in which order. */
export function claimTests(bench: () => Bench): void {
  test("each turn takes the next fence; the fence before it gets nothing more", async () => {
    const { partner, enqueue, turn } = bench();
    const acme = await partner();
    await enqueue(acme, 2);
    const first = await turn(acme, now, { limit: 1 });
    expect(first).toMatchObject({
      standing: "held",
      deliveries: [{ attemptsMade: 0, attemptsBefore: 0, acceptedAtMs: now, enqueuedAtMs: now }],
    });
    expect(await turn(acme, now, { fence: first.fence })).toMatchObject({
      standing: "held",
      fence: first.fence,
    });
    const second = await turn(acme, now);
    expect(second.fence).toBe(first.fence + 1);
    expect(await turn(acme, now, { fence: first.fence })).toMatchObject({
      standing: "elsewhere",
      deliveries: [],
    });
  });

  test("first attempts, then retries, then replays; by due time within each; busy and future ones left out", async () => {
    const { partner, enqueue, turn, finishAll, dispatch, operations } = bench();
    const acme = await partner();
    const [replayed] = await enqueue(acme, 1, now - 3_000);
    await finishAll(acme, now - 3_000);
    await operations.createReplay(
      { filter: { partner: acme.id }, ratePerSecond: null, requestedBy: "test" },
      now - 3_000,
    );
    const [retriedId] = await enqueue(acme, 1, now - 2_000);
    const before = await turn(acme, now - 2_000);
    await dispatch.record([retried(before, before.deliveries[0]!, now - 2_000, now - 1_000)], false);
    await dispatch.advanceReplays(10, now - 2_000);
    const fresh = (await enqueue(acme, 3, now)).slice(-3);
    await enqueue(acme, 1, now + minuteMs);
    const ids = async (...given: Parameters<Bench["turn"]>) =>
      (await turn(...given)).deliveries.map((delivery) => delivery.id);
    expect(await ids(acme, now)).toEqual([...fresh, retriedId, replayed]);
    expect(await ids(acme, now, { limit: 2 })).toEqual(fresh.slice(0, 2));
    expect(await ids(acme, now, { busy: [fresh[0]!, retriedId!] })).toEqual([...fresh.slice(1), replayed]);
    expect(await ids(acme, now + minuteMs)).toHaveLength(6);
  });

  test("nothing of paused partners, nor of paused, held, disabled or deleted endpoints; others are untouched", async () => {
    const { partner, endpoint, enqueue, turn, dispatch, operations } = bench();
    const acme = await partner(["paused", "held", "disabled", "deleted", "open"]);
    const bolt = await partner();
    await enqueue(acme, 1);
    await enqueue(bolt, 1);
    const no = async (id: string) => (await dispatch.locate(acme.id, id))!.endpointNo;
    await dispatch.hold([
      { endpointNo: await no("paused"), untilMs: null, note: "status 410" },
      { endpointNo: await no("held"), untilMs: now + minuteMs, note: "retry-after 60" },
    ]);
    const document = (await operations.getEndpoint(acme.id, "disabled", now))!;
    await operations.putEndpoint(acme.id, "disabled", { ...document, enabled: false }, now);
    await operations.deleteEndpoint(acme.id, "deleted", now);
    const open = await no("open");
    expect((await turn(acme, now)).deliveries.map((delivery) => delivery.endpointNo)).toEqual([open]);
    expect((await turn(acme, now + minuteMs)).deliveries).toHaveLength(2);
    expect(await operations.listEndpoints(acme.id, now)).toMatchObject([
      { id: "disabled", state: "disabled" },
      {
        id: "held",
        state: "held",
        held_until: new Date(now + minuteMs).toISOString(),
        note: "retry-after 60",
      },
      { id: "open", state: "active", note: null },
      { id: "paused", state: "paused", note: "status 410" },
    ]);
    expect(await operations.resumeEndpoint(acme.id, "paused", now)).toMatchObject({
      state: "active",
      note: null,
    });
    await operations.setPartnerState(acme.id, "paused", now);
    expect(await turn(acme, now + minuteMs)).toMatchObject({ standing: "inactive", deliveries: [] });
    expect(await turn(bolt, now)).toMatchObject({ standing: "held", deliveries: [{}] });
    await operations.setPartnerState(acme.id, "active", now);
    expect((await turn(acme, now + minuteMs)).deliveries).toHaveLength(3);
    await endpoint(acme.id, "deleted");
    expect((await turn(acme, now + minuteMs)).deliveries).toHaveLength(3);
  });

  test("a claim says when more is due: the earliest of what is not yet, over holds, and nothing where nothing waits", async () => {
    const { partner, enqueue, turn, dispatch } = bench();
    const acme = await partner();
    expect((await turn(acme, now)).nextDueAtMs).toBeNull();
    await enqueue(acme, 1, now + 2 * minuteMs);
    await enqueue(acme, 1, now + minuteMs);
    await enqueue(acme, 1, now);
    const opened = await turn(acme, now);
    expect(opened).toMatchObject({ deliveries: [{}], nextDueAtMs: now + minuteMs });
    expect((await turn(acme, now, { fence: opened.fence, limit: 0 })).nextDueAtMs).toBeNull();
    const { endpointNo } = (await dispatch.locate(acme.id, "main"))!;
    await dispatch.hold([{ endpointNo, untilMs: now + 3 * minuteMs, note: "asked to wait" }]);
    expect(await turn(acme, now)).toMatchObject({ deliveries: [], nextDueAtMs: now + 3 * minuteMs });
  });

  test("the sweep names partners with due work and when, not those who may not be served", async () => {
    const { partner, enqueue, dispatch, operations } = bench();
    const [acme, bolt, held, paused, idle] = [
      await partner(),
      await partner(),
      await partner(),
      await partner(),
      await partner(),
    ];
    await enqueue(acme, 3, now - 5_000);
    await enqueue(bolt, 1, now + minuteMs);
    await enqueue(held, 1, now - 5_000);
    await enqueue(paused, 1, now - 5_000);
    await dispatch.hold([
      {
        endpointNo: (await dispatch.locate(held.id, "main"))!.endpointNo,
        untilMs: now + 1_000,
        note: "asked to wait",
      },
    ]);
    await operations.setPartnerState(paused.id, "paused", now);
    const due = async (untilMs: number) => {
      const all = await dispatch.duePartners(untilMs);
      return [acme, bolt, held, paused, idle].map(
        (one) => all.find(({ partnerNo }) => partnerNo === one.no)?.dueAtMs ?? null,
      );
    };
    expect(await due(now)).toEqual([now - 5_000, null, null, null, null]);
    expect(await due(now + minuteMs)).toEqual([now - 5_000, now + minuteMs, now + 1_000, null, null]);
  });

  test("settings carry what changed, under a new version each time; the limiter's cursor is kept for the fence that holds", async () => {
    const { partner, turn, dispatch, operations } = bench();
    const acme = await partner();
    const read = async () => (await dispatch.settings([acme.no], now))[0]!;
    const first = await read();
    expect(first).toMatchObject({
      id: acme.id,
      ratePerSecond: null,
      endpoints: [{ id: "main", version: 1 }],
      keys: [{ scheme: "v1", retiresAtMs: null }],
    });
    await operations.putPartner(
      acme.id,
      {
        name: "Acme",
        rate_per_second: 2.5,
        burst: 7,
        max_in_flight: 3,
        silent_after: null,
        max_backlog: null,
      },
      now,
    );
    const second = await read();
    expect(second).toMatchObject({ ratePerSecond: 2.5, burst: 7, maxInFlight: 3 });
    expect(second.version).toBeGreaterThan(first.version);
    expect((await turn(acme, now)).version).toBe(second.version);
    const { fence } = await turn(acme, now);
    await dispatch.saveCursors([{ partnerNo: acme.no, fence: fence - 1, cursorMs: 5 }]);
    await dispatch.saveCursors([{ partnerNo: acme.no, fence, cursorMs: now + 1_234.5 }]);
    expect((await turn(acme, now)).limiterCursorMs).toBe(now + 1_234.5);
  });
}

/** Recording: what becomes of a delivery, and who may say so. */
export function recordTests(bench: () => Bench): void {
  test("a retry waits until its time and counts; an end is final; every attempt is kept", async () => {
    const { partner, enqueue, turn, dispatch, operations, waiting } = bench();
    const acme = await partner();
    const [id] = await enqueue(acme, 1);
    const first = await turn(acme, now);
    await dispatch.record([retried(first, first.deliveries[0]!, now, now + minuteMs, 1)], false);
    expect((await turn(acme, now + minuteMs - 1)).deliveries).toEqual([]);
    const second = await turn(acme, now + minuteMs);
    expect(second.deliveries).toMatchObject([
      { id, attemptsMade: 1, clientErrors: 1, attemptsBefore: 0, dueAtMs: now + minuteMs },
    ]);
    expect(await operations.getDelivery(id!)).toMatchObject({
      state: "pending",
      last_status: 503,
      last_error: "status 503",
      attempts: [{ n: 1, status: 503 }],
    });
    await dispatch.record([ended(second, second.deliveries[0]!, now + minuteMs, 200)], false);
    expect(await waiting(acme)).toEqual([]);
    const view = await operations.getDelivery(id!);
    expect(view).toMatchObject({
      state: "delivered",
      reason: "accepted_by_partner",
      attempts_made: 2,
      last_status: 200,
      next_attempt_at: null,
    });
    expect(view?.finished_at).toBe(new Date(now + minuteMs).toISOString());
    expect(view?.attempts?.map(({ n, status, error }) => [n, status, error])).toEqual([
      [1, 503, "status 503"],
      [2, 200, undefined],
    ]);
  });

  test("a turn that was passed may say delivered, and nothing else", async () => {
    const { partner, enqueue, turn, dispatch, operations, waiting } = bench();
    const acme = await partner();
    const ids = await enqueue(acme, 3);
    const stale = await turn(acme, now);
    const holder = await turn(acme, now);
    const [delivered, dead, retry] = stale.deliveries;
    await dispatch.record(
      [
        ended(stale, delivered!, now, 200),
        ended(stale, dead!, now, 500),
        retried(stale, retry!, now, now + dayMs),
      ],
      false,
    );
    expect(
      (await turn(acme, now, { fence: holder.fence })).deliveries.map(({ id, attemptsMade }) => [
        id,
        attemptsMade,
      ]),
    ).toEqual([
      [ids[1], 0],
      [ids[2], 0],
    ]);
    expect(await waiting(acme)).toEqual(ids.slice(1));
    const attempts = await Promise.all(
      ids.map(async (id) => (await operations.getDelivery(id))?.attempts?.length),
    );
    expect(attempts).toEqual([1, 1, 1]);
  });

  test("recorded again after a lost answer, nothing is stored twice", async () => {
    const { partner, enqueue, turn, dispatch, operations, sql } = bench();
    const acme = await partner();
    const ids = await enqueue(acme, 2);
    const opened = await turn(acme, now);
    const outcomes = [
      ended(opened, opened.deliveries[0]!, now, 200),
      retried(opened, opened.deliveries[1]!, now, now + minuteMs),
    ];
    await dispatch.record(outcomes, false);
    await dispatch.record(outcomes, true);
    await dispatch.record(outcomes, true);
    const views = await Promise.all(ids.map((id) => operations.getDelivery(id)));
    expect(views.map((view) => [view?.state, view?.attempts_made, view?.attempts?.length])).toEqual([
      ["delivered", 1, 1],
      ["pending", 1, 1],
    ]);
    expect(
      await sql.query("select count(*)::int as n from postrider.finished where id = $1::text::uuid", [
        ids[0]!,
      ]),
    ).toEqual([{ n: 1 }]);
  });

  test("an end without a request (nothing was sent) stores no attempt", async () => {
    const { partner, enqueue, turn, dispatch, operations } = bench();
    const acme = await partner();
    const [id] = await enqueue(acme, 1);
    const { partnerNo, fence } = await turn(acme, now);
    const change = {
      kind: "finish",
      state: "dead",
      reason: "missing_macro",
      atMs: now,
      error: "data.click_id has no value",
    } as const;
    await dispatch.record([{ deliveryId: id!, partnerNo, fence, attempt: null, change }], false);
    expect(await operations.getDelivery(id!)).toMatchObject({
      state: "dead",
      reason: "missing_macro",
      attempts_made: 0,
      attempts: [],
      last_error: change.error,
    });
  });

  test("a delivery that is put back without an attempt keeps its place and its last answer", async () => {
    const { partner, enqueue, turn, dispatch, operations } = bench();
    const acme = await partner();
    const [answered] = await enqueue(acme, 1);
    const opened = await turn(acme, now);
    const [delivery] = opened.deliveries;
    await dispatch.record([retried(opened, delivery!, now, now)], false);
    const { last_status, attempts_made } = (await operations.getDelivery(answered!))!;
    expect([typeof last_status, attempts_made]).toEqual(["number", 1]);
    const [unsent, later] = (await enqueue(acme, 2)).filter((id) => id !== answered);
    for (const id of [answered!, unsent!]) {
      const outcome = retried(opened, { ...delivery!, id }, now, now);
      await dispatch.record([{ ...outcome, attempt: null }], false);
    }
    expect(await operations.getDelivery(answered!)).toMatchObject({ last_status, attempts_made });
    const { deliveries } = await turn(acme, now, { fence: opened.fence });
    expect(deliveries.map(({ id }) => id)).toEqual([unsent, later, answered]);
  });
}
