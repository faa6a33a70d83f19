import { type Now, systemNow } from "../clock.ts";
import { type Answer, type NewToken, randomToken, type ReplayStore } from "../replay-store.ts";

/** How much to remember. */
export interface MemoryStoreOptions {
  /** Most ids kept; beyond it the oldest are forgotten, and could run again. Default 100,000. */
  maxEntries?: number;
  now?: Now;
  newToken?: NewToken;
}

interface Entry {
  token: string;
  answer: Answer | undefined;
  endsAtMs: number;
}

/**
 * A store in this process: for one process, for tests. It forgets at restart; use Redis or SQL otherwise.
 *
 * @example
 * ```ts
 * const store = memoryStore();
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): ReplayStore {
  const { maxEntries = 100_000, now = systemNow, newToken = randomToken } = options;
  const entries = new Map<string, Entry>();

  // Deleted first, so that the map stays in the order of writing and the first entry is the oldest.
  function write(id: string, entry: Entry): void {
    entries.delete(id);
    entries.set(id, entry);
    const oldest = entries.keys().next();
    if (entries.size > maxEntries && oldest.done !== true) entries.delete(oldest.value);
  }

  return {
    async claim(id, leaseMs) {
      const nowMs = now().getTime();
      const entry = entries.get(id);
      if (entry !== undefined && entry.endsAtMs > nowMs) {
        if (entry.answer !== undefined) return { state: "done", answer: entry.answer };
        return { state: "in_progress", retryAfterMs: entry.endsAtMs - nowMs };
      }
      const token = newToken();
      write(id, { token, answer: undefined, endsAtMs: nowMs + leaseMs });
      return { state: "new", token };
    },
    async complete(id, token, answer, keepMs) {
      write(id, { token, answer, endsAtMs: now().getTime() + keepMs });
    },
    async release(id, token) {
      const entry = entries.get(id);
      if (entry?.token === token && entry.answer === undefined) entries.delete(id);
    },
  };
}
