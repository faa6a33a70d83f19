import { jitteredMs } from "../core/retry-policy.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Telemetry } from "../ports/telemetry.ts";

interface Streak {
  readonly sinceMs: number;
  lastMs: number;
  waitMs: number;
}

/** The bounds of a streak's wait, which is half of the time that the streak has lasted. */
interface Waits {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Something that this process lacks: it comes back by itself, or when somebody gives it more. */
export const lackWaits: Waits = { leastMs: 2_000, mostMs: 30_000 };
/** A fault in Postrider's code, for a later version to fix. */
export const faultWaits: Waits = { leastMs: 5_000, mostMs: 600_000 };

/** A streak is over after this long, plus twice the last wait, without another fault. */
const quietMs = 60_000;
const mostStreaks = 200;

/**
 * What keeps this process itself from sending: for each cause, how long it has lasted. The deliveries concerned are put back
 * unchanged, and each streak is reported once.
 */
export class OwnFaults {
  readonly #tools: { readonly clock: Clock; readonly random: Random; readonly telemetry: Telemetry };
  readonly #streaks = new Map<string, Streak>();

  constructor(tools: { readonly clock: Clock; readonly random: Random; readonly telemetry: Telemetry }) {
    this.#tools = tools;
  }

  /**
   * A delivery is put back for this cause.
   *
   * @param cause the same words for the same cause
   * @returns milliseconds after which to try again
   */
  report(cause: string, { leastMs, mostMs }: Waits, error: unknown = cause): number {
    const { clock, random, telemetry } = this.#tools;
    const nowMs = clock.monotonicMs();
    const known = this.#streaks.get(cause);
    const goesOn = known !== undefined && nowMs - known.lastMs <= quietMs + 2 * known.waitMs;
    const streak = goesOn ? known : { sinceMs: nowMs, lastMs: nowMs, waitMs: 0 };
    const wantedMs = Math.min(mostMs, Math.max(leastMs, (nowMs - streak.sinceMs) / 2));
    streak.lastMs = nowMs;
    streak.waitMs = leastMs / 2 + jitteredMs(wantedMs, "equal", random());
    if (!goesOn) {
      if (this.#streaks.size >= mostStreaks) this.#streaks.delete(this.#streaks.keys().next().value!);
      this.#streaks.set(cause, streak);
      telemetry.fault({ where: "send", error, retryInMs: Math.round(streak.waitMs) });
    }
    telemetry.putBack?.();
    return Math.round(streak.waitMs);
  }
}
