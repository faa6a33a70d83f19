import { expect, test } from "vitest";
import { type Bench, ended, minuteMs, retried, suiteNowMs as now } from "./bench.ts";

/** Claiming: who may send what, and in which order. */
export function claimTests(bench: () => Bench): void {
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
}

/** Recording: what becomes of a delivery, and who may say so. */
export function recordTests(bench: () => Bench): void {
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
}
