const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/**
 * A length of time in its two largest units: `850ms`, `4.2s`, `3m 20s`, `2d 5h`.
 *
 * @example duration(200_000) // "3m 20s"
 */
export function duration(ms: number): string {
  const length = Math.abs(Math.round(ms));
  if (length < 1_000) return `${length}ms`;
  if (length < 10_000) return `${String(Math.round(length / 100) / 10)}s`;
  const index = units.findIndex(([, size]) => length >= size);
  const [name, size] = units[index] ?? units[3];
  const smaller = units[index + 1];
  const rest = smaller === undefined ? 0 : Math.floor((length % size) / smaller[1]);
  return `${Math.floor(length / size)}${name}${smaller === undefined || rest === 0 ? "" : ` ${rest}${smaller[0]}`}`;
}

/** A length of time in its largest unit, for tables: `3m`. */
function brief(ms: number): string {
  const [name, size] = units.find(([, size]) => Math.abs(ms) >= size) ?? units[3];
  return `${Math.floor(Math.abs(ms) / size)}${name}`;
}

/**
 * A time seen from now: `3m ago`, `in 40s`, `now`; `-` for none.
 *
 * @example fromNow("2026-01-31T10:00:00Z", nowMs)
 */
export function fromNow(time: string | null | undefined, nowMs: number): string {
  const at = time === null || time === undefined ? Number.NaN : Date.parse(time);
  if (Number.isNaN(at)) return "-";
  const away = at - nowMs;
  if (Math.abs(away) < 1_000) return "now";
  return away < 0 ? `${brief(away)} ago` : `in ${brief(away)}`;
}

/** A time of day with its date, in UTC without fractions: `2026-01-31 10:00:00Z`. */
export function clockTime(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime())
    ? time
    : at
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, "Z");
}
