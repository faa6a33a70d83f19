import { expect, test } from "vitest";
import { endpointDefaults } from "../../core/documents.ts";
import { type Bench, dayMs, minuteMs, retried, suiteNowMs as now, type TestPartner } from "./bench.ts";
import { orderedPartner } from "./timing.ts";

/** Waiting retries that an operator sends now. */
export function retryTests(bench: () => Bench): void {
  const retryNow = (filter: object, dryRun = false, atMs = now) =>
    bench().operations.retryNow(filter, { dryRun }, atMs);

  /** Deliveries whose first attempt failed, each waiting an hour or more. */
  async function failing(count: number, given?: TestPartner): Promise<[TestPartner, string[]]> {
    const { partner, enqueue, turn, dispatch } = bench();
    const acme = given ?? (await partner());
    await enqueue(acme, count);
    const opened = await turn(acme, now);
    await dispatch.record(
      opened.deliveries.map((delivery, n) => retried(opened, delivery, now, now + dayMs + n, 1)),
      false,
    );
    return [acme, opened.deliveries.map(({ id }) => id)];
  }

  test("become due with the steps they had; a dry run only counts, and a second call changes nothing", async () => {
    const { operations, turn, dispatch } = bench();
    const [acme, ids] = await failing(3);
    const selected = { matched: 3, skipped: [], waiting: [] };
    const group = { partner: acme.id, endpoint: "main", state: "pending", last_status: 503, count: 3 };
    expect(await retryNow({ partner: acme.id }, true)).toMatchObject({
      result: { ...selected, groups: [group], retried: 0 },
      partnerNos: [],
    });
    expect((await turn(acme, now)).deliveries).toEqual([]);
    expect(await retryNow({ partner: acme.id, type: `${acme.id}.*` })).toMatchObject({
      result: { ...selected, groups: [group], retried: 3 },
      partnerNos: [acme.no],
    });
    expect(await retryNow({ partner: acme.id }, false, now + 1)).toEqual({
      result: {
        matched: 0,
        groups: [],
        skipped: [{ cause: "already_due", count: 3 }],
        waiting: [],
        due_waiting: [],
        retried: 0,
      },
      partnerNos: [],
    });
    const opened = await turn(acme, now);
    expect(opened.deliveries.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    for (const delivery of opened.deliveries) {
      expect(delivery).toMatchObject({ attemptsMade: 1, attemptsBefore: 0, clientErrors: 1, dueAtMs: now });
    }
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + minuteMs)], false);
    expect(await operations.getDelivery(opened.deliveries[0]!.id)).toMatchObject({
      attempts_made: 2,
      next_attempt_at: new Date(now + minuteMs).toISOString(),
    });
  });

  test("by ids; what ended, is unknown or in flight is left alone", async () => {
    const { turn, dispatch, finishAll, enqueue } = bench();
    const [acme, ids] = await failing(2);
    await enqueue(acme, 1);
    const [ended] = await finishAll(acme, now);
    await enqueue(acme, 1);
    const opened = await turn(acme, now);
    const inFlight = opened.deliveries[0]!;
    const named = { delivery_ids: [ids[0]!, ids[0]!, ended!.id, inFlight.id, "no-id"] };
    expect((await retryNow(named)).result).toMatchObject({
      matched: 1,
      retried: 1,
      skipped: [{ cause: "already_due", count: 1 }],
    });
    await dispatch.record([retried(opened, inFlight, now, now + dayMs)], false);
    expect((await turn(acme, now)).deliveries.map(({ id }) => id)).toEqual([ids[0]]);
  });

  test("an event's own not_before and the order of its key are not overridden, and counted", async () => {
    const { door, event, turn, dispatch } = bench();
    const acme = await orderedPartner(bench());
    const [first, second, third] = ["a", "a", "a"].map((order_key) => event(acme, { order_key }));
    const later = event(acme, { not_before: new Date(now + minuteMs).toISOString() });
    await door.accept([first!, second!, third!, later], now);
    const opened = await turn(acme, now);
    await dispatch.record([retried(opened, opened.deliveries[0]!, now, now + dayMs)], false);
    expect((await retryNow({ partner: acme.id })).result).toMatchObject({
      matched: 1,
      retried: 1,
      skipped: [
        { cause: "behind_order_key", count: 2 },
        { cause: "not_before", count: 1 },
      ],
    });
    expect((await turn(acme, now)).deliveries).toMatchObject([{ eventId: first!.event_id }]);
    // Once its own time has come it is due by itself.
    expect((await retryNow({ event_id: later.event_id }, false, now + minuteMs)).result).toMatchObject({
      matched: 0,
      skipped: [{ cause: "already_due", count: 1 }],
    });
  });

  test("what holds the endpoint or the partner goes on holding, and is named", async () => {
    const { operations, turn, sql, partner } = bench();
    const acme = await partner(["main", "open", "held", "gone", "off"]);
    await failing(1, acme);
    const set = (id: string, what: string) =>
      sql.query(`update postrider.endpoints set ${what} where partner_no = $1::int and id = $2`, [
        acme.no,
        id,
      ]);
    await set("held", "held_until = to_timestamp(4102444800)");
    await set("gone", "paused_at = now()");
    await sql.query(
      `insert into postrider.circuits (endpoint_no, partner_no, circuit_no, state, opened_at_ms, since_ms, failures, wait_ms, probe_at_ms, mark)
       select endpoint_no, partner_no, circuit_no, 'open', 0, 0, 5, 1000, 4102444800000, 0 from postrider.endpoints where partner_no = $1::int and id = 'open'`,
      [acme.no],
    );
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
    const causes = ["circuit_open", "endpoint_disabled", "endpoint_held", "endpoint_paused"];
    expect((await retryNow({ partner: acme.id })).result).toMatchObject({
      matched: 5,
      retried: 5,
      waiting: causes.map((cause) => ({ cause, count: 1 })),
      due_waiting: [],
    });
    // They are due now, and held back all the same: that is named too.
    expect((await retryNow({ partner: acme.id })).result).toMatchObject({
      matched: 0,
      skipped: [{ cause: "already_due", count: 5 }],
      waiting: [],
      due_waiting: causes.map((cause) => ({ cause, count: 1 })),
    });
    expect((await retryNow({ partner: acme.id, endpoint: "main" }, true)).result.due_waiting).toEqual([]);
    // Circuits are the turn's own matter; the others are not even claimed.
    expect((await turn(acme, now)).deliveries).toHaveLength(2);
    await operations.setPartnerState(acme.id, "paused", now);
    const [bolt] = await failing(1);
    await operations.setPartnerState(bolt.id, "paused", now);
    expect((await retryNow({ partner: bolt.id })).result).toMatchObject({
      retried: 1,
      waiting: [{ cause: "partner_paused", count: 1 }],
    });
  });

  test.each([
    {},
    { state: "pending" },
    { partner: "x", state: "dead" },
    { partner: "x", reason: "rejected" },
    { partner: "x", time: "finished" },
  ])("a filter that names nothing, or what does not wait, is refused: %o", async (filter) => {
    await expect(retryNow(filter)).rejects.toMatchObject({ code: "invalid_request" });
  });

  test("more than a page, beside a recorder at work on the same rows: each once, none lost", async () => {
    const { operations, turn, dispatch, partner, enqueue, waiting } = bench();
    const acme = await partner();
    await enqueue(acme, 6_000);
    const opened = await turn(acme, now, { limit: 6_000 });
    const outcomes = opened.deliveries.map((delivery) => retried(opened, delivery, now, now + dayMs));
    await dispatch.record(outcomes.slice(1_000), false);
    const [{ result }] = await Promise.all([
      retryNow({ partner: acme.id }),
      dispatch.record(outcomes.slice(0, 1_000), false),
    ]);
    expect(result.retried).toBeGreaterThanOrEqual(5_000);
    await retryNow({ partner: acme.id });
    expect(await waiting(acme)).toHaveLength(6_000);
    expect((await turn(acme, now, { limit: 10_000 })).deliveries).toHaveLength(6_000);
    expect(await operations.conservation()).toMatchObject({ drift: 0 });
  });
}
