/**
 * Milliseconds a `Retry-After` value asks for, from `nowMs`; null for garbage, which is ignored. Both forms of
 * RFC 9110 section 10.2.3: whole seconds (of any length: the caller caps them), and the IMF-fixdate of section 5.6.7.
 * A date in the past asks for 0.
 *
 * @example retryAfterMs("120", now) // 120000
 */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  if (!imfFixdate.test(text)) return null;
  const at = Date.parse(text);
  // Date.parse rolls "31 Feb" over into March: a date that does not print back as itself is garbage.
  return Number.isNaN(at) || new Date(at).toUTCString() !== text ? null : Math.max(0, at - nowMs);
}

const imfFixdate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;
