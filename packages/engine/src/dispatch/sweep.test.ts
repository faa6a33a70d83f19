import { expect, onTestFinished, test } from "vitest";
import { TransientFault } from "../testing/chaos.ts";
import { benchStartMs } from "../testing/dispatch-bench.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { createMemoryLedger } from "../testing/memory-ledger.ts";
import { startSweep } from "./sweep.ts";

const aSign = { busy: 0, dispatches: true, skewMs: null, conditions: [] };

function createBench() {
  const clock = createManualClock(benchStartMs);
  const ledger = createMemoryLedger();
  ledger.putPartner(1);
  let reach: "process" | "cluster" = "process";
  const rung: (readonly [number, number])[] = [];
  const faults: string[] = [];
  const turns = {
    ring: (partnerNos: readonly number[]) =>
      rung.push(...partnerNos.map((partnerNo) => [partnerNo, clock.now()] as const)),
    ringAt: (partnerNo: number, atMs: number) => rung.push([partnerNo, atMs]),
    serve() {},
    look() {},
    reach: () => reach,
    fault: () => null,
    start: async () => {},
    stop: async () => {},
    load: () => ({ active: 0, waiting: 0 }),
  };
  const telemetry = {
    attempt() {},
    turn() {},
    fault: ({ where }: { where: string }) => void faults.push(where),
  };
  const end = new AbortController();
  const counts = { sweeps: 0, upkeep: 0, progress: 0, alive: 0 };
  const duePartners = ledger.duePartners.bind(ledger);
  ledger.duePartners = (...values) => ((counts.sweeps += 1), duePartners(...values));
  ledger.keepUp = async () => void (counts.upkeep += 1);
  const sweep = startSweep({
    ledger,
    turns,
    clock,
    telemetry,
    load: { busy: () => 0 },
    attend: async () => ledger.attend(aSign),
    retention: { deliveredMs: 1, undeliveredMs: 2 },
    signal: end.signal,
    onProgress: () => (counts.progress += 1),
    onAttended: ({ alive }) => (counts.alive = alive),
  });
  onTestFinished(async () => {
    sweep.stop();
    end.abort();
    await sweep.ended;
    expect(clock.sleepers()).toBe(0);
  });
  return { clock, ledger, rung, faults, sweep, counts, reaches: (to: typeof reach) => (reach = to) };
}

test("partners with work due before the next sweep are rung for its time", async () => {
  const { clock, ledger, rung, sweep } = createBench();
  ledger.enqueue(10, 3, benchStartMs + 700);
  sweep.start();
  await clock.advance(0);
  expect(rung).toEqual([[1, benchStartMs + 700]]);
});

test("what lies too far ahead is brought back each minute, by the first process alone", async () => {
  const { clock, ledger, sweep } = createBench();
  const asked: number[] = [];
  ledger.cutBack = async (nowMs) => asked.push(nowMs - benchStartMs);
  const attend = ledger.attend.bind(ledger);
  let first = false;
  ledger.attend = async (sign) => ({ ...(await attend(sign)), first });
  sweep.start();
  await clock.advance(30_500);
  expect(asked).toEqual([]);
  first = true;
  await clock.advance(125_000);
  expect(asked).toEqual([31_000, 91_000, 151_000]);
});

test("it sweeps every second, at once when asked, and a wish during a sweep makes one more", async () => {
  const { clock, ledger, sweep, counts } = createBench();
  sweep.start();
  await clock.advance(3_500);
  expect(counts.sweeps).toBe(4);
  sweep.now();
  await clock.advance(0);
  expect(counts.sweeps).toBe(5);
  const advanceReplays = ledger.advanceReplays.bind(ledger);
  ledger.advanceReplays = async (...values) => {
    await clock.sleep(10);
    return advanceReplays(...values);
  };
  sweep.now();
  await clock.advance(5);
  sweep.now();
  await clock.advance(20);
  expect(counts.sweeps).toBe(7);
});

test("running replays are moved on four times a second, and their partners rung", async () => {
  const { clock, ledger, rung, sweep, counts } = createBench();
  ledger.advanceReplays = async () => ({ partnerNos: [5], running: 1 });
  sweep.start();
  await clock.advance(1_000);
  expect(counts.sweeps).toBe(5);
  expect(rung.map(([partnerNo]) => partnerNo)).toEqual([5, 5, 5, 5, 5]);
});

