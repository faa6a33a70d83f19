import * as fc from "fast-check";
import { expect, test } from "vitest";
import { reasons } from "../../core/delivery.ts";
import { partnerDefaults } from "../../core/documents.ts";
import type { DeliveryFilter } from "../../ports/selection.ts";
import { type Bench, dayMs, ended, minuteMs, suiteNowMs as now } from "./bench.ts";
import { at, everything, fill, filters, matches, maybe, narrow, seed } from "./filters.ts";

/** Events and deliveries, as operators read them. */
export function readingTests(bench: () => Bench): void {
  test("pages put together are the whole list, newest first, for any filter; groups and replays count the same", async () => {
    const { operations } = bench();
    await fill(bench());
    const all = await everything(bench());
    expect(all.length).toBeGreaterThan(50);
    let matched = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(filters(all), narrow(all)),
        fc.integer({ min: 1, max: 30 }),
        async (filter, limit) => {
          const wanted = all.filter((delivery) => matches(filter, delivery)).map(({ id }) => id);
          const ids: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await operations.listDeliveries(filter, {
              limit,
              ...(cursor === undefined ? {} : { cursor }),
            });
            ids.push(...page.deliveries.map(({ id }) => id));
            cursor = page.next_cursor;
            expect(
              page.deliveries.length <= limit && (cursor === undefined || page.deliveries.length === limit),
            ).toBe(true);
          } while (cursor !== undefined);
          expect(ids).toEqual(wanted);
          expect(ids).toEqual(ids.toSorted().toReversed());
          const groups = await operations.groupDeliveries(filter);
          expect(groups.matched).toBe(wanted.length);
          expect(groups.groups.reduce((sum, { count }) => sum + count, 0)).toBe(wanted.length);
          matched += wanted.length;
        },
      ),
      { seed, numRuns: 150 },
    );
    expect(matched).toBeGreaterThan(500);
  });

  test("by the time of ending: pages put together are the whole list, the last to end first, for any filter", async () => {
    const { operations } = bench();
    await fill(bench());
    const all = await everything(bench());
    const ends = [...new Set(all.flatMap(({ finished_at }) => finished_at ?? []))];
    const undelivered = fc.constantFrom("dead", "expired", "cancelled", "suppressed");
    const asked = fc
      .tuple(
        fc.oneof(filters(all), narrow(all)),
        undelivered,
        maybe(...ends, at(now)),
        maybe(...ends, at(now)),
      )
      .map(
        ([{ reason, since: _since, until: _until, ...filter }, state, since, until]): DeliveryFilter => ({
          ...filter,
          time: "finished",
          state,
          ...(reason !== undefined && reasons[reason].state === state ? { reason } : {}),
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
        }),
      );
    let matched = 0;
    await fc.assert(
      fc.asyncProperty(asked, fc.integer({ min: 1, max: 10 }), async (filter, limit) => {
        const wanted = all
          .filter((delivery) => matches(filter, delivery))
          .map(({ finished_at, id }) => `${finished_at} ${id}`)
          .toSorted()
          .toReversed();
        const seen: string[] = [];
        for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
          const page = await operations.listDeliveries(filter, { limit, ...(cursor && { cursor }) });
          seen.push(...page.deliveries.map(({ finished_at, id }) => `${finished_at} ${id}`));
          cursor = page.next_cursor;
        }
        expect(seen).toEqual(wanted);
        expect((await operations.groupDeliveries(filter)).matched).toBe(wanted.length);
        matched += wanted.length;
      }),
      { seed, numRuns: 150 },
    );
    expect(matched).toBeGreaterThan(200);
  });

  test.each([
    {},
    { state: "delivered" },
    { state: "pending" },
    { reason: "accepted_by_partner" },
    { partner: "partner-1", since: at(now) },
  ] as const)("the time of ending is refused for what did not end, or was delivered: %o", async (keys) => {
    const filter = { ...keys, time: "finished" } as const;
    const { operations } = bench();
    const refusal = { code: "invalid_request", issues: [{ path: "time" }] };
    await expect(operations.listDeliveries(filter, { limit: 1 })).rejects.toMatchObject(refusal);
    await expect(operations.groupDeliveries(filter)).rejects.toMatchObject(refusal);
  });

  test("a name that nobody ever had is refused with the nearest; a deleted one stays askable", async () => {
    const { operations, partner, enqueue, finishAll, name, endpoint } = bench();
    const acme = await partner(["primary-endpoint"]);
    await enqueue(acme, 2);
    await finishAll(acme, now, 500);
    const other = name("somebody");
    const every = [
      (filter: DeliveryFilter) => operations.listDeliveries(filter, { limit: 1 }),
      (filter: DeliveryFilter) => operations.groupDeliveries(filter),
      (filter: DeliveryFilter) => operations.previewReplay(filter, now),
      (filter: DeliveryFilter) =>
        operations.createReplay({ filter, ratePerSecond: null, requestedBy: "x" }, now),
      (filter: DeliveryFilter) => operations.cancelDeliveries(filter, { dryRun: true }, now),
      (filter: DeliveryFilter) => operations.retryNow(filter, { dryRun: true }, now),
    ];
    for (const ask of every) {
      await expect(ask({ partner: other })).rejects.toMatchObject({ code: "not_found" });
      await expect(ask({ partner: acme.id.replace("partner", "partnre") })).rejects.toMatchObject({
        code: "not_found",
        hint: expect.stringMatching(/^Did you mean partner-\S+\? List the partners\.$/),
      });
      await expect(ask({ partner: acme.id, endpoint: "pirmary-endpoint" })).rejects.toMatchObject({
        code: "not_found",
        message: `The partner ${acme.id} has no endpoint pirmary-endpoint, and never had one.`,
        hint: expect.stringMatching(/^Did you mean primary-endpoint\?/),
      });
      await expect(ask({ endpoint: "pirmary-endpoint" })).rejects.toMatchObject({ code: "not_found" });
    }
    const dead = { partner: acme.id, endpoint: "primary-endpoint" };
    const typed = { partner: acme.id, endpoint: "pirmary-endpoint" };
    expect(await operations.nearestName(typed)).toBe("primary-endpoint");
    expect(await operations.nearestName({ partner: acme.id.replace("partner", "partnre") })).toMatch(
      /^partner-/,
    );
    expect(await operations.nearestName({ partner: acme.id, endpoint: "x" })).toBeNull();
    await operations.deletePartner(acme.id, now);
    expect(await operations.nearestName(typed)).toBeNull();
    for (const ask of every) await ask(dead);
    const [delivery] = (await operations.listDeliveries(dead, { limit: 1 })).deliveries;
    expect(delivery).toMatchObject({ endpoint_deleted: true, partner_deleted: true });
    // Made again, under the same ids: what the old ones left is never theirs.
    await operations.putPartner(acme.id, { name: "again", ...partnerDefaults }, now);
    await endpoint(acme.id, "primary-endpoint");
    expect((await operations.groupDeliveries(dead)).groups).toMatchObject([
      { ...dead, state: "dead", count: 2, endpoint_deleted: true, partner_deleted: true },
    ]);
  });

  test("where nothing is found, a type that no event has is said to be unknown, with the nearest", async () => {
    const { operations, partner, event, door } = bench();
    const acme = await partner();
    await door.accept([event(acme, { type: "purchase.order.settled" })], now);
    const note = async (type: string) => {
      const filter = { partner: acme.id, type };
      const answers = [
        await operations.listDeliveries(filter, { limit: 1 }),
        await operations.groupDeliveries(filter),
        await operations.previewReplay(filter, now),
        await operations.createReplay({ filter, ratePerSecond: null, requestedBy: "x" }, now),
        await operations.cancelDeliveries(filter, { dryRun: true }, now),
        (await operations.retryNow(filter, { dryRun: true }, now)).result,
      ];
      const [first] = answers;
      for (const answer of answers) expect(answer.note).toBe(first!.note);
      return first!.note;
    };
    const unknown = (what: string) => `No event of ${what} is in the ledger.`;
    expect(await note("purchase.order.setled")).toBe(
      `${unknown("the type purchase.order.setled")} Did you mean purchase.order.settled?`,
    );
    expect(await note("purchase.order")).toBe(
      `${unknown("the type purchase.order")} Did you mean purchase.order.*?`,
    );
    expect(await note("purchase.ordr.*")).toBe(
      `${unknown("a type that begins with purchase.ordr.")} Did you mean purchase.order.*?`,
    );
    expect(await note("no.such.type.at.all")).toBe(unknown("the type no.such.type.at.all"));
    for (const known of ["purchase.order.settled", "purchase.*", "*"])
      expect(await note(known)).toBeUndefined();
  });

  test("groups of what was deleted stand beside those of what has the name now", async () => {
    const { operations, partner, enqueue, finishAll, endpoint } = bench();
    const acme = await partner();
    for (const generation of [1, 2, 3]) {
      await enqueue(acme, generation);
      await finishAll(acme, now, 500);
      if (generation === 3) break;
      await operations.deleteEndpoint(acme.id, "main", now);
      await endpoint(acme.id, "main");
    }
    const { groups, matched } = await operations.groupDeliveries({ partner: acme.id });
    expect(matched).toBe(6);
    const [first, second] = groups;
    expect(groups).toHaveLength(2);
    expect([first?.count, second?.count, second?.endpoint_deleted]).toEqual([3, 3, true]);
    expect(first).not.toHaveProperty("endpoint_deleted");
    expect(second).not.toHaveProperty("partner_deleted");
  });

  test("an endpoint's name that many partners use: the newest of all of them, page by page", async () => {
    const { partner, enqueue, finishAll, operations } = bench();
    const partners = await Promise.all(Array.from({ length: 6 }, () => partner(["shared-name"])));
    for (let round = 0; round < 3; round++) {
      for (const [index, each] of partners.entries()) {
        const atMs = now - ((index * 7 + round * 5) % 11) * dayMs - index;
        await enqueue(each, 2, atMs);
        if (round < 2) await finishAll(each, now, (index + round) % 2 === 0 ? 200 : 500);
      }
    }
    const all = (await operations.listDeliveries({ endpoint: "shared-name" }, { limit: 500 })).deliveries;
    expect(all).toHaveLength(36);
    for (const state of [undefined, "delivered", "dead", "pending"] as const) {
      const filter = { endpoint: "shared-name", ...(state === undefined ? {} : { state }) };
      const wanted = all.filter((delivery) => state === undefined || delivery.state === state);
      for (const limit of [1, 2, 3, 4]) {
        const seen: string[] = [];
        for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
          const page = await operations.listDeliveries(filter, { limit, ...(cursor && { cursor }) });
          seen.push(...page.deliveries.map(({ id }) => id));
          cursor = page.next_cursor;
        }
        expect(seen).toEqual(wanted.map(({ id }) => id));
      }
    }
  });

  test("groups say who, how it ended and between which times, the largest first", async () => {
    const { operations, partner, enqueue, finishAll } = bench();
    const acme = await partner();
    await enqueue(acme, 2, now - dayMs);
    await enqueue(acme, 1, now);
    await finishAll(acme, now, 500);
    await enqueue(acme, 1, now);
    await finishAll(acme, now, 404);
    await enqueue(acme, 4, now);
    const group = { partner: acme.id, endpoint: "main" };
    const dead = { ...group, state: "dead", reason: "retries_exhausted" };
    expect((await operations.groupDeliveries(group)).groups).toEqual([
      {
        ...group,
        state: "pending",
        reason: null,
        last_error: null,
        last_status: null,
        count: 4,
        oldest_accepted_at: at(now),
        newest_accepted_at: at(now),
      },
      {
        ...dead,
        last_error: "status 500",
        last_status: 500,
        count: 3,
        oldest_accepted_at: at(now - dayMs),
        newest_accepted_at: at(now),
      },
      {
        ...dead,
        last_error: "status 404",
        last_status: 404,
        count: 1,
        oldest_accepted_at: at(now),
        newest_accepted_at: at(now),
      },
    ]);
  });

  test("an event shows its deliveries with their attempts, in whatever table they are", async () => {
    const { operations, partner, event, door, turn, dispatch } = bench();
    const acme = await partner(["main", "second"]);
    const one = event(acme, {
      data_text: '{"n":1.50}',
      schema_version: 3,
      occurred_at: "2026-03-04T11:00:00+02:00",
    });
    await door.accept([one], now);
    const opened = await turn(acme, now);
    await dispatch.record([ended(opened, opened.deliveries[0]!, now, 500)], false);
    const view = await operations.getEvent(one.event_id);
    expect(view).toMatchObject({
      event_id: one.event_id,
      schema_version: 3,
      occurred_at: "2026-03-04T09:00:00.000Z",
      accepted_at: new Date(now).toISOString(),
      partner: null,
      data: { n: 1.5 },
      data_text: '{"n":1.50}',
    });
    const [delivery] = view!.deliveries;
    expect((await operations.getDelivery(delivery!.id))?.data_text).toBe('{"n":1.50}');
    expect(view?.deliveries.map(({ state, attempts }) => [state, attempts?.length]).toSorted()).toEqual([
      ["dead", 1],
      ["pending", 0],
    ]);
    expect(await operations.getEvent("no-such")).toBeNull();
    expect(await operations.getDelivery("no-such")).toBeNull();
  });

  test.each(["x", "AAAA", Buffer.from("' or true").toString("base64url")])(
    "a cursor that no page gave is refused: %s",
    async (cursor) => {
      await expect(bench().operations.listDeliveries({}, { limit: 1, cursor })).rejects.toMatchObject({
        code: "invalid_request",
      });
    },
  );

  test("the backlog counts what waits, the partners with most first", async () => {
    const { operations, partner, enqueue } = bench();
    const [acme, bolt] = [await partner(["main", "second"]), await partner()];
    await enqueue(acme, 30, now - minuteMs);
    await enqueue(bolt, 40, now);
    const { pending, oldestDueMs, partners } = await operations.backlog(now, 2);
    expect(partners).toEqual([
      { partner: acme.id, pending: 60, oldestDueMs: now - minuteMs },
      { partner: bolt.id, pending: 40, oldestDueMs: now },
    ]);
    expect(pending).toBe((await operations.conservation()).pending);
    expect(oldestDueMs).toBeLessThanOrEqual(now - minuteMs);
  });

  test("what an operator or a 410 paused is counted, and its age is not: a resume ends that wait, not time", async () => {
    const { operations, partner, enqueue, dispatch } = bench();
    const longAgo = now - 1_000 * minuteMs;
    const [acme, bolt] = [await partner(["main", "gone"]), await partner()];
    await enqueue(acme, 45, longAgo);
    await enqueue(bolt, 70, longAgo);
    const pausedBefore = await operations.pausedEndpoints();
    await dispatch.hold([
      { endpointNo: (await dispatch.locate(acme.id, "gone"))!.endpointNo, untilMs: null, note: "status 410" },
    ]);
    await operations.setPartnerState(bolt.id, "paused", now);
    const aged = async () => (await operations.backlog(now, 2)).partners;
    expect(await aged()).toEqual([
      { partner: acme.id, pending: 90, oldestDueMs: longAgo },
      { partner: bolt.id, pending: 70, oldestDueMs: null },
    ]);
    expect(await operations.pausedEndpoints()).toBe(pausedBefore + 1);
    await dispatch.hold([
      { endpointNo: (await dispatch.locate(acme.id, "main"))!.endpointNo, untilMs: null, note: "status 410" },
    ]);
    expect(await aged()).toMatchObject([{ oldestDueMs: null }, { oldestDueMs: null }]);
    await operations.setPartnerState(bolt.id, "active", now);
    expect((await aged())[1]).toMatchObject({ partner: bolt.id, oldestDueMs: longAgo });
  });
}
