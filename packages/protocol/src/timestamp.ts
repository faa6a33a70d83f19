import { ProtocolError } from "./errors.ts";

/** Distance from `now` at which a timestamp still counts as fresh, in seconds, in both directions. */
export const defaultToleranceSeconds = 300;

/** When it is now, and how far a timestamp may lie from it. */
export interface Freshness {
  /** Or milliseconds since 1970. */
  now: Date | number;
  /** Seconds, both ways, inclusive; 0 allows only the same second. Default {@link defaultToleranceSeconds}. */
  toleranceSeconds?: number;
}

/**
 * Refuses a timestamp too far from `now`: a stolen message can be replayed only within the tolerance.
 *
 * @throws ProtocolError `timestamp_too_old`, `timestamp_too_new`, `option_invalid`
 */
export function checkFreshness(
  timestampSeconds: number,
  { now, toleranceSeconds = defaultToleranceSeconds }: Freshness,
): void {
  const nowMs = now instanceof Date ? now.getTime() : now;
  // A NaN would make every comparison below false, and so every timestamp fresh.
  if (!Number.isFinite(nowMs)) throw optionInvalid("now", "a valid Date, or milliseconds");
  if (!Number.isFinite(toleranceSeconds) || toleranceSeconds < 0) {
    throw optionInvalid("toleranceSeconds", "0 or more seconds");
  }
  const aheadSeconds = timestampSeconds - Math.floor(nowMs / 1000);
  const skewSeconds = Math.abs(aheadSeconds);
  if (skewSeconds <= toleranceSeconds) return;
  const [code, words] =
    aheadSeconds < 0
      ? (["timestamp_too_old", "in the past"] as const)
      : (["timestamp_too_new", "in the future"] as const);
  throw new ProtocolError(
    code,
    { skewSeconds, toleranceSeconds },
    `The webhook-timestamp is ${skewSeconds} s ${words}, the tolerance is ${toleranceSeconds} s: check both clocks (NTP).`,
  );
}

/** The error for an argument outside its range. */
export function optionInvalid(option: string, expected: string): ProtocolError<"option_invalid"> {
  return new ProtocolError("option_invalid", { option }, `The argument ${option} must be ${expected}.`);
}
