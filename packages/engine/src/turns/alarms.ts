import type { Clock } from "../ports/clock.ts";

/** Rings at later times, kept in this process: a lost one is found by the sweep. */
export interface Alarms {
  /** The earliest of several times for a partner wins. */
  set(partnerNo: number, atMs: number): void;
  stop(): void;
}

/** Alarms are looked at this often at most: a thousand retries due in the same moment cost one look. */
const stepMs = 5;
/** Timers of more than 24.8 days fire at once: look again within a day. */
const longestSleepMs = 86_400_000;

/** @param ring called with the partners whose time has come */
export function createAlarms(clock: Clock, ring: (partnerNos: readonly number[]) => void): Alarms {
  const atMsOf = new Map<number, number>();
  let nextMs = Number.POSITIVE_INFINITY;
  let cancel = () => {};
  let stopped = false;

  const sleepUntil = (atMs: number) => {
    nextMs = atMs;
    cancel();
    if (stopped || !Number.isFinite(atMs)) return;
    cancel = clock.after(Math.min(Math.max(atMs - clock.now(), stepMs), longestSleepMs), ringDue);
  };

  const ringDue = () => {
    const now = clock.now();
    const due: number[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [partnerNo, atMs] of atMsOf) {
      if (atMs <= now) due.push(partnerNo);
      else if (atMs < next) next = atMs;
    }
    for (const partnerNo of due) atMsOf.delete(partnerNo);
    sleepUntil(next);
    ring(due);
  };

  return {
    set(partnerNo, atMs) {
      const before = atMsOf.get(partnerNo);
      if (before !== undefined && before <= atMs) return;
      atMsOf.set(partnerNo, atMs);
      if (atMs < nextMs) sleepUntil(atMs);
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
