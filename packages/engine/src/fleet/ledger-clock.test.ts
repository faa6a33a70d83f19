/** A process's time is the ledger's, whatever the clock of its machine says and whoever sets it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createManualClock } from "../testing/manual-clock.ts";
import { createConditions } from "./conditions.ts";
import { createLedgerClock } from "./ledger-clock.ts";
import { createPresence } from "./presence.ts";
import { judgeSkew } from "./skew.ts";

const startMs = Date.parse("2026-03-04T10:00:00Z");

/** A ledger whose clock runs with the manual one, `aheadMs` ahead of it, and answers after a while. */
function bench({ aheadMs = 0, outMs = 2, backMs = 2 } = {}) {
  const local = createManualClock(startMs);
  const clock = createLedgerClock(local);
  let ledgerOffsetMs = startMs + aheadMs - local.monotonicMs();
  let away = false;
  const ledgerMs = () => ledgerOffsetMs + local.monotonicMs();
  const signs: { readonly skewMs: number | null; readonly dispatches: boolean }[] = [];
  const asked = { times: 0, leaves: 0 };
  const answer = async () => {
    await local.sleep(outMs);
    if (away) throw new Error("The ledger is away.");
    const time = { arrivedMs: ledgerMs(), answeredMs: ledgerMs() };
    await local.sleep(backMs);
    return time;
  };
  const ledger = {
    async attend(sign: (typeof signs)[number]) {
      signs.push(sign);
      return { alive: 1, first: true, idlest: null, foundDead: 0, time: await answer() };
    },
    readTime: () => ((asked.times += 1), answer()),
    leave: async () => void (asked.leaves += 1),
    processes: async () => [],
  };
  const faults: string[] = [];
  const conditions = createConditions({ clock, telemetry: {} });
  const presence = createPresence({
    ledger,
    shared: true,
    self: { id: "1", name: "host:1", version: null, roles: [] },
    clock,
    conditions,
    telemetry: { fault: ({ where }) => void faults.push(where) },
  });
  return {
    local,
    clock,
    presence,
    conditions,
    signs,
    asked,
    faults,
    ledgerMs,
    setLedger: (ms: number) => void (ledgerOffsetMs += ms),
    goAway: (now: boolean) => (away = now),
    async attend() {
      const said = presence.attend(0);
      await local.advance(outMs + backMs);
      await said;
    },
  };
}

test("before the first answer the local clock is the best that is known", () => {
  const { clock, local } = bench({ aheadMs: -600_000 });
  expect([clock.now(), clock.skewMs(), clock.inDoubt()]).toEqual([local.now(), null, false]);
});

test("its time is the ledger's, to half of the round trip, whatever the local clock says or is set to while it runs", async () => {
  const minutes = fc.integer({ min: -2_000, max: 2_000 });
  const way = fc.integer({ min: 0, max: 40 });
  await fc.assert(
    fc.asyncProperty(minutes, minutes, way, way, async (aheadMin, stepMin, outMs, backMs) => {
      const { local, clock, ledgerMs, attend } = bench({ aheadMs: aheadMin * 60_000, outMs, backMs });
      await attend();
      const wrongMs = () => Math.abs(clock.now() - ledgerMs());
      expect(wrongMs()).toBeLessThanOrEqual((outMs + backMs) / 2 + 1);
      local.step(stepMin * 60_000);
      await local.advance(700);
      expect(wrongMs()).toBeLessThanOrEqual((outMs + backMs) / 2 + 1);
      expect(clock.skewMs()).toBeCloseTo((stepMin - aheadMin) * 60_000, -2);
    }),
    { numRuns: 40 },
  );
});

test("its time is whole milliseconds, and its timers are those of the local clock", async () => {
  const { clock, attend, local } = bench({ aheadMs: 0.4 });
  await attend();
  expect(Number.isInteger(clock.now())).toBe(true);
  let woke = 0;
  clock.after(5, () => (woke += 1));
  void clock.sleep(5).then(() => (woke += 1));
  await local.advance(5);
  expect(woke).toBe(2);
});

