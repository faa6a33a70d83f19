import { setImmediate as nextIteration } from "node:timers/promises";

/**
 * Turns many small calls into few large ones without waiting when idle: a call runs at once if fewer than `parallel`
 * are under way, and everything that comes meanwhile goes together in the next. Load makes the batches, not a timer.
 */
export interface Batcher<Item, Result> {
  (item: Item): Promise<Result>;
}

/**
 * Callers that go on in one iteration of the event loop at most: each may begin some requests. With 256 the process did
 * nothing else for 80 ms.
 */
const answersAtOnce = 16;

/**
 * @param run answers a batch, in order
 * @param limits `maxItems` per batch, `parallel` batches at a time
 */
export function createBatcher<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  limits: { readonly maxItems: number; readonly parallel: number },
): Batcher<Item, Result> {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void };
  let queue: Waiting[] = [];
  let running = 0;
  let scheduled = false;

  const answer = async (batch: readonly Waiting[], results: readonly Result[]) => {
    for (const [index, waiting] of batch.entries()) {
      if (index > 0 && index % answersAtOnce === 0) await nextIteration();
      waiting.resolve(results[index]!);
    }
  };

  const pump = () => {
    scheduled = false;
    while (running < limits.parallel && queue.length > 0) {
      const batch = queue.slice(0, limits.maxItems);
      queue = queue.length > limits.maxItems ? queue.slice(limits.maxItems) : [];
      running += 1;
      run(batch.map((waiting) => waiting.item))
        .then(
          (results) => void answer(batch, results),
          (error: unknown) => batch.forEach((waiting) => waiting.reject(error)),
        )
        .finally(() => {
          running -= 1;
          pump();
        });
    }
  };

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      if (scheduled || running >= limits.parallel) return;
      scheduled = true;
      // After the current burst of callers, so that they share the first batch too.
      setImmediate(pump);
    });
}
