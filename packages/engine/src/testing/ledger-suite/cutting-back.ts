import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import type { Circuit } from "../../core/breaker.ts";
import { type Bench, dayMs, minuteMs, retried, suiteNowMs as now, type TestPartner } from "./bench.ts";

const hourMs = 60 * minuteMs;

/** What lies further ahead than its own rule could have put it. Registered for every ledger. */
export function cuttingBackTests(bench: () => Bench): void {
  const dueIn = async (of: TestPartner) => {
    const rows = await bench().sql.query<{ ms: number }>(
      "select extract(epoch from due_at)::float8 * 1000 as ms from postrider.pending where partner_no = $1::int order by id",
      [of.no],
    );
    return rows.map(({ ms }) => Math.round(ms - now));
  };
  const claimable = async (of: TestPartner, atMs = now) => (await bench().turn(of, atMs)).deliveries.length;
  const holdMs = async (of: TestPartner) => {
    const [row] = await bench().sql.query<{ ms: number }>(
      "select extract(epoch from max(held_until))::float8 * 1000 as ms from postrider.endpoints where partner_no = $1::int",
      [of.no],
    );
    return Math.round(row!.ms - now);
  };
  const endpointNo = async (of: TestPartner) => {
    const [row] = await bench().sql.query<{ n: number }>(
      "select endpoint_no as n from postrider.endpoints where partner_no = $1::int",
      [of.no],
    );
    return row!.n;
  };

  test.each([
    ["of an attempt a day ahead comes as long after now as it was meant to", 1, dayMs + 5_000, 5_000],
    ["of an attempt ten minutes ahead too", 1 / 144, 10 * minuteMs + 5_000, 5_000],
    ["of an attempt a year ahead too", 365, 365 * dayMs + 2 * hourMs, 2 * hourMs],
    ["that is late by less than its own wait stays", 1 / 144, 3 * hourMs, 3 * hourMs],
    ["that nothing explains comes with the longest wait of the endpoint", 0, 30 * dayMs, dayMs],
    ["with the longest wait of the endpoint stays", 0, dayMs, dayMs],
    ["of an hour stays", 0, hourMs, hourMs],
  ])("a retry %s", async (_, attemptDays, dueMs, expectedMs) => {
    const { partner, enqueue, turn, dispatch } = bench();
    const acme = await partner();
    await enqueue(acme, 2);
    const opened = await turn(acme, now);
    const outcomes = opened.deliveries.map((delivery) =>
      retried(opened, delivery, now + attemptDays * dayMs, now + dueMs),
    );
    await dispatch.record(outcomes, false);
    const changed = await dispatch.cutBack(now);
    expect(await dueIn(acme)).toEqual([expectedMs, expectedMs]);
    expect(changed).toBe(expectedMs === dueMs ? 0 : 2);
    expect(await dispatch.cutBack(now)).toBe(0);
    // The index still finds them.
    expect(await claimable(acme, now + expectedMs)).toBe(2);
  });

  test("the endpoint's own document says what its longest wait is", async () => {
    const { partner, enqueue, turn, dispatch, operations } = bench();
    const acme = await partner();
    const retry = {
      ...endpointDefaults.retry,
      schedule: ["5s", "28h"],
      client_error_schedule: [],
      retry_after_max: "1m",
    };
    const document = {
      ...endpointDefaults,
      url: "https://partner.example/",
      body: "envelope" as const,
      events: [`${acme.id}.*`],
    };
    await operations.putEndpoint(acme.id, "main", { ...document, retry }, now);
    await enqueue(acme, 1);
    const opened = await turn(acme, now);
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + 30 * hourMs)], false);
    expect(await dispatch.cutBack(now)).toBe(1);
    expect(await dueIn(acme)).toEqual([28 * hourMs]);
  });

  test("what an application asked for is not touched, however far ahead, and neither is what waits for its order", async () => {
    const { partner, event, door, dispatch, operations } = bench();
    const acme = await partner();
    await operations.putEndpoint(
      acme.id,
      "main",
      {
        ...endpointDefaults,
        url: "https://partner.example/",
        body: "envelope",
        events: [`${acme.id}.*`],
        order: { max_hold: "3h" },
      },
      now,
    );
    const notBefore = new Date(now + 300 * dayMs).toISOString();
    await door.accept(
      [
        event(acme, { not_before: notBefore }),
        event(acme, { not_before: notBefore, order_key: "a" }),
        event(acme, { order_key: "b" }),
        event(acme, { order_key: "b" }),
      ],
      now,
    );
    const before = await dueIn(acme);
    expect(before).toEqual([300 * dayMs, 300 * dayMs, 0, 3 * hourMs]);
    expect(await dispatch.cutBack(now)).toBe(0);
    expect(await dueIn(acme)).toEqual(before);
  });

  test("events that were accepted at a time that is not yet are due now, and their expiry comes back with them", async () => {
    const { partner, event, door, dispatch, turn } = bench();
    const acme = await partner();
    const aheadMs = now + 10 * minuteMs;
    const later = new Date(aheadMs + 5 * hourMs).toISOString();
    await door.accept(
      [event(acme), event(acme, { expires_after: "60s" }), event(acme, { not_before: later })],
      aheadMs,
    );
    expect(await dispatch.cutBack(now)).toBe(2);
    expect(await dueIn(acme)).toEqual([0, 0, 5 * hourMs + 10 * minuteMs]);
    const { deliveries } = await turn(acme, now);
    expect(deliveries.map(({ enqueuedAtMs, expiresAtMs }) => [enqueuedAtMs, expiresAtMs])).toEqual([
      [now, null],
      [now, now + 60_000],
    ]);
  });

  test("a hold beyond what the endpoint's document allows ends, with its circuit's wait; one within stays", async () => {
    const { partner, enqueue, turn, dispatch, sql } = bench();
    const [far, near] = [await partner(), await partner()];
    const circuit: Circuit = {
      state: "open",
      openedAtMs: now,
      sinceMs: now,
      failingSinceMs: now,
      failures: 10,
      waitMs: 5_000,
      probeAtMs: now + 2 * dayMs,
      ramp: null,
      mark: 0,
      refusals: null,
    };
    for (const [of, untilMs] of [
      [far, now + 2 * dayMs],
      [near, now + dayMs],
    ] as const) {
      await enqueue(of, 1);
      const no = await endpointNo(of);
      const { fence } = await turn(of, now);
      await dispatch.hold([{ endpointNo: no, untilMs, note: "held" }]);
      const [row] = await sql.query<{ circuit_no: number }>(
        "select circuit_no from postrider.endpoints where endpoint_no = $1::int",
        [no],
      );
      const circuitNo = row!.circuit_no;
      await dispatch.saveCircuits([{ partnerNo: of.no, fence, endpointNo: no, circuitNo, circuit }]);
    }
    expect(await dispatch.cutBack(now)).toBe(1);
    expect([await holdMs(far), await holdMs(near)]).toEqual([0, dayMs]);
    expect([await claimable(far), await claimable(near)]).toEqual([1, 0]);
    const rows = await sql.query<{ ms: number }>(
      "select probe_at_ms as ms from postrider.circuits where partner_no in ($1::int, $2::int) order by partner_no",
      [far.no, near.no],
    );
    expect(rows.map(({ ms }) => ms - now)).toEqual([0, 2 * dayMs]);
  });

  test("by a time that is over nothing is brought back, and two that do it at once bring back the same once", async () => {
    const { partner, enqueue, dispatch, sql } = bench();
    const acme = await partner();
    await enqueue(acme, 1);
    const day = "interval '1 day'";
    await sql.query(
      `update postrider.pending set due_at = due_at + ${day}, enqueued_at = enqueued_at + ${day}, lane = 2 where endpoint_no = $1::int`,
      [await endpointNo(acme)],
    );
    expect(await dispatch.cutBack(now, 60_000)).toBe(0);
    const all = await Promise.all([dispatch.cutBack(now), dispatch.cutBack(now), dispatch.cutBack(now)]);
    expect(all.reduce((sum, n) => sum + n, 0)).toBe(1);
    const [row] = await sql.query<{ ms: number }>(
      "select extract(epoch from enqueued_at)::float8 * 1000 as ms from postrider.pending where endpoint_no = $1::int",
      [await endpointNo(acme)],
    );
    expect(row!.ms).toBe(now);
  });

  test("a replay whose pace lies a day ahead goes on at its rate", async () => {
    const { partner, enqueue, finishAll, operations, dispatch, sql } = bench();
    const acme = await partner();
    await enqueue(acme, 5);
    await finishAll(acme, now);
    const { replay } = await operations.createReplay(
      { filter: { partner: acme.id }, ratePerSecond: 1, requestedBy: "test" },
      now,
    );
    await sql.query("update postrider.replays set limiter_cursor_ms = $2::float8 where id = $1::uuid", [
      replay.replay_id,
      now + dayMs,
    ]);
    const back = async (atMs: number) => {
      await dispatch.advanceReplays(100, atMs);
      return (await dueIn(acme)).length;
    };
    expect([
      await back(now),
      await back(now + 999),
      await back(now + 1_000),
      await back(now + 4_000),
    ]).toEqual([1, 1, 2, 5]);
  });
}