test("while the ledger is away its time goes on, and a ledger that comes back with another time is followed at once", async () => {
  const { local, clock, presence, ledgerMs, attend, goAway, setLedger } = bench({ aheadMs: 600_000 });
  await attend();
  goAway(true);
  const refused = presence.attend(0).catch((error: unknown) => error);
  await local.advance(3_600_000);
  expect(await refused).toMatchObject({ message: expect.stringContaining("away") });
  expect(Math.abs(clock.now() - ledgerMs())).toBeLessThanOrEqual(1);
  goAway(false);
  for (const byMs of [-3_600_000, 86_400_000, -900]) {
    setLedger(byMs);
    await attend();
    expect(Math.abs(clock.now() - ledgerMs())).toBeLessThanOrEqual(3);
  }
});

test("a machine that was suspended asks the ledger for the time before it uses any, once for all who ask", async () => {
  const { local, clock, presence, ledgerMs, attend, asked, setLedger } = bench();
  await attend();
  expect(presence.learnTime()).toBeNull();
  // Eight hours in which monotonic time stood still.
  local.step(8 * 3_600_000);
  setLedger(8 * 3_600_000);
  expect(clock.inDoubt()).toBe(true);
  const both = Promise.all([presence.learnTime(), presence.learnTime()]);
  await local.advance(4);
  await both;
  expect([asked.times, presence.learnTime(), clock.inDoubt()]).toEqual([1, null, false]);
  expect(Math.abs(clock.now() - ledgerMs())).toBeLessThanOrEqual(1);
});

test("a suspension while the answer is on its way does not make its time late", async () => {
  const { local, clock, presence, ledgerMs, attend, setLedger } = bench({ outMs: 2, backMs: 10 });
  await attend();
  const said = presence.attend(0);
  await local.advance(5);
  local.step(3_600_000);
  setLedger(3_600_000);
  await local.advance(10);
  await said;
  expect(clock.inDoubt()).toBe(true);
  const learned = presence.learnTime();
  await local.advance(12);
  await learned;
  expect(Math.abs(clock.now() - ledgerMs())).toBeLessThanOrEqual(10);
});

test("a local clock that is set costs one question and changes no time", async () => {
  const { local, clock, presence, ledgerMs, attend, asked } = bench();
  await attend();
  local.step(-3_600_000);
  const learned = presence.learnTime();
  await local.advance(4);
  await learned;
  expect([asked.times, presence.learnTime()]).toEqual([1, null]);
  expect(Math.abs(clock.now() - ledgerMs())).toBeLessThanOrEqual(1);
});

test("a process that does not dispatch gives a sign each 3 s, reports one fault per streak, and hands over", async () => {
  const { local, presence, signs, faults, goAway, asked } = bench();
  presence.start();
  await local.advance(9_500);
  expect(signs).toHaveLength(4);
  expect(signs.every(({ dispatches }) => !dispatches)).toBe(true);
  goAway(true);
  await local.advance(12_000);
  expect(faults).toEqual(["sign of life"]);
  goAway(false);
  await local.advance(6_000);
  goAway(true);
  await local.advance(6_000);
  expect(faults).toEqual(["sign of life", "sign of life"]);
  goAway(false);
  const over = presence.handOver();
  await local.advance(10);
  await over;
  const given = signs.length;
  await local.advance(10_000);
  expect(signs).toHaveLength(given);
  expect(asked.leaves).toBe(0);
  await presence.stop();
  expect([asked.leaves, local.sleepers()]).toEqual([1, 0]);
});

test("a clock that is off by more than 3 s is a condition in words, until it is right again", async () => {
  const { local, conditions, attend } = bench();
  await attend();
  const held = () => conditions.list().map(({ name, message }) => `${name}: ${message.split(". ")[0]}`);
  expect(held()).toEqual([]);
  local.step(600_000);
  await attend();
  expect(held()).toEqual(["clock_off: This process's clock is 600 s ahead of the ledger's"]);
  local.step(-610_000);
  await attend();
  expect(held()).toEqual(["clock_off: This process's clock is 10 s behind the ledger's"]);
  local.step(7_500);
  await attend();
  // 2.5 s: not right before it is below 2, so that a clock at the limit does not come and go.
  expect(held()).toHaveLength(1);
  local.step(1_500);
  await attend();
  expect(held()).toEqual([]);
  judgeSkew(null, conditions);
  judgeSkew(2_999, conditions);
  expect(held()).toEqual([]);
  conditions.stop();
});
