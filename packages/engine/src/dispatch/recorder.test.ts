import { describe, expect, test } from "vitest";
import type { CursorSave, EndpointHold, Outcome } from "../ports/ledger.ts";
import { chaoticLedger, TransientFault } from "../testing/chaos.ts";
import { benchStartMs } from "../testing/dispatch-bench.ts";
import { createManualClock, settled } from "../testing/manual-clock.ts";
import { createMemoryLedger } from "../testing/memory-ledger.ts";
import { createSeededRandom } from "../testing/seeded-random.ts";
import { createRecorder } from "./recorder.ts";

const now = benchStartMs;

function createBench() {
  const clock = createManualClock(now);
  const memory = createMemoryLedger();
  memory.putPartner(1);
  memory.partner(1).fence = 1;
  const faults: { where: string; retryInMs: number | null }[] = [];
  const telemetry = {
    attempt() {},
    turn() {},
    fault: (event: (typeof faults)[number]) => void faults.push(event),
  };
  const outcome = (deliveryId: string, responseBody = "ok"): Outcome => ({
    deliveryId,
    partnerNo: 1,
    fence: 1,
    attempt: { n: 1, atMs: now, durationMs: 3, status: 200, error: null, responseBody, endpointVersion: 1 },
    change: { kind: "finish", state: "delivered", reason: "accepted_by_partner", atMs: now, error: null },
  });
  return {
    clock,
    memory,
    faults,
    telemetry,
    outcome,
    open: (ledger = memory) => createRecorder(ledger, clock, telemetry),
  };
}

const hold: EndpointHold = { endpointNo: 10, untilMs: now + 1_000, note: "" };
const save = (cursorMs: number, fence = 1): CursorSave => ({ partnerNo: 1, fence, cursorMs });

describe("a recorder", () => {
  test("stores what ends in one moment with one statement, and what ends meanwhile with the next", async () => {
    const { memory, outcome, open } = createBench();
    const recorder = open();
    const stored: string[] = [];
    const ids = memory.enqueue(10, 50, now);
    for (const id of ids) recorder.record(outcome(id), () => stored.push(id));
    expect(recorder.unrecorded()).toBe(50);
    await recorder.drained();
    expect(memory.calls.record).toBe(1);
    expect(stored).toEqual(ids);
    expect([memory.finished.size, recorder.unrecorded()]).toEqual([50, 0]);
  });

  test("stores at most a thousand with one statement", async () => {
    const { memory, outcome, open } = createBench();
    const recorder = open();
    for (const id of memory.enqueue(10, 2_500, now)) recorder.record(outcome(id), () => {});
    await recorder.drained();
    expect([memory.calls.record, memory.finished.size]).toEqual([3, 2_500]);
  });

  test("commits a hold before the outcome that came with it", async () => {
    const { memory, outcome, open } = createBench();
    const order: string[] = [];
    const recorder = open();
    recorder.record(outcome(memory.enqueue(10, 1, now)[0]!), () => order.push("outcome"));
    recorder.hold(hold, () => order.push("hold"));
    await recorder.drained();
    expect(order).toEqual(["hold", "outcome"]);
    expect(memory.holds).toEqual([hold]);
  });

  test("says whether a cursor was kept: not where the fence was passed", async () => {
    const { memory, open } = createBench();
    const recorder = open();
    expect(await recorder.saveCursor(save(5))).toBe(true);
    memory.partner(1).fence = 2;
    expect(await recorder.saveCursor(save(9))).toBe(false);
    expect(memory.partner(1).cursorMs).toBe(5);
  });
});