test("partitions and retention are seen to at the start and every ten minutes", async () => {
  const { clock, sweep, counts } = createBench();
  sweep.start();
  await clock.advance(9 * 60_000);
  expect(counts.upkeep).toBe(1);
  await clock.advance(2 * 60_000);
  expect(counts.upkeep).toBe(2);
});

test("the sweeps do not wait for upkeep, one runs at a time, and one that failed is told and tried again in a minute", async () => {
  const { clock, ledger, faults, sweep, counts } = createBench();
  let runs = 0;
  ledger.keepUp = async () => {
    runs += 1;
    if (runs > 1) return;
    await clock.sleep(20 * 60_000);
    throw new Error("failed");
  };
  sweep.start();
  await clock.advance(19 * 60_000);
  expect([runs, faults]).toEqual([1, []]);
  expect(counts.sweeps).toBeGreaterThan(19 * 59);
  await clock.advance(90_000);
  expect([runs, faults]).toEqual([1, ["upkeep"]]);
  await clock.advance(60_000);
  expect(runs).toBe(2);
});

test("a ledger that is away is waited for; a fault of another kind is told, and the next sweep comes in time", async () => {
  const { clock, ledger, rung, faults, sweep, counts } = createBench();
  const duePartners = ledger.duePartners.bind(ledger);
  ledger.enqueue(10, 1, benchStartMs);
  let fault: Error | null = new TransientFault("away");
  ledger.duePartners = async (...values) => {
    if (fault) throw fault;
    return duePartners(...values);
  };
  sweep.start();
  await clock.advance(10_000);
  expect([faults, rung.length, counts.progress]).toEqual([["sweep"], 0, 0]);
  fault = new Error("wrong");
  await clock.advance(5_000);
  expect(counts.progress).toBe(0);
  fault = null;
  await clock.advance(2_000);
  expect(rung.length).toBeGreaterThan(0);
  expect(counts.progress).toBeGreaterThan(0);
});

test("stop ends it, also while the ledger is away once its waiting is over", async () => {
  const { clock, sweep, counts } = createBench();
  sweep.start();
  await clock.advance(0);
  sweep.stop();
  await sweep.ended;
  await clock.advance(5_000);
  expect(counts.sweeps).toBe(1);
});

test("where rings reach the cluster the first process sweeps for all; where they do not, each for itself", async () => {
  const { clock, ledger, sweep, counts, rung, reaches } = createBench();
  ledger.attend = async () => ({ alive: 3, first: false, idlest: 0, foundDead: 0, time: null });
  ledger.enqueue(10, 1, benchStartMs);
  reaches("cluster");
  sweep.start();
  await clock.advance(1_500);
  expect([counts.alive, counts.sweeps, counts.upkeep, rung.length]).toEqual([3, 0, 0, 0]);
  reaches("process");
  await clock.advance(1_000);
  expect([counts.sweeps, rung.length]).toEqual([1, 1]);
});

test("a sweep that takes long makes place: it sweeps for a tenth of the time at most", async () => {
  const { clock, ledger, sweep, counts } = createBench();
  const duePartners = ledger.duePartners.bind(ledger);
  ledger.duePartners = async (untilMs) => {
    await clock.sleep(500);
    return duePartners(untilMs);
  };
  sweep.start();
  await clock.advance(5_400);
  expect(counts.sweeps).toBe(1);
  await clock.advance(700);
  expect(counts.sweeps).toBe(2);
});

test("after a sweep that was slow, those of the next half minute leave out what turns hold", async () => {
  const { clock, ledger, sweep } = createBench();
  const duePartners = ledger.duePartners.bind(ledger);
  const skipped: boolean[] = [];
  let tookMs = 20;
  ledger.duePartners = async (untilMs, skipHeld = false) => {
    skipped.push(skipHeld);
    await clock.sleep(tookMs);
    return duePartners(untilMs);
  };
  sweep.start();
  await clock.advance(500);
  tookMs = 21;
  await clock.advance(1_000);
  expect(skipped).toEqual([false, false]);
  tookMs = 1;
  await clock.advance(29_000);
  expect(skipped.slice(2)).toEqual(skipped.slice(2).map(() => true));
  await clock.advance(3_000);
  expect(skipped.at(-1)).toBe(false);
});
