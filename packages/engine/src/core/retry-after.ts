/**
 * Milliseconds a `Retry-After` value asks for, from `nowMs`; null for garbage, which is ignored. Past instants ask for 0,
 * and waits may be of any length: the caller caps them.
 *
 * | form | read as |
 * |---|---|
 * | `120` | seconds (RFC 9110, 10.2.3) |
 * | `Wed, 04 Mar 2026 11:00:00 GMT` | IMF-fixdate (RFC 9110, 5.6.7) |
 * | `Wednesday, 04-Mar-26 11:00:00 GMT` | RFC 850: the year that is not more than 50 years ahead |
 * | `Wed Mar  4 11:00:00 2026` | asctime, in UTC |
 *
 * Second 60 is the leap second. No standard has the following, but each can mean only one thing:
 *
 * | form | read as |
 * |---|---|
 * | `60.5` | seconds |
 * | `60, 60` or `60, 120` | the longest |
 * | `1772622000` or `1772622000000`, from a year before now to ten years after | seconds or milliseconds since 1970 |
 * | a date with `UTC`, `UT`, `Z` or `+0100` for `GMT` | that zone |
 * | a date with another weekday than its own, or none | the date |
 * | `2026-03-04T11:00:00Z` | RFC 3339 |
 *
 * A date without a zone (but asctime's), a unit (`60s`) and a sign are garbage.
 *
 * @example retryAfterMs("120", now) // 120000
 */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (numbers.test(text)) return Math.max(...text.split(",").map((each) => waitOf(Number(each), nowMs)));
  const at = instantOf(text, nowMs);
  return at === null ? null : Math.max(0, at - nowMs);
}

/** The bound keeps a long value from being a long list: no more than a hundred are compared. */
const numbers = /^\d+(?:\.\d+)?(?:[ \t]*,[ \t]*\d+(?:\.\d+)?){0,99}$/;

const yearMs = 365.25 * 86_400_000;

/** A number is a wait, unless it would be half a century or more and is an instant near to now. */
function waitOf(number: number, nowMs: number): number {
  for (const at of [number * 1_000, number])
    if (at > nowMs - yearMs && at < nowMs + 10 * yearMs) return Math.max(0, at - nowMs);
  return number * 1_000;
}

const weekday = "(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?[ ]+)?";
const month = "(?<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)";
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:\.\d+)?`;
const zone = String.raw`[ ]*(?<zone>gmt|utc?|z|[+-]\d\d:?\d\d)`;
const date = (pattern: string) => new RegExp(`^${pattern}$`, "i");

const forms = [
  date(String.raw`${weekday}(?<day>\d\d?)[ ]${month}[ ](?<year>\d{4})[ ]${time}${zone}`),
  date(String.raw`${weekday}(?<day>\d\d?)-${month}-(?<year>\d\d|\d{4})[ ]${time}${zone}`),
  date(String.raw`${weekday}${month}[ ]{1,2}(?<day>\d\d?)[ ]${time}[ ](?<year>\d{4})`),
  date(String.raw`(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[t ]${time}${zone}`),
];
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

function instantOf(text: string, nowMs: number): number | null {
  // Longer than every form.
  if (text.length > 64) return null;
  for (const form of forms) {
    const parts = form.exec(text)?.groups;
    if (parts) return instantOfParts(parts, nowMs);
  }
  return null;
}

function instantOfParts(parts: Readonly<Record<string, string | undefined>>, nowMs: number): number | null {
  const { year = "", month: name = "", day, hour, minute, second } = parts;
  const named = months.indexOf(name.toLowerCase());
  const monthIndex = named === -1 ? Number(name) - 1 : named;
  const at = (fullYear: number) =>
    instant([fullYear, monthIndex, Number(day), Number(hour), Number(minute), Number(second)]);
  const local = year.length === 2 ? latest(Number(year), at, nowMs) : at(Number(year));
  return local === null ? null : local - offsetMs(parts["zone"] ?? "z");
}

/** The instant, or null for a day or time that does not exist: `Date` would turn 31 February into March. */
function instant(parts: readonly [number, number, number, number, number, number]): number | null {
  const [year, monthIndex, day, hour, minute, second] = parts;
  if (hour > 23 || minute > 59 || second > 60) return null;
  const midnight = new Date(Date.UTC(year, monthIndex, day));
  if (midnight.getUTCMonth() !== monthIndex || midnight.getUTCDate() !== day) return null;
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000;
}

/** Of the years that end in two digits the latest that is not more than 50 years ahead (RFC 9110, 5.6.7). */
function latest(digits: number, at: (year: number) => number | null, nowMs: number): number | null {
  const now = new Date(nowMs);
  const limit = new Date(nowMs).setUTCFullYear(now.getUTCFullYear() + 50);
  const century = Math.floor(now.getUTCFullYear() / 100) * 100;
  for (const year of [century + 100 + digits, century + digits, century - 100 + digits]) {
    const found = at(year);
    if (found !== null && found <= limit) return found;
  }
  return null;
}

/** What a zone is ahead of UTC. */
function offsetMs(text: string): number {
  const parts = /^([+-])(\d\d):?(\d\d)$/.exec(text);
  if (!parts) return 0;
  const minutes = Number(parts[2]) * 60 + Number(parts[3]);
  return (parts[1] === "-" ? -minutes : minutes) * 60_000;
}
