import { expect, test } from "vitest";
import { endpointDefaults } from "../core/documents.ts";
import { chaoticLedger, chaoticTransport, TransientFault } from "../testing/chaos.ts";
import { createDispatchBench, createScriptedTransport, benchStartMs } from "../testing/dispatch-bench.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { createMemoryLedger } from "../testing/memory-ledger.ts";
import { createSeededRandom } from "../testing/seeded-random.ts";

test("work that nobody rang for is found by the sweep", async () => {
  const { ledger, clock, dispatcher } = createDispatchBench();
  ledger.putPartner(1);
  await dispatcher.start();
  await clock.advance(500);
  ledger.enqueue(10, 1, clock.now());
  await clock.advanceUntil(() => ledger.finished.size === 1, 1_100);
  let over = false;
  void dispatcher.stop(0).then(() => (over = true));
  await clock.advanceUntil(() => over, 2_000);
  expect(clock.sleepers()).toBe(0);
});

test("with a ledger and a network that fail at random, everything is delivered, recorded once per attempt, and known", async () => {
  for (let seed = 1; seed <= 4; seed++) {
    const clock = createManualClock(benchStartMs);
    const memory = createMemoryLedger();
    const random = createSeededRandom(seed);
    const { transport, seen } = createScriptedTransport(clock, () => ({
      status: random() < 0.2 ? 503 : 200,
      afterMs: 5,
    }));
    const chaos = { clock, random, failsBefore: 0.1, failsAfter: 0.1, slowMs: 30 };
    const bench = createDispatchBench(undefined, {
      clock,
      memory,
      ledger: chaoticLedger(memory, chaos),
      transport: chaoticTransport(transport, { random, resets: 0.1 }),
    });
    const { dispatcher, turns } = bench;
    const retry = { ...endpointDefaults.retry, schedule: Array.from({ length: 20 }, () => "1s") };
    const limits = (partnerNo: number) => (partnerNo === 3 ? { ratePerSecond: 50, burst: 10 } : {});
    // Without a breaker, whose waits would be all there is to see.
    for (const partnerNo of [1, 2, 3])
      memory.putPartner(partnerNo, limits(partnerNo), [{ retry, breaker: null }]);
    await dispatcher.start();
    for (let round = 0; round < 10; round++) {
      for (const partnerNo of [1, 2, 3]) memory.enqueue(partnerNo * 10, 20, clock.now());
      turns.ring([1, 2, 3]);
      await clock.advance(100);
    }
    await clock.advanceUntil(() => memory.pending.size === 0, 300_000, 500);
    const states = new Set(
      [...memory.finished.values()].map(({ change }) => change.kind === "finish" && change.state),
    );
    expect([memory.finished.size, [...states]], `seed ${seed}`).toEqual([600, ["delivered"]]);
    const numbered = new Set(memory.attempts.map((row) => `${row.deliveryId} ${row.n}`));
    expect(numbered.size, `seed ${seed}`).toBe(memory.attempts.length);
    expect(seen.length, `seed ${seed}`).toBeLessThanOrEqual(memory.attempts.length);
    let over = false;
    void dispatcher.stop(10).then(() => (over = true));
    await clock.advanceUntil(() => over, 60_000, 100);
    expect([clock.sleepers(), dispatcher.progress().inFlight], `seed ${seed}`).toEqual([0, 0]);
  }
});

test("stop ends in time although the ledger is away, with turns that claim, reserve and record", async () => {
  for (const verb of ["claim", "saveCursors", "record"] as const) {
    const bench = createDispatchBench();
    const { ledger, clock, dispatcher, turns } = bench;
    ledger.putPartner(1, { ratePerSecond: 100, burst: 10 });
    ledger.enqueue(10, 100, clock.now());
    Object.assign(ledger, { [verb]: () => Promise.reject(new TransientFault("away")) });
    await dispatcher.start();
    turns.ring([1]);
    await clock.advance(1_000);
    expect(turns.load().active, verb).toBe(1);
    let over = false;
    void dispatcher.stop(2_000).then(() => (over = true));
    await clock.advanceUntil(() => over, 4_000);
    expect([clock.sleepers(), dispatcher.progress().inFlight], verb).toEqual([0, 0]);
  }
});

test("stop ends in time although the ledger never answers", async () => {
  for (const verb of ["claim", "saveCursors", "record"] as const) {
    const { ledger, clock, dispatcher, turns } = createDispatchBench();
    ledger.putPartner(1, { ratePerSecond: 100, burst: 10 });
    ledger.enqueue(10, 100, clock.now());
    Object.assign(ledger, { [verb]: () => new Promise<never>(() => {}) });
    await dispatcher.start();
    turns.ring([1]);
    await clock.advance(1_000);
    let over = false;
    void dispatcher.stop(2_000).then(() => (over = true));
    await clock.advanceUntil(() => over, 4_000);
    expect(dispatcher.progress().inFlight, verb).toBe(0);
  }
});

test("a fault of the claims that does not pass is tried again with growing waits, and heals", async () => {
  const { ledger, clock, dispatcher, turns, faults } = createDispatchBench();
  ledger.putPartner(1);
  ledger.enqueue(10, 10, clock.now());
  const claim = ledger.claim.bind(ledger);
  ledger.claim = () => Promise.reject(new Error("permission denied"));
  await dispatcher.start();
  turns.ring([1]);
  await clock.advance(20_000);
  expect(faults.filter(({ where }) => where === "turn")).toHaveLength(1);
  expect(faults.filter(({ where }) => where === "claim").length).toBeLessThan(15);
  ledger.claim = claim;
  await clock.advanceUntil(() => ledger.finished.size === 10, 6_000);
  let over = false;
  void dispatcher.stop(0).then(() => (over = true));
  await clock.advanceUntil(() => over, 2_000);
});

test("what the ledger refuses to record is not sent again", async () => {
  const { ledger, clock, dispatcher, turns, seen } = createDispatchBench();
  ledger.putPartner(1);
  const [bad] = ledger.enqueue(10, 1, clock.now());
  ledger.enqueue(10, 30, clock.now());
  const record = ledger.record.bind(ledger);
  ledger.record = async (outcomes, again) => {
    if (outcomes.some(({ deliveryId }) => deliveryId === bad)) throw new Error("out of range");
    return record(outcomes, again);
  };
  await dispatcher.start();
  turns.ring([1]);
  await clock.advance(30_000);
  expect(ledger.finished.size).toBe(30);
  expect(seen.filter(({ id }) => id === bad)).toHaveLength(1);
  expect(dispatcher.progress().unrecorded).toBe(1);
  let over = false;
  void dispatcher.stop(0).then(() => (over = true));
  await clock.advanceUntil(() => over, 5_000);
});
