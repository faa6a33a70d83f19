import { readDurationMs } from "@postrider/contract";
import { PostriderError } from "./errors.ts";

/**
 * Milliseconds of a text that must be a duration.
 *
 * @throws PostriderError `invalid_duration`
 * @example parseDurationMs("5s") // 5000
 */
export function parseDurationMs(text: string): number {
  const ms = readDurationMs(text);
  if (ms === null) {
    throw new PostriderError("invalid_duration", `"${text.slice(0, 40)}" is not a duration.`, {
      hint: "Write a number and a unit, at most 365 days: 250ms, 5s, 10m, 2h, 3d.",
    });
  }
  return ms;
}
