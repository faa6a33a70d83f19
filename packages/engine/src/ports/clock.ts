/** Time, for the loops that must wait. Pure code takes `now` (epoch milliseconds) as an argument instead. */
export interface Clock {
  /**
   * Epoch milliseconds by the ledger's clock (`fleet/ledger-clock.ts`): for what is stored, signed or compared with the ledger.
   * A setting of the machine's clock does not move it, unless the ledger is embedded: the machine's clock is the ledger's then.
   */
  now(): number;
  /**
   * Epoch milliseconds by the clock of this machine, right or wrong. It runs on while the machine is suspended, which monotonic
   * time may not. For nothing that is stored, sent, or compared with the ledger.
   */
  localNow(): number;
  /**
   * Milliseconds since some moment of this process, which no setting of the clock moves: for durations, and for the
   * deadlines of what is in flight. Means nothing to another process.
   */
  monotonicMs(): number;
  /** Resolves after `ms` (at once if it is below 0), or when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls back once after `ms` (in the next turn of the event loop if it is below 0), unless the function it returns was called before. For waits that mostly end early:
   * ending a `sleep` by a signal makes an exception with a stack, some 20 µs.
   */
  after(ms: number, callback: () => void): () => void;
}

/** Node warns of a timer below 0 or above this, and then fires it at once. 24.8 days. */
const longestTimerMs = 2 ** 31 - 1;
const timerMs = (ms: number): number => Math.min(Math.max(ms, 0), longestTimerMs);

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  localNow: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, timerMs(ms));
      signal?.addEventListener("abort", done, { once: true });
    }),
  after(ms, callback) {
    const timer = setTimeout(callback, timerMs(ms));
    return () => clearTimeout(timer);
  },
};