describe("while the ledger is away", () => {
  test("the outcomes stay in hand, are stored once, and the fault is told once", async () => {
    const { clock, memory, outcome, open, faults } = createBench();
    const recorder = open();
    const record = memory.record.bind(memory);
    const tries: boolean[] = [];
    memory.record = async (outcomes, again) => {
      tries.push(again);
      // The first is carried out and its answer lost; the next two are not carried out.
      if (tries.length === 1) await record(outcomes, again);
      if (tries.length <= 3) throw new TransientFault("away");
      return record(outcomes, again);
    };
    for (const id of memory.enqueue(10, 5, now)) recorder.record(outcome(id), () => {});
    await clock.advance(60);
    expect(recorder.unrecorded()).toBe(5);
    await clock.advance(5_000);
    expect(tries).toEqual([false, true, true, true]);
    expect([memory.finished.size, memory.attempts.length, recorder.unrecorded()]).toEqual([5, 5, 0]);
    expect(faults).toEqual([expect.objectContaining({ where: "record", retryInMs: 50 })]);
  });

  test("by any pattern of faults, each attempt is stored exactly once", async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { clock, memory, outcome, open } = createBench();
      const random = createSeededRandom(seed);
      const recorder = open(
        chaoticLedger(memory, { clock, random, failsBefore: 0.3, failsAfter: 0.3, slowMs: 20 }),
      );
      for (const id of memory.enqueue(10, 100, now)) {
        recorder.record(outcome(id), () => {});
        if (random() < 0.1) await clock.advance(5);
      }
      await clock.advanceUntil(() => recorder.unrecorded() === 0, 600_000, 500);
      expect(memory.finished.size, `seed ${seed}`).toBe(100);
      expect(new Set(memory.attempts.map((row) => row.deliveryId)).size, `seed ${seed}`).toBe(100);
      expect(memory.attempts, `seed ${seed}`).toHaveLength(100);
    }
  });

  test("stop gives up what cannot be stored, and nobody waits any longer", async () => {
    const { clock, memory, outcome, open } = createBench();
    const recorder = open();
    memory.record = memory.saveCursors = async () => {
      throw new TransientFault("away");
    };
    recorder.record(outcome(memory.enqueue(10, 1, now)[0]!), () => {});
    const kept = recorder.saveCursor(save(5));
    await clock.advance(1_000);
    const drained = recorder.drained();
    recorder.stop();
    await drained;
    expect(await kept).toBe(false);
    await settled();
    expect(clock.sleepers()).toBe(0);
  });
});

describe("an outcome that the ledger refuses", () => {
  test("because of its texts is stored without them, and the rest of its batch as it is", async () => {
    const { memory, outcome, open } = createBench();
    const recorder = open();
    const record = memory.record.bind(memory);
    memory.record = async (outcomes, again) => {
      if (outcomes.some(({ attempt }) => attempt?.responseBody === "poison"))
        throw new Error("invalid byte sequence");
      return record(outcomes, again);
    };
    const ids = memory.enqueue(10, 100, now);
    ids.forEach((id, index) => recorder.record(outcome(id, index === 37 ? "poison" : "ok"), () => {}));
    await recorder.drained();
    expect(memory.finished.size).toBe(100);
    expect(memory.attempts.filter((row) => row.responseBody === null).map((row) => row.deliveryId)).toEqual([
      ids[37],
    ]);
  });

  test("altogether is set aside, so that it is not sent again, and stored once the ledger takes it", async () => {
    const { clock, memory, outcome, open } = createBench();
    const recorder = open();
    const record = memory.record.bind(memory);
    const ids = memory.enqueue(10, 20, now);
    let refuses = true;
    memory.record = async (outcomes, again) => {
      if (refuses && outcomes.some(({ deliveryId }) => deliveryId === ids[3]))
        throw new Error("out of range");
      return record(outcomes, again);
    };
    let told = 0;
    for (const id of ids) recorder.record(outcome(id), () => (told += 1));
    await recorder.drained();
    expect([told, memory.finished.size]).toEqual([20, 19]);
    expect([...recorder.setAside()]).toEqual([ids[3]]);
    expect(recorder.unrecorded()).toBe(1);
    await clock.advance(6_000);
    expect(recorder.unrecorded()).toBe(1);
    refuses = false;
    await clock.advance(6_000);
    expect([recorder.unrecorded(), memory.finished.size]).toEqual([0, 20]);
    recorder.stop();
    expect(clock.sleepers()).toBe(0);
  });
});
