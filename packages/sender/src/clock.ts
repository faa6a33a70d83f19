/** Epoch milliseconds. */
export type Now = () => number;

/** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** The wall clock of this runtime. */
export const systemNow: Now = () => Date.now();

/** Waits by the timers of this runtime. */
export const systemSleep: Sleep = (ms, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
