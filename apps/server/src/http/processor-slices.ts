import type { Slices } from "@postrider/engine/json-text";

/** How long one slice of work may hold the event loop before the other work of the process gets its turn. */
const sliceMs = 10;

/** Hands out slices of processor time to requests that have much to check. */
export interface ProcessorSlices {
  begin(): Slices;
}

/**
 * Keeps a large request from holding up everything else. A loop that asks `over()` after each step and then waits for
 * `next()` holds the event loop for 10 ms at a time, plus its longest step. All requests share one queue: sixty large
 * requests at once hold it no longer than one does.
 *
 * @example
 * const slices = processor.begin();
 * for (const text of texts) {
 *   check(text);
 *   if (slices.over()) await slices.next();
 * }
 */
export function createProcessorSlices(nowMs: () => number = () => performance.now()): ProcessorSlices {
  const waiting: (() => void)[] = [];
  let scheduled = false;

  const run = (): void => {
    waiting.shift()?.();
    scheduled = waiting.length > 0;
    // An immediate that is set within one runs in the next iteration, after input and timers had their turn.
    if (scheduled) setImmediate(run);
  };

  return {
    begin() {
      let startedMs = nowMs();
      return {
        over: () => nowMs() - startedMs >= sliceMs,
        next: () =>
          new Promise((resolve) => {
            waiting.push(() => {
              startedMs = nowMs();
              resolve();
            });
            if (scheduled) return;
            scheduled = true;
            setImmediate(run);
          }),
      };
    },
  };
}
