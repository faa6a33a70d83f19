import { expect, test } from "vitest";
import type { Claimed, Ledger } from "../../ports/ledger.ts";
import { type Bench, ended, neighbourLeaseMs, suiteNowMs as now, type TestPartner } from "./bench.ts";

const sign = (busy: number) => ({ busy, dispatches: true, skewMs: null, conditions: [] });

/** Leases: one process at a time holds a partner's turn. Registered for ledgers that processes share. */
export function leaseTests(bench: () => Bench): void {
  const claimBy = async (ledger: Ledger, of: TestPartner, fence: number | null = null): Promise<Claimed> => {
    const [claimed] = await ledger.claim([{ partnerNo: of.no, fence, limit: 10, busyIds: [] }], [], now);
    return claimed!;
  };
  /** Claims again and again until it is held: the lease of a process that went away runs by the server's clock. */
  const waitForTurn = async (ledger: Ledger, of: TestPartner): Promise<Claimed> => {
    for (;;) {
      const claimed = await claimBy(ledger, of);
      if (claimed.standing === "held") return claimed;
    }
  };
  const setUp = async () => {
    const { partner, enqueue, neighbours } = bench();
    const acme = await partner();
    const ids = await enqueue(acme, 2);
    return { acme, ids, one: neighbours![0], other: neighbours![1] };
  };
  /** Ends the connections that hold the locks of processes. */
  const endLockHolders = () =>
    bench().sql.query(
      "select pg_terminate_backend(l.pid) from pg_locks l where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database()) and l.pid <> pg_backend_pid()",
    );
  const dueNos = async (ledger: Ledger) => (await ledger.duePartners(now)).map(({ partnerNo }) => partnerNo);

  test("a sweep that does not probe what is held finds the same: all between, before and after", async () => {
    const { partner, enqueue, neighbours } = bench();
    const ledger = neighbours![0];
    const partners: TestPartner[] = [];
    for (let n = 0; n < 6; n++) {
      partners.push(await partner(n % 2 === 0 ? ["one", "two"] : ["main"]));
      await enqueue(partners.at(-1)!, 2);
    }
    const nosOf = async (skipHeld: boolean) =>
      (await ledger.duePartners(now, skipHeld)).map(({ partnerNo }) => partnerNo).toSorted((a, b) => a - b);
    const ours = new Set(partners.map(({ no }) => no));
    for (const held of [[], [0], [5], [2, 3], [0, 1, 2, 3, 4, 5]]) {
      for (const n of held) await waitForTurn(ledger, partners[n]!);
      const both = [await nosOf(false), await nosOf(true)].map((nos) => nos.filter((no) => ours.has(no)));
      const free = partners.filter((_, n) => !held.includes(n)).map(({ no }) => no);
      expect(both).toEqual([free, free]);
      const closes = held.map((n) => partners[n]!.no);
      await bench().sql.query(
        "update postrider.partner_runtime set holder = null, held_until = null where partner_no = any($1::text::int[])",
        [`{${closes.join(",")}}`],
      );
    }
  });

  test("what one process holds another is not given, and the sweep leaves it to its holder", async () => {
    const { acme, one, other } = await setUp();
    const held = await claimBy(one, acme);
    expect(held).toMatchObject({ standing: "held", leaseMs: neighbourLeaseMs });
    expect(held.deliveries).toHaveLength(2);
    expect(await claimBy(other, acme)).toMatchObject({ standing: "elsewhere", deliveries: [] });
    expect(await dueNos(other)).not.toContain(acme.no);
    expect((await claimBy(one, acme, held.fence)).deliveries).toHaveLength(2);
  });

  test("a turn that is given back can be opened by the other at once; work that came meanwhile is told to who gave it back", async () => {
    const { acme, one, other } = await setUp();
    const held = await claimBy(one, acme);
    const close = { partnerNo: acme.no, fence: held.fence, cursorMs: null };
    await claimBy(other, acme);
    expect(await one.closeTurns([close])).toEqual([acme.no]);
    const next = await claimBy(other, acme);
    expect(next).toMatchObject({ standing: "held", fence: held.fence + 1 });
    // The rung was for the turn before; and the close of a turn that is over changes nothing.
    expect(await one.closeTurns([close])).toEqual([]);
    expect(await claimBy(one, acme)).toMatchObject({ standing: "elsewhere" });
    const nextClose = { ...close, fence: next.fence };
    expect(await other.closeTurns([nextClose])).toEqual([acme.no]);
    expect(await dueNos(one)).toContain(acme.no);
  });

  test("a process that went away loses the turn with its lease; what it then says reschedules nothing, but delivered counts", async () => {
    const { acme, ids, one, other } = await setUp();
    const { operations } = bench();
    const stale = await claimBy(one, acme);
    const next = await waitForTurn(other, acme);
    expect(next.fence).toBe(stale.fence + 1);
    expect(await claimBy(one, acme, stale.fence)).toMatchObject({ standing: "elsewhere" });
    const [delivered, dead] = stale.deliveries;
    await one.record([ended(stale, delivered!, now, 200), ended(stale, dead!, now, 500)], false);
    expect((await operations.getDelivery(ids[0]!))?.state).toBe("delivered");
    expect((await operations.getDelivery(ids[1]!))?.state).toBe("pending");
    // The number of a turn alone does not make a holder: a crashed server may have given it twice.
    const forged = { ...ended(next, next.deliveries[1]!, now, 500) };
    await one.record([forged], false);
    expect((await operations.getDelivery(ids[1]!))?.state).toBe("pending");
    await other.record([forged], false);
    expect((await operations.getDelivery(ids[1]!))?.state).toBe("dead");
  });

  test("looking renews the lease, and a lease that ran out unnoticed is taken up again where nobody came", async () => {
    const { acme, one, other } = await setUp();
    const held = await claimBy(one, acme);
    const untilMs = performance.now() + 3 * neighbourLeaseMs;
    while (performance.now() < untilMs) {
      expect(await claimBy(one, acme, held.fence)).toMatchObject({ standing: "held" });
      expect(await claimBy(other, acme)).toMatchObject({ standing: "elsewhere" });
    }
    const { sql } = bench();
    await sql.query(
      "update postrider.partner_runtime set held_until = clock_timestamp() - interval '1 second' where partner_no = $1::int",
      [acme.no],
    );
    expect(await claimBy(one, acme, held.fence)).toMatchObject({ standing: "held", fence: held.fence });
    expect(await claimBy(other, acme)).toMatchObject({ standing: "elsewhere" });
  });

  test("of many that ask at once one is given the turn, and each of the others has it told or is asked to come again", async () => {
    const { acme, one, other } = await setUp();
    for (let round = 0; round < 50; round++) {
      const claims = await Promise.all([claimBy(one, acme), claimBy(other, acme)]);
      const held = claims.filter(({ standing }) => standing === "held");
      expect(held).toHaveLength(1);
      expect(["elsewhere", "unclear"]).toContain(claims.find((claim) => claim !== held[0])!.standing);
      const holder = claims[0] === held[0] ? one : other;
      await holder.closeTurns([{ partnerNo: acme.no, fence: held[0]!.fence, cursorMs: null }]);
    }
  });

  test("one of the living sweeps for all, and another when it leaves", async () => {
    const { neighbours, dispatch } = bench();
    const [one, other] = neighbours!;
    const time = { arrivedMs: expect.any(Number), answeredMs: expect.any(Number) };
    const more = { foundDead: 0, time };
    expect(await one.attend(sign(0.5))).toEqual({ alive: 1, first: true, idlest: null, ...more });
    expect(await other.attend(sign(0.25))).toEqual({ alive: 2, first: false, idlest: 0.5, ...more });
    expect(await one.attend(sign(0.5))).toEqual({ alive: 2, first: true, idlest: 0.25, ...more });
    await one.leave();
    expect(await other.attend(sign(0.25))).toEqual({ alive: 1, first: true, idlest: null, ...more });
    expect(await dispatch.attend(sign(0))).toEqual({ alive: 2, first: false, idlest: 0.25, ...more });
    await other.leave();
    await dispatch.leave();
  });

  test("holders are told over the ring's channel, apart from everybody else", async () => {
    const { dispatch, neighbours } = bench();
    const heard = Promise.withResolvers<unknown>();
    const stop = await dispatch.onRing((ring) => heard.resolve(ring));
    try {
      await neighbours![0].tellHolders([7, 8]);
      expect(await heard.promise).toEqual({ partnerNos: [7, 8], holdersOnly: true, passedOn: false });
    } finally {
      await stop();
    }
  });

  test("a process whose connection ended is found dead at once, and its turns are free; one that only listens no more is not", async () => {
    const { acme, one, other } = await setUp();
    const stop = await one.onRing(() => {});
    await one.attend(sign(0));
    const held = await claimBy(one, acme);
    expect(await other.attend(sign(0))).toMatchObject({ alive: 2, foundDead: 0 });
    // As a kill does. The client hears of it and would take the lock again; it attends no more, so its word stands.
    await endLockHolders();
    let found = 0;
    while (found === 0) found = (await other.attend(sign(0))).foundDead;
    expect(found).toBe(1);
    expect(await claimBy(other, acme)).toMatchObject({ standing: "held", fence: held.fence + 1 });
    await stop();
    await other.leave();
  });

  test("a process that lost its lock and lives says so before it asks for its turns: nobody takes it for dead", async () => {
    const { acme, one, other } = await setUp();
    const lost = Promise.withResolvers<void>();
    one.onLost(lost.resolve);
    const stop = await one.onRing(() => {});
    await one.attend(sign(0));
    const held = await claimBy(one, acme);
    await endLockHolders();
    await lost.promise;
    expect(await claimBy(one, acme, held.fence)).toMatchObject({ standing: "held" });
    // Its lock is free until it has connected again.
    expect(await other.attend(sign(0))).toMatchObject({ foundDead: 0 });
    expect(await claimBy(other, acme)).toMatchObject({ standing: "elsewhere" });
    await stop();
    for (const process of [one, other]) await process.leave();
  });
}
