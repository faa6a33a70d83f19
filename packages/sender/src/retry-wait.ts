import type { Random } from "./random.ts";

/** First step of the waits between tries, in milliseconds; each next step doubles. */
export const firstWaitMs = 200;
/** Longest step of the waits between tries, in milliseconds. */
export const longestWaitMs = 5_000;

/**
 * Milliseconds to wait after try number `tries` (from 1): full jitter over 200, 400, 800, 1600, 3200, 5000, 5000 …,
 * and never less than the server asked for.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryWaitMs(tries: number, retryAfter: number | null, random: Random): number {
  const stepMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1));
  return Math.max(retryAfter ?? 0, Math.round(random() * stepMs));
}

const imfFixdate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Milliseconds a `Retry-After` value asks for, from `nowMs`: seconds or an HTTP date (RFC 9110 section 10.2.3).
 * Null for none and for garbage, 0 for a date in the past.
 */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  const text = value?.trim() ?? "";
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1_000;
  const atMs = imfFixdate.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
