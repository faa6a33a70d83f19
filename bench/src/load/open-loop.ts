import { setTimeout as sleep } from "node:timers/promises";

/** Epoch milliseconds with their fraction, comparable between processes of one machine. */
export const preciseNowMs = (): number => performance.timeOrigin + performance.now();

/**
 * Calls `send` at `perSecond` for `durationMs`, at times fixed before the first call. Each call is given the time at
 * which it was due: latency counted from there includes every delay of the sender itself, so a slow system cannot
 * hide its pauses by slowing down the load (no coordinated omission). Resolves when all calls have resolved.
 */
export async function openLoop(
  perSecond: number,
  durationMs: number,
  send: (n: number, dueMs: number) => Promise<void>,
): Promise<void> {
  const startMs = preciseNowMs() + 20;
  const count = Math.round((durationMs / 1_000) * perSecond);
  const calls: Promise<void>[] = [];
  for (let n = 0; n < count; n++) {
    const dueMs = startMs + (n * 1_000) / perSecond;
    const waitMs = dueMs - preciseNowMs();
    if (waitMs > 0) await sleep(waitMs);
    calls.push(send(n, dueMs));
  }
  await Promise.all(calls);
}

/** Waits until a fact holds. @throws Error where it does not within `limitMs` */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 60_000,
): Promise<void> {
  const startMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startMs > limitMs) throw new Error(`${what} did not happen within ${limitMs} ms`);
    await sleep(10);
  }
}
