import { readFileSync } from "node:fs";
import { preciseNowMs } from "../load/open-loop.ts";

/**
 * The time in which a virtual machine had something to run and its host ran others instead, as Linux counts it
 * ("steal" in `/proc/stat`). On a machine of one's own, and where the system does not tell, there is none.
 */
export interface StolenTime {
  /** Taken from all processors together, in ms, from `withinMs` before a moment until as long after it. */
  around(atMs: number, withinMs: number): number;
  stop(): void;
}

/** Far less than what a latency is held to, and 0.2 % of a processor. */
const sampleEveryMs = 20;

/** @param stolenMs what was taken since the machine started; for tests */
export function watchStolenTime(stolenMs: () => number = stolenSinceStartMs): StolenTime {
  const samples: { readonly atMs: number; readonly stolenMs: number }[] = [];
  const sample = () => samples.push({ atMs: preciseNowMs(), stolenMs: stolenMs() });
  sample();
  const timer = setInterval(sample, sampleEveryMs);
  return {
    around(atMs, withinMs) {
      const before = samples[Math.max(0, firstFrom(samples, atMs - withinMs) - 1)]!;
      const after = samples[Math.min(samples.length - 1, firstFrom(samples, atMs + withinMs))]!;
      return after.stolenMs - before.stolenMs;
    },
    stop() {
      clearInterval(timer);
      sample();
    },
  };
}

/** The index of the first sample that is not before a moment; their number where all are. */
function firstFrom(samples: readonly { readonly atMs: number }[], atMs: number): number {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples[middle]!.atMs < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ticks are hundredths of a second on Linux. */
const msPerTick = 10;

function stolenSinceStartMs(): number {
  try {
    // cpu, user, nice, system, idle, iowait, irq, softirq, steal: over all processors.
    const [all = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
    return Number(all.split(/\s+/)[8] ?? 0) * msPerTick;
  } catch {
    return 0;
  }
}
