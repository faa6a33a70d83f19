import { parseDecimal } from "./decimal.ts";

/** An instant: whole seconds since 1970-01-01T00:00:00Z (negative before), and the digits of its fraction as they were given. */
export interface Instant {
  readonly seconds: number;
  /** At most 9 digits, without the point; empty if there is none. */
  readonly fraction: string;
  /** The offset from UTC that it is shown with, in seconds. */
  readonly offsetSeconds: number;
}

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d{0,9})?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** 0000-01-01 and 9999-12-31 in UTC, the years that RFC 3339 can write. */
const firstSecond = -62_167_219_200;
const lastSecond = 253_402_300_799;

/** Whether the instant's year, in the zone that it is shown in, has four digits. */
export function isWithinYears({ seconds, offsetSeconds }: Instant): boolean {
  const local = seconds + offsetSeconds;
  return local >= firstSecond && local <= lastSecond;
}

/** The instant in an RFC 3339 text (a space may stand for the `T`), or null. It is shown with the offset of the text. */
function parseText(text: string): Instant | null {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = "",
    sign,
    offsetHour = "0",
    offsetMinute = "0",
  ] = match;
  const offset = Number(offsetHour) * 3600 + Number(offsetMinute) * 60;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that its month does not have becomes one of the next month.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  const local = date.getTime() / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const offsetSeconds = sign === "-" ? -offset : offset;
  return { seconds: local - offsetSeconds, fraction, offsetSeconds };
}

/** Numbers below these are seconds, milliseconds, microseconds. */
const units: readonly (readonly [below: bigint, digits: number])[] = [
  [10n ** 11n, 0],
  [10n ** 14n, 3],
  [10n ** 17n, 6],
];

/**
 * The instant in a number. Below 100,000,000,000 it is seconds (until the year 5138), below 100,000,000,000,000
 * milliseconds (from March 1973), below a thousand times that microseconds: none of them can be mistaken for a date of
 * our days in another unit.
 */
function parseNumber(text: string): Instant | null {
  const decimal = parseDecimal(text);
  if (decimal === null) return null;
  const whole = decimal.coefficient / 10n ** BigInt(decimal.scale);
  const size = whole < 0n ? -whole : whole;
  const unit = units.find(([below]) => size < below);
  if (unit === undefined) return null;
  const scale = decimal.scale + unit[1];
  const one = 10n ** BigInt(scale);
  let seconds = decimal.coefficient / one;
  let rest = decimal.coefficient % one;
  if (rest < 0n) {
    seconds -= 1n;
    rest += one;
  }
  const fraction = scale === 0 ? "" : String(rest).padStart(scale, "0").slice(0, 9);
  return { seconds: Number(seconds), fraction, offsetSeconds: 0 };
}

/**
 * The instant in a text: RFC 3339 with its zone, or a number of seconds, milliseconds or microseconds since 1970. Null if
 * it holds none.
 *
 * @example parseInstant("2026-01-31T10:00:00.5Z") // { seconds: 1769853600, fraction: "5", offsetSeconds: 0 }
 */
export function parseInstant(text: string): Instant | null {
  const instant = parseText(text) ?? parseNumber(text);
  return instant !== null && isWithinYears(instant) && isWithinYears({ ...instant, offsetSeconds: 0 })
    ? instant
    : null;
}
