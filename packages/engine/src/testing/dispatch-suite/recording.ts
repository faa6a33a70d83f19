import { expect, test } from "vitest";
import {
  claimOf,
  dayMs,
  type DispatchSubject,
  ended,
  minuteMs,
  retried,
  suiteNowMs as now,
} from "./subject.ts";

/** Recording: what becomes of a delivery and of a turn, and who may say so. */
export function recordTests(subject: () => DispatchSubject): void {
  test("a retry waits until its time and counts; an end is final; every attempt is kept", async () => {
    const acme = await subject().makePartner();
    const [id] = await subject().enqueue(acme, 1);
    const first = await claimOf(subject(), acme, now);
    await subject().ledger.record([retried(first, first.deliveries[0]!, now, now + minuteMs, 1)], false);
    expect((await claimOf(subject(), acme, now + minuteMs - 1)).deliveries).toEqual([]);
    const second = await claimOf(subject(), acme, now + minuteMs);
    expect(second.deliveries).toMatchObject([
      { id, attemptsMade: 1, clientErrors: 1, attemptsBefore: 0, dueAtMs: now + minuteMs },
    ]);
    expect(await subject().read(id!)).toMatchObject({
      state: "pending",
      last_status: 503,
      last_error: "status 503",
      attempts: [{ n: 1, status: 503 }],
    });
    await subject().ledger.record([ended(second, second.deliveries[0]!, now + minuteMs, 200)], false);
    expect(await subject().waiting(acme)).toEqual([]);
    const view = await subject().read(id!);
    expect(view).toMatchObject({
      state: "delivered",
      reason: "accepted_by_partner",
      attempts_made: 2,
      last_status: 200,
      next_attempt_at: null,
    });
    expect(view.finished_at).toBe(new Date(now + minuteMs).toISOString());
    expect(view.attempts.map(({ n, status, error }) => [n, status, error])).toEqual([
      [1, 503, "status 503"],
      [2, 200, undefined],
    ]);
  });

  test("a turn that was passed may say delivered, and nothing else", async () => {
    const acme = await subject().makePartner();
    const ids = await subject().enqueue(acme, 3);
    const stale = await claimOf(subject(), acme, now);
    const holder = await claimOf(subject(), acme, now);
    const [delivered, dead, retry] = stale.deliveries;
    await subject().ledger.record(
      [
        ended(stale, delivered!, now, 200),
        ended(stale, dead!, now, 500),
        retried(stale, retry!, now, now + dayMs),
      ],
      false,
    );
    expect(
      (await claimOf(subject(), acme, now, { fence: holder.fence })).deliveries.map(
        ({ id, attemptsMade }) => [id, attemptsMade],
      ),
    ).toEqual([
      [ids[1], 0],
      [ids[2], 0],
    ]);
    expect(await subject().waiting(acme)).toEqual(ids.slice(1));
    const attempts = await Promise.all(ids.map(async (id) => (await subject().read(id)).attempts.length));
    expect(attempts).toEqual([1, 1, 1]);
  });

  test("recorded again after a lost answer, nothing is stored twice", async () => {
    const acme = await subject().makePartner();
    const ids = await subject().enqueue(acme, 2);
    const opened = await claimOf(subject(), acme, now);
    const outcomes = [
      ended(opened, opened.deliveries[0]!, now, 200),
      retried(opened, opened.deliveries[1]!, now, now + minuteMs),
    ];
    await subject().ledger.record(outcomes, false);
    await subject().ledger.record(outcomes, true);
    await subject().ledger.record(outcomes, true);
    const views = await Promise.all(ids.map((id) => subject().read(id)));
    expect(views.map((view) => [view.state, view.attempts_made, view.attempts.length])).toEqual([
      ["delivered", 1, 1],
      ["pending", 1, 1],
    ]);
  });

  test("an end without a request (nothing was sent) stores no attempt", async () => {
    const acme = await subject().makePartner();
    const [id] = await subject().enqueue(acme, 1);
    const { partnerNo, fence } = await claimOf(subject(), acme, now);
    const change = {
      kind: "finish",
      state: "dead",
      reason: "missing_macro",
      atMs: now,
      error: "data.click_id has no value",
    } as const;
    await subject().ledger.record([{ deliveryId: id!, partnerNo, fence, attempt: null, change }], false);
    expect(await subject().read(id!)).toMatchObject({
      state: "dead",
      reason: "missing_macro",
      attempts_made: 0,
      attempts: [],
      last_error: change.error,
    });
  });

  test("a delivery that is put back without an attempt keeps its place and its last answer", async () => {
    const acme = await subject().makePartner();
    const [answered] = await subject().enqueue(acme, 1);
    const opened = await claimOf(subject(), acme, now);
    const [delivery] = opened.deliveries;
    await subject().ledger.record([retried(opened, delivery!, now, now)], false);
    const { last_status, attempts_made } = await subject().read(answered!);
    expect([typeof last_status, attempts_made]).toEqual(["number", 1]);
    const [unsent, later] = (await subject().enqueue(acme, 2)).filter((id) => id !== answered);
    for (const id of [answered!, unsent!]) {
      const outcome = retried(opened, { ...delivery!, id }, now, now);
      await subject().ledger.record([{ ...outcome, attempt: null }], false);
    }
    expect(await subject().read(answered!)).toMatchObject({ last_status, attempts_made });
    const { deliveries } = await claimOf(subject(), acme, now, { fence: opened.fence });
    expect(deliveries.map(({ id }) => id)).toEqual([unsent, later, answered]);
  });

  test("an attempt that takes no step of the ladder is recorded and numbered, once", async () => {
    const acme = await subject().makePartner();
    const [id] = await subject().enqueue(acme, 1);
    const opened = await claimOf(subject(), acme, now);
    const outcome = retried(opened, opened.deliveries[0]!, now, now);
    const probe = { ...outcome, change: { ...outcome.change, attemptsBefore: 1 } } as typeof outcome;
    await subject().ledger.record([probe], false);
    await subject().ledger.record([probe], true);
    expect((await claimOf(subject(), acme, now)).deliveries).toMatchObject([
      { id, attemptsMade: 1, attemptsBefore: 1 },
    ]);
    expect((await subject().read(id!)).attempts).toHaveLength(1);
  });

  test("the limiter's cursor is kept for the fence that holds, while the turn goes on and when it is given back", async () => {
    const { ledger, makePartner } = subject();
    const acme = await makePartner();
    const { fence } = await claimOf(subject(), acme, now);
    const save = (of: number, cursorMs: number) =>
      ledger.saveCursors([{ partnerNo: acme.no, fence: of, cursorMs }]);
    expect(await save(fence - 1, 5)).toEqual([]);
    expect(await save(fence, now + 1_234.5)).toEqual([acme.no]);
    const next = await claimOf(subject(), acme, now);
    expect(next.limiterCursorMs).toBe(now + 1_234.5);
    const close = (of: number, cursorMs: number | null) =>
      ledger.closeTurns([{ partnerNo: acme.no, fence: of, cursorMs }]);
    await close(fence, 5);
    expect((await claimOf(subject(), acme, now, { fence: next.fence })).limiterCursorMs).toBe(now + 1_234.5);
    expect(await close(next.fence, now + 5_000)).toEqual([]);
    const last = await claimOf(subject(), acme, now);
    expect(last.limiterCursorMs).toBe(now + 5_000);
    await close(last.fence, null);
    expect((await claimOf(subject(), acme, now)).limiterCursorMs).toBe(now + 5_000);
  });

  test("of two holds the longer one counts, and a pause outlasts both", async () => {
    const { ledger, makePartner, enqueue } = subject();
    const acme = await makePartner();
    await enqueue(acme, 1);
    const endpointNo = (await ledger.settings([acme.no], now))[0]!.endpoints[0]!.endpointNo;
    const hold = (untilMs: number | null) => ledger.hold([{ endpointNo, untilMs, note: "asked to wait" }]);
    const due = async (atMs: number) => (await claimOf(subject(), acme, atMs)).deliveries.length;
    await hold(now + 2 * minuteMs);
    await hold(now + minuteMs);
    expect([await due(now + minuteMs), await due(now + 2 * minuteMs)]).toEqual([0, 1]);
    await hold(null);
    await hold(now + minuteMs);
    expect(await due(now + dayMs)).toBe(0);
  });
}