/** The same of leases and signs of life, where processes share the ledger. */
export function sharedCuttingBackTests(bench: () => Bench): void {
  test("a lease that was given before the server's clock was set back lasts for one lease more, and somebody is rung for it", async () => {
    const { partner, enqueue, neighbours, sql } = bench();
    const [one, other] = neighbours!;
    const acme = await partner();
    await enqueue(acme, 1);
    const claim = async (by: typeof one) =>
      (await by.claim([{ partnerNo: acme.no, fence: null, limit: 1, busyIds: [] }], [], now))[0]!;
    expect(await claim(one)).toMatchObject({ standing: "held" });
    expect(await other.duePartners(now)).not.toContainEqual(expect.objectContaining({ partnerNo: acme.no }));
    await sql.query(
      "update postrider.partner_runtime set held_until = held_until + interval '1 hour' where partner_no = $1::int",
      [acme.no],
    );
    expect(await other.duePartners(now)).toContainEqual(expect.objectContaining({ partnerNo: acme.no }));
    // Whoever held it may still send by it: nobody takes it at once.
    let claimed = await claim(other);
    expect(claimed.standing).toBe("elsewhere");
    while (claimed.standing !== "held") claimed = await claim(other);
    expect(claimed.fence).toBe(2);
  });

  test("a process whose last sign of life lies ahead is not alive, and does not keep another from being the first", async () => {
    const { neighbours, sql } = bench();
    const [gone, lives] = neighbours!;
    const sign = { busy: 0, dispatches: true, skewMs: null, conditions: [] };
    await gone.attend(sign);
    expect(await lives.attend(sign)).toMatchObject({ alive: 2, first: false });
    await sql.query("update postrider.processes set seen_at = seen_at + interval '30 minutes'");
    expect(await lives.attend(sign)).toMatchObject({ alive: 1, first: true });
    expect(await lives.processes()).toHaveLength(1);
    for (const process of [gone, lives]) await process.leave();
  });

  test("a process that does not dispatch is listed, and is neither counted nor first", async () => {
    const { neighbours } = bench();
    const [accepts, dispatches] = neighbours!;
    const condition = { name: "clock_off", message: 'It is "off".', sinceMs: now } as const;
    const sign = { busy: 0.5, dispatches: false, skewMs: -12.5, conditions: [condition] };
    expect(await accepts.attend(sign)).toMatchObject({ alive: 0, first: false, idlest: null });
    expect(await dispatches.attend({ ...sign, dispatches: true, conditions: [] })).toMatchObject({
      alive: 1,
      first: true,
      idlest: null,
    });
    expect(await dispatches.processes()).toMatchObject([
      { dispatches: false, skewMs: -12.5, conditions: [condition], version: null, roles: [] },
      { dispatches: true, conditions: [] },
    ]);
    for (const process of [accepts, dispatches]) await process.leave();
    expect(await dispatches.processes()).toEqual([]);
  });
}
