const form = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s?(Z|[+-]\d{2}:\d{2})?)?$/i;

/** How a flag's time is written; the sentence is not ended. */
export const instantHint =
  "Like 2026-01-31T10:00:00Z or 2026-01-31 10:00 (UTC unless it names a zone, such as +02:00)";

/**
 * The instant that a flag names, in milliseconds since 1970; NaN if it names none. Without a zone it is UTC, as all times
 * are that the commands write: `Date.parse` would take the zone of this machine.
 *
 * @example parseInstant("2026-01-31 10:00") // the same as parseInstant("2026-01-31T10:00:00Z")
 */
export function parseInstant(text: string): number {
  const [, date, time, zone] = form.exec(text) ?? [];
  return Date.parse(date === undefined ? "" : `${date}T${time ?? "00:00"}${zone?.toUpperCase() ?? "Z"}`);
}
