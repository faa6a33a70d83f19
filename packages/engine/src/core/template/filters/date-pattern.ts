import type { Instant } from "./instant.ts";

/** The parts of an instant as a clock shows it at its offset. */
interface Fields {
  readonly date: Date;
  readonly fraction: string;
  readonly offsetSeconds: number;
}

type Token = (fields: Fields) => string;

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
const four = (value: number): string => String(value).padStart(4, "0");

const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function offsetText(seconds: number, separator: string, zero: string | null): string {
  if (seconds === 0 && zero !== null) return zero;
  const minutes = Math.abs(seconds) / 60;
  return `${seconds < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`;
}

const month = ({ date }: Fields): number => date.getUTCMonth();
const hour = ({ date }: Fields): number => date.getUTCHours();
const half = (fields: Fields): number => hour(fields) % 12 || 12;

/** The fields of a pattern, as Unicode's date field symbols write them (UTS 35). English names; no other language. */
const fieldTokens: ReadonlyMap<string, Token> = new Map<string, Token>([
  ["yyyy", ({ date }) => four(date.getUTCFullYear())],
  ["yy", ({ date }) => two(date.getUTCFullYear() % 100)],
  ["MMMM", (fields) => monthNames[month(fields)] as string],
  ["MMM", (fields) => (monthNames[month(fields)] as string).slice(0, 3)],
  ["MM", (fields) => two(month(fields) + 1)],
  ["M", (fields) => String(month(fields) + 1)],
  ["dd", ({ date }) => two(date.getUTCDate())],
  ["d", ({ date }) => String(date.getUTCDate())],
  ["EEEE", ({ date }) => dayNames[date.getUTCDay()] as string],
  ["EEE", ({ date }) => (dayNames[date.getUTCDay()] as string).slice(0, 3)],
  ["HH", (fields) => two(hour(fields))],
  ["H", (fields) => String(hour(fields))],
  ["hh", (fields) => two(half(fields))],
  ["h", (fields) => String(half(fields))],
  ["a", (fields) => (hour(fields) < 12 ? "AM" : "PM")],
  ["mm", ({ date }) => two(date.getUTCMinutes())],
  ["m", ({ date }) => String(date.getUTCMinutes())],
  ["ss", ({ date }) => two(date.getUTCSeconds())],
  ["s", ({ date }) => String(date.getUTCSeconds())],
  ...Array.from({ length: 9 }, (_, index): [string, Token] => [
    "S".repeat(index + 1),
    ({ fraction }) => fraction.slice(0, index + 1).padEnd(index + 1, "0"),
  ]),
  ["xxx", ({ offsetSeconds }) => offsetText(offsetSeconds, ":", null)],
  ["XXX", ({ offsetSeconds }) => offsetText(offsetSeconds, ":", "Z")],
  ["xx", ({ offsetSeconds }) => offsetText(offsetSeconds, "", null)],
  ["XX", ({ offsetSeconds }) => offsetText(offsetSeconds, "", "Z")],
]);

/** The fields that a pattern can have. */
export const patternFields: readonly string[] = [...fieldTokens.keys()];

const zoneFields = /^[xX]/;
const token = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g;

/** A pattern that is ready to write instants. `hasZone` if it writes the offset. */
export interface DatePattern {
  readonly hasZone: boolean;
  readonly format: (instant: Instant) => string;
}

/**
 * Compiles a pattern such as `yyyy-MM-dd HH:mm:ssxxx`; letters in single quotes are literal, `''` is one quote. Gives the
 * words for the operator if a field is unknown.
 *
 * @example compilePattern("yyyyMMdd_HHmm")
 */
export function compilePattern(pattern: string): DatePattern | string {
  const tokens: (string | Token)[] = [];
  let hasZone = false;
  let hasField = false;
  for (const [text, quoted, letter] of pattern.matchAll(token)) {
    if (text === "'") return "A single quote in the pattern is never closed: write '' for one quote.";
    if (text === "''") tokens.push("'");
    else if (quoted !== undefined) tokens.push(quoted.replaceAll("''", "'"));
    else if (letter === undefined) tokens.push(text);
    else {
      const write = fieldTokens.get(text);
      if (write === undefined)
        return `"${text.slice(0, 20)}" is no field of a date: known are ${patternFields.join(", ")}; put other letters in single quotes.`;
      hasZone ||= zoneFields.test(text);
      hasField = true;
      tokens.push(write);
    }
  }
  if (!hasField) return `The pattern has no field: write for example yyyy-MM-dd.`;
  return { hasZone, format: (instant) => writeTokens(tokens, instant) };
}

function writeTokens(tokens: readonly (string | Token)[], instant: Instant): string {
  const { seconds, fraction, offsetSeconds } = instant;
  const fields = { date: new Date((seconds + offsetSeconds) * 1000), fraction, offsetSeconds };
  let text = "";
  for (const item of tokens) text += typeof item === "string" ? item : item(fields);
  return text;
}

/**
 * The instant as RFC 3339 text at its offset, with the digits of its fraction. UTC is `Z` unless `zulu` is false.
 *
 * @example formatIso({ seconds: 0, fraction: "5", offsetSeconds: 3600 }, true) // "1970-01-01T01:00:00.5+01:00"
 */
export function formatIso({ seconds, fraction, offsetSeconds }: Instant, zulu: boolean): string {
  const local = new Date((seconds + offsetSeconds) * 1000).toISOString().slice(0, 19);
  const digits = fraction === "" ? "" : `.${fraction}`;
  return `${local}${digits}${offsetText(offsetSeconds, ":", zulu ? "Z" : null)}`;
}
