import { expect, test } from "vitest";
import { TransientFault } from "../testing/chaos.ts";
import { benchStartMs } from "../testing/dispatch-bench.ts";
import { createManualClock } from "../testing/manual-clock.ts";
import { retryTransient } from "./retry-transient.ts";

function createBench() {
  const clock = createManualClock(benchStartMs);
  const faults: { where: string; retryInMs: number | null }[] = [];
  const telemetry = {
    attempt() {},
    turn() {},
    fault: (event: (typeof faults)[number]) => void faults.push(event),
  };
  const end = new AbortController();
  const ledger = { isTransient: (error: unknown) => error instanceof TransientFault };
  return { clock, faults, end, options: { where: "work", ledger, clock, telemetry, signal: end.signal } };
}

test("work is done again, after waits that grow to two seconds, until its fault passes; it is told once", async () => {
  const { clock, faults, options } = createBench();
  const tries: [number, boolean][] = [];
  let result = "";
  const work = async (again: boolean) => {
    tries.push([clock.now() - benchStartMs, again]);
    if (tries.length < 9) throw new TransientFault("away");
    return "done";
  };
  void retryTransient(work, options).then((value) => (result = value));
  await clock.advance(20_000);
  expect(result).toBe("done");
  const at = tries.map(([ms]) => ms);
  expect(at.slice(1).map((ms, index) => ms - at[index]!)).toEqual([
    50, 100, 200, 400, 800, 1_600, 2_000, 2_000,
  ]);
  expect(tries.map(([, again]) => again)).toEqual([false, true, true, true, true, true, true, true, true]);
  expect(faults).toEqual([expect.objectContaining({ where: "work", retryInMs: 50 })]);
});

test("another fault is thrown at once, and told", async () => {
  const { faults, options } = createBench();
  await expect(retryTransient(() => Promise.reject(new Error("wrong")), options)).rejects.toThrow("wrong");
  expect(faults).toEqual([expect.objectContaining({ retryInMs: null })]);
});

test("the end of the waiting throws the last fault, without another wait", async () => {
  const { clock, end, options } = createBench();
  let fault: unknown;
  void retryTransient(() => Promise.reject(new TransientFault("away")), options).catch(
    (error: unknown) => (fault = error),
  );
  await clock.advance(300);
  expect(fault).toBeUndefined();
  end.abort();
  await clock.advance(0);
  expect(fault).toBeInstanceOf(TransientFault);
  expect(clock.sleepers()).toBe(0);
});
