import { setTimeout as sleep } from "node:timers/promises";
import { until } from "./open-loop.ts";
import type { BenchSystem } from "../system/system.ts";

/** Pauses partners, and waits until nothing of anybody is under way. */
export async function pausePartners(system: BenchSystem, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => system.engine.operations.setPartnerState(id, "paused", Date.now())));
  await until("the end of the disturbers' turns", async () => {
    const { inFlight, turnsActive } = await system.progress();
    return inFlight === 0 && turnsActive === 0;
  });
}

/** Does some work while partners that are paused else are active. */
export async function whileActive<Value>(
  system: BenchSystem,
  ids: readonly string[],
  work: () => Promise<Value>,
): Promise<Value> {
  const { operations } = system.engine;
  await Promise.all(ids.map((id) => operations.setPartnerState(id, "active", Date.now())));
  system.engine.sweepNow();
  await sleep(settledMs);
  try {
    return await work();
  } finally {
    await pausePartners(system, ids);
  }
}

/** Within it the sweep of a worker process has found partners that were resumed. */
const settledMs = 1_500;
