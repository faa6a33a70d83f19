import { instantForm } from "./patterns.ts";

/** True for an ISO 8601 instant with a zone that exists (`2026-02-30` does not) and is within the years 1 to 9999 in UTC too. */
export function isInstant(text: string): boolean {
  if (!instantForm.test(text) || text.startsWith("0000")) return false;
  const day = Number(text.slice(8, 10));
  // Day 0 of the next month is the last of this one.
  if (day > 28) {
    const lastDay = new Date(Date.UTC(2000, 0, 1));
    lastDay.setUTCFullYear(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0);
    if (day > lastDay.getUTCDate()) return false;
  }
  if (!text.startsWith("0001-01-01") && !text.startsWith("9999-12-31")) return true;
  if (text.endsWith("Z")) return true;
  const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
  const offset = minutesOf(text.slice(-5)) * (text.at(-6) === "+" ? 1 : -1);
  const utcMinutes = minutesOf(text.slice(11, 16)) - offset;
  return text.startsWith("0001") ? utcMinutes >= 0 : utcMinutes < 1440;
}
