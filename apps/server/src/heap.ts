import { constants, type PerformanceNodeEntry, PerformanceObserver } from "node:perf_hooks";
import { runInNewContext } from "node:vm";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** The old generation is collected when it has grown to about this, or by the least growth where more is alive. */
const oldSpaceMb = 64;
/** In percent of what is alive: below it collecting would be all that a process does. */
const leastGrowth = 30;
/** V8's own choice on a large machine, with little alive. */
const mostGrowth = 300;
/** Both halves of the young generation. With twice as much a worker was 2 % faster, and 30 MB larger. */
const youngMb = 28;

/** What a start needs is loaded, and what it left behind can go. */
const settledAfterMs = 1_000;

/**
 * Keeps the heap of this process small. V8 lets it grow to four times of what is alive where the machine has the memory:
 * a worker with a million deliveries waiting has 45 MB alive, and held 370; with this it holds 235. With a fixed small growth a worker with little alive
 * collected all the time, and lost a tenth of its speed; so the growth follows what is alive.
 *
 * For processes that dispatch: one that only accepts holds little, and answers sooner if it collects less often.
 *
 * @example boundHeap();
 */
export function boundHeap(): void {
  growYoungGeneration();
  let growth = 0;
  let youngBounded = false;
  const observer = new PerformanceObserver((list) => {
    const sizes = new Map(getHeapSpaceStatistics().map((space) => [space.space_name, space]));
    if (!youngBounded && sizes.get("new_space")!.space_size > youngMb * 1_000_000) {
      youngBounded = true;
      setFlagsFromString("--semi-space-growth-factor=1");
    }
    const collectedAll = (list.getEntries() as PerformanceNodeEntry[]).some(
      ({ detail }) => (detail as { kind: number }).kind === constants.NODE_PERFORMANCE_GC_MAJOR,
    );
    if (!collectedAll) return;
    const next = growthFor(sizes.get("old_space")!.space_used_size / 1_000_000);
    if (next === growth) return;
    growth = next;
    setFlagsFromString(`--heap-growing-percent=${growth}`);
  });
  observer.observe({ entryTypes: ["gc"] });
  // The first limit is V8's own, and is far off: one collection sets it.
  setFlagsFromString(`--heap-growing-percent=${leastGrowth}`);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setTimeout(collect, settledAfterMs).unref();
}

/**
 * Has the young generation grow to its size at the first need, and everything made in it. While it is small nearly all in it
 * survives, and V8 would conclude that a line of code had better make everything in the old generation from then on, where
 * whatever it refers to stays as well.
 *
 * @example growYoungGeneration();
 */
export function growYoungGeneration(): void {
  setFlagsFromString("--semi-space-growth-factor=4");
  setFlagsFromString("--no-allocation-site-pretenuring");
}

/** How much the old generation may grow, in percent of the `aliveMb` in it, before it is collected again. */
export function growthFor(aliveMb: number): number {
  const growth = Math.round((oldSpaceMb / Math.max(aliveMb, 1) - 1) * 10) * 10;
  return Math.min(mostGrowth, Math.max(leastGrowth, growth));
}
