import { expect, test } from "vitest";
import {
  claimOf,
  type DispatchSubject,
  endpointNoOf,
  ended,
  minuteMs,
  retried,
  suiteNowMs as now,
  type TestPartner,
} from "./subject.ts";

/** Claiming: who may send what, and in which order. */
export function claimTests(subject: () => DispatchSubject): void {
  const idsOf = async (...given: [Parameters<typeof claimOf>[1], number, Parameters<typeof claimOf>[3]?]) =>
    (await claimOf(subject(), ...given)).deliveries.map(({ id }) => id);

  test("each turn takes the next fence; the fence before it gets nothing more", async () => {
    const acme = await subject().makePartner();
    await subject().enqueue(acme, 2);
    const first = await claimOf(subject(), acme, now, { limit: 1 });
    expect(first).toMatchObject({
      standing: "held",
      deliveries: [{ attemptsMade: 0, attemptsBefore: 0, acceptedAtMs: now, enqueuedAtMs: now }],
    });
    expect(await claimOf(subject(), acme, now, { fence: first.fence })).toMatchObject({
      standing: "held",
      fence: first.fence,
    });
    const second = await claimOf(subject(), acme, now);
    expect(second.fence).toBe(first.fence + 1);
    expect(await claimOf(subject(), acme, now, { fence: first.fence })).toMatchObject({
      standing: "elsewhere",
      deliveries: [],
    });
  });

  test("first attempts go before retries, by due time within each; busy and future ones are left out", async () => {
    const acme = await subject().makePartner();
    const [retriedId] = await subject().enqueue(acme, 1, now - 2_000);
    const before = await claimOf(subject(), acme, now - 2_000);
    await subject().ledger.record([retried(before, before.deliveries[0]!, now - 2_000, now - 1_000)], false);
    const fresh = (await subject().enqueue(acme, 3, now)).slice(-3);
    await subject().enqueue(acme, 1, now + minuteMs);
    expect(await idsOf(acme, now)).toEqual([...fresh, retriedId]);
    expect(await idsOf(acme, now, { limit: 2 })).toEqual(fresh.slice(0, 2));
    expect(await idsOf(acme, now, { busy: [fresh[0]!, retriedId!] })).toEqual(fresh.slice(1));
    expect(await idsOf(acme, now + minuteMs)).toHaveLength(5);
  });

  test("what the recorder set aside is left out, of whichever partner", async () => {
    const [acme, bolt] = [await subject().makePartner(), await subject().makePartner()];
    const [aside] = await subject().enqueue(acme, 2);
    const kept = await subject().enqueue(bolt, 1);
    const requests = [acme, bolt].map(({ no }) => ({ partnerNo: no, fence: null, limit: 10, busyIds: [] }));
    const claimed = await subject().ledger.claim(requests, [aside!], now);
    const ids = claimed.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
    expect(ids).toHaveLength(2);
    expect(ids).not.toContain(aside);
    expect(ids).toContain(kept[0]);
  });

  test("nothing goes of paused partners, nor of paused, held, disabled or removed endpoints; others are untouched", async () => {
    const acme = await subject().makePartner(["paused", "held", "disabled", "removed", "open"]);
    const bolt = await subject().makePartner();
    await subject().enqueue(acme, 1);
    await subject().enqueue(bolt, 1);
    await subject().ledger.hold([
      { endpointNo: await endpointNoOf(subject(), acme, "paused"), untilMs: null, note: "status 410" },
      {
        endpointNo: await endpointNoOf(subject(), acme, "held"),
        untilMs: now + minuteMs,
        note: "retry-after 60",
      },
    ]);
    const open = await endpointNoOf(subject(), acme, "open");
    await subject().disableEndpoint(acme, "disabled");
    await subject().removeEndpoint(acme, "removed");
    const claimed = await claimOf(subject(), acme, now);
    expect(claimed.deliveries.map((delivery) => delivery.endpointNo)).toEqual([open]);
    expect(await idsOf(acme, now + minuteMs)).toHaveLength(2);
    await subject().resumeEndpoint(acme, "paused");
    await subject().pausePartner(acme, true);
    expect(await claimOf(subject(), acme, now + minuteMs)).toMatchObject({
      standing: "inactive",
      deliveries: [],
    });
    expect(await claimOf(subject(), bolt, now)).toMatchObject({ standing: "held", deliveries: [{}] });
    await subject().pausePartner(acme, false);
    expect(await idsOf(acme, now + minuteMs)).toHaveLength(3);
  });

  test("a claim says when more is due: the earliest of what is not yet, over holds, and nothing where nothing waits", async () => {
    const acme = await subject().makePartner();
    expect((await claimOf(subject(), acme, now)).nextDueAtMs).toBeNull();
    await subject().enqueue(acme, 1, now + 2 * minuteMs);
    await subject().enqueue(acme, 1, now + minuteMs);
    await subject().enqueue(acme, 1, now);
    const opened = await claimOf(subject(), acme, now);
    expect(opened).toMatchObject({ deliveries: [{}], nextDueAtMs: now + minuteMs });
    expect((await claimOf(subject(), acme, now, { fence: opened.fence, limit: 0 })).nextDueAtMs).toBeNull();
    const endpointNo = await endpointNoOf(subject(), acme, "main");
    await subject().ledger.hold([{ endpointNo, untilMs: now + 3 * minuteMs, note: "asked to wait" }]);
    expect(await claimOf(subject(), acme, now)).toMatchObject({
      deliveries: [],
      nextDueAtMs: now + 3 * minuteMs,
    });
  });

  test("the sweep names partners with due work and when, not those who may not be served", async () => {
    const partners: TestPartner[] = [];
    for (let n = 0; n < 6; n++) partners.push(await subject().makePartner());
    const [acme, bolt, held, paused, disabled] = partners;
    await subject().enqueue(acme!, 3, now - 5_000);
    await subject().enqueue(bolt!, 1, now + minuteMs);
    for (const one of [held, paused, disabled]) await subject().enqueue(one!, 1, now - 5_000);
    await subject().ledger.hold([
      {
        endpointNo: await endpointNoOf(subject(), held!, "main"),
        untilMs: now + 1_000,
        note: "asked to wait",
      },
    ]);
    await subject().pausePartner(paused!, true);
    await subject().disableEndpoint(disabled!, "main");
    const due = async (untilMs: number) => {
      const all = await subject().ledger.duePartners(untilMs);
      return partners.map((one) => all.find(({ partnerNo }) => partnerNo === one.no)?.dueAtMs ?? null);
    };
    expect(await due(now)).toEqual([now - 5_000, null, null, null, null, null]);
    expect(await due(now + minuteMs)).toEqual([now - 5_000, now + minuteMs, now + 1_000, null, null, null]);
  });

  test("settings carry what changed, under a new version each time; a partner that is not there has none", async () => {
    const acme = await subject().makePartner();
    const read = async () => (await subject().ledger.settings([acme.no], now))[0]!;
    const first = await read();
    expect(first).toMatchObject({
      id: acme.id,
      ratePerSecond: null,
      endpoints: [{ id: "main", version: 1 }],
      keys: [{ scheme: "v1", retiresAtMs: null }],
    });
    await subject().changePartner(acme, { ratePerSecond: 2.5, burst: 7, maxInFlight: 3 });
    const second = await read();
    expect(second).toMatchObject({ ratePerSecond: 2.5, burst: 7, maxInFlight: 3 });
    expect(second.version).toBeGreaterThan(first.version);
    expect((await claimOf(subject(), acme, now)).version).toBe(second.version);
    expect(await subject().ledger.settings([999_999], now)).toEqual([]);
  });

  test("of the deliveries with one order key one goes at a time; the end of one makes the next due", async () => {
    const acme = await subject().makePartner(["main"], true);
    const [a1, b1, a2, b2] = await subject().enqueue(acme, ["a", "b", "a", "b"]);
    const first = await claimOf(subject(), acme, now);
    expect(first.deliveries.map(({ id, orderKey }) => [id, orderKey])).toEqual([
      [a1, "a"],
      [b1, "b"],
    ]);
    // a1 is retried and holds up its key alone; b1 ends and frees the next of its own.
    const [one, other] = first.deliveries;
    await subject().ledger.record(
      [retried(first, one!, now, now + 5 * minuteMs), ended(first, other!, now + 7, 500)],
      false,
    );
    const next = (await claimOf(subject(), acme, now + 7)).deliveries;
    expect(next).toMatchObject([{ id: b2, dueAtMs: now + 7, enqueuedAtMs: now }]);
    await subject().ledger.record([ended(first, next[0]!, now + 7, 200)], false);
    // What waits behind another of its key is not due: neither a claim nor the sweep says so.
    const left = await claimOf(subject(), acme, now + 7);
    expect(left).toMatchObject({ standing: "held", deliveries: [], nextDueAtMs: now + 5 * minuteMs });
    const dueNos = (await subject().ledger.duePartners(now + minuteMs)).map(({ partnerNo }) => partnerNo);
    expect(dueNos).not.toContain(acme.no);
    const later = await idsOf(acme, now + 5 * minuteMs);
    expect(later).toContain(a1);
    expect(later).not.toContain(a2);
  });

  test("endpoints that are passed over are left out of a claim, others are not", async () => {
    const acme = await subject().makePartner(["main", "other"]);
    await subject().enqueue(acme, 3);
    const endpointNo = await endpointNoOf(subject(), acme, "main");
    const claim = async (passOver?: readonly number[]) => {
      const request = {
        partnerNo: acme.no,
        fence: null,
        limit: 100,
        busyIds: [],
        ...(passOver ? { passOver } : {}),
      };
      return (await subject().ledger.claim([request], [], now))[0]!.deliveries;
    };
    expect(await claim()).toHaveLength(6);
    expect((await claim([endpointNo])).filter((delivery) => delivery.endpointNo === endpointNo)).toEqual([]);
    expect(await claim([endpointNo])).toHaveLength(3);
  });
}
