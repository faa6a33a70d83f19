import { formatDurationMs, parseDurationMs } from "@postrider/engine";

/** One attempt of a retry ladder. */
export interface Rung {
  readonly attempt: number;
  /** The wait before it at most; null for the first. */
  readonly wait: string | null;
  /** How long after the first attempt at the latest, answers taking no time. */
  readonly afterAtMost: string;
}

/**
 * The attempts of a schedule with their times added up, cut off where deliveries expire.
 *
 * @example ladder(["5s", "1m"], "80h") // attempt 1 at once, 2 after 5s, 3 after 1m5s
 */
export function ladder(schedule: readonly string[], expiresAfter: string): Rung[] {
  const limitMs = parseDurationMs(expiresAfter);
  const rungs: Rung[] = [{ attempt: 1, wait: null, afterAtMost: "at once" }];
  let totalMs = 0;
  for (const wait of schedule) {
    totalMs += parseDurationMs(wait);
    if (totalMs > limitMs) break;
    rungs.push({
      attempt: rungs.length + 1,
      wait: formatDurationMs(parseDurationMs(wait)),
      afterAtMost: inUnits(totalMs),
    });
  }
  return rungs;
}

/** `65,000` ms as `1m 5s`: every unit that is not zero, days first. */
export function inUnits(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ] as const;
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) parts.push(`${n}${unit}`);
  }
  return parts.length === 0 ? "0s" : parts.join(" ");
}
