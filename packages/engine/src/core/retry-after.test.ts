import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const now = Date.parse("2026-03-04T10:00:00.000Z");
const seed = 20_260_304;

test("nothing asks for nothing", () => {
  expect(retryAfterMs(null, now)).toBeNull();
  expect(retryAfterMs("", now)).toBeNull();
});

describe("seconds", () => {
  test("of any length, with blanks around", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000_000), fc.constantFrom("", " ", "\t"), (seconds, blank) => {
        expect(retryAfterMs(`${blank}${seconds}${blank}`, now)).toBe(seconds * 1_000);
      }),
      { seed },
    );
    // Longer than any clock: still a wait, which the policy caps, and not garbage, which would mean none.
    expect(retryAfterMs("9".repeat(30), now)).toBeGreaterThan(1e30);
    expect(retryAfterMs("9".repeat(400), now)).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([
    ["60.5", 60_500],
    ["60, 60", 60_000],
    ["60,120 , 30", 120_000],
  ])("%s: what no standard has, but can mean one thing alone", (value, ms) => {
    expect(retryAfterMs(value, now)).toBe(ms);
  });

  test("that are an instant: since 1970, near to now", () => {
    const seconds = now / 1_000;
    expect(retryAfterMs(String(seconds + 3_600), now)).toBe(3_600_000);
    expect(retryAfterMs(String(now + 3_600_000), now)).toBe(3_600_000);
    expect(retryAfterMs(String(seconds - 3_600), now)).toBe(0);
    expect(retryAfterMs(String(seconds + 9 * 31_557_600), now)).toBe(9 * 31_557_600_000);
    expect(retryAfterMs(String(seconds + 11 * 31_557_600), now)).toBe((seconds + 11 * 31_557_600) * 1_000);
    expect(retryAfterMs(String(seconds - 2 * 31_557_600), now)).toBe((seconds - 2 * 31_557_600) * 1_000);
  });

  test.each(["-5", "+5", "1e3", "0x10", "5s", "5 6", "５", "NaN", "Infinity", "1.", ".5", "60,", "60, soon"])(
    "%s is garbage",
    (value) => {
      expect(retryAfterMs(value, now)).toBeNull();
    },
  );
});

const longDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** The three forms of RFC 9110, 5.6.7, and ways that other software writes them. */
const written: Readonly<Record<string, (date: Date) => string>> = {
  imf: (date) => date.toUTCString(),
  rfc850: (date) => {
    const [, day, month, year, time] = date.toUTCString().split(" ");
    return `${longDays[date.getUTCDay()]}, ${day}-${month}-${year!.slice(2)} ${time} GMT`;
  },
  asctime: (date) => {
    const [weekday, day, month, year, time] = date.toUTCString().split(" ");
    return `${weekday!.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
  },
  "rfc850 with four digits": (date) => {
    const [weekday, day, month, year, time] = date.toUTCString().split(" ");
    return `${weekday} ${day}-${month}-${year} ${time} GMT`;
  },
  "an offset of zero": (date) => date.toUTCString().replace("GMT", "+0000"),
  UTC: (date) => date.toUTCString().replace("GMT", "UTC"),
  "an offset": (date) => new Date(date.getTime() + 5_400_000).toUTCString().replace("GMT", "+0130"),
  "an offset behind": (date) => new Date(date.getTime() - 36_000_000).toUTCString().replace("GMT", "-1000"),
  "lower case": (date) => date.toUTCString().toLowerCase(),
  "no weekday": (date) => date.toUTCString().slice(5),
  "one digit for the day": (date) => date.toUTCString().replace(/, 0/, ", "),
  "RFC 3339": (date) => date.toISOString().replace(".000", ""),
};

describe("a date", () => {
  test.each(Object.entries(written))(
    "as %s asks for the time until then, in whole seconds",
    (_form, write) => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 10 * 365 * 86_400 }), (seconds) => {
          expect(retryAfterMs(write(new Date(now + seconds * 1_000)), now)).toBe(seconds * 1_000);
        }),
        { seed },
      );
    },
  );

  test("in the past asks for 0", () => {
    for (const write of Object.values(written))
      expect(retryAfterMs(write(new Date(now - 5_000)), now)).toBe(0);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:00 GMT", now)).toBe(0);
  });

  test("may be the leap second", () => {
    const before = Date.parse("2026-12-31T23:59:00Z");
    for (const value of [
      "Thu, 31 Dec 2026 23:59:60 GMT",
      "Thursday, 31-Dec-26 23:59:60 GMT",
      "Thu Dec 31 23:59:60 2026",
    ])
      expect(retryAfterMs(value, before)).toBe(60_000);
  });

  test("of another weekday is the date it names", () => {
    expect(retryAfterMs("Mon, 04 Mar 2026 11:00:00 GMT", now)).toBe(3_600_000);
  });

  test("of two digits is never more than 50 years ahead, in any century", () => {
    const nows = fc.integer({ min: Date.parse("2000-01-01"), max: Date.parse("2199-12-31") });
    fc.assert(
      fc.property(nows, fc.integer({ min: -49, max: 49 }), (at, years) => {
        const then = new Date(at - (at % 1_000));
        then.setUTCFullYear(then.getUTCFullYear() + years, then.getUTCMonth(), 15);
        const asked = retryAfterMs(written["rfc850"]!(then), at);
        expect(asked).toBe(Math.max(0, then.getTime() - at));
      }),
      { seed, numRuns: 500 },
    );
    expect(retryAfterMs("Wednesday, 04-Mar-76 10:00:00 GMT", now)).toBeGreaterThan(49 * 365 * 86_400_000);
    expect(retryAfterMs("Wednesday, 04-Mar-76 10:00:01 GMT", now)).toBe(0);
    expect(retryAfterMs("Sunday, 06-Nov-94 08:49:37 GMT", now)).toBe(0);
  });

  test.each([
    ["a day that February has not", "Tue, 31 Feb 2026 10:00:00 GMT"],
    ["the same in two digits", "Tuesday, 31-Feb-26 10:00:00 GMT"],
    ["the same as asctime", "Tue Feb 31 10:00:00 2026"],
    ["25 o'clock", "Tue, 03 Mar 2026 25:00:00 GMT"],
    ["24 o'clock", "Wed, 04 Mar 2026 24:00:00 GMT"],
    ["minute 60", "Wed, 04 Mar 2026 10:60:00 GMT"],
    ["second 61", "Wed, 04 Mar 2026 10:00:61 GMT"],
    ["day 0", "Wed, 00 Mar 2026 10:00:00 GMT"],
    ["month 13", "2026-13-04T11:00:00Z"],
    ["a zone by name", "Wed, 04 Mar 2026 11:00:00 CEST"],
    ["no zone", "Wed, 04 Mar 2026 11:00:00"],
    ["RFC 3339 without a zone", "2026-03-04T11:00:00"],
    ["another language", "Mi, 04 Mrz 2026 11:00:00 GMT"],
    ["more after it", "Wed, 04 Mar 2026 11:00:00 GMT; 5"],
    ["more before it", "x Wed, 04 Mar 2026 11:00:00 GMT"],
  ])("%s is garbage", (_what, value) => {
    expect(retryAfterMs(value, now)).toBeNull();
  });
});

test("whatever comes is null or a wait that is not negative", () => {
  const near = fc
    .constantFrom(
      "Wed, 04 Mar 2026 11:00:00 GMT",
      "Wednesday, 04-Mar-26 11:00:00 GMT",
      "Wed Mar  4 11:00:00 2026",
      "120",
    )
    .chain((value) =>
      fc
        .tuple(fc.nat(value.length), fc.string({ maxLength: 3 }))
        .map(([at, text]) => value.slice(0, at) + text + value.slice(at + 1)),
    );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), near), (value) => {
      const asked = retryAfterMs(value, now);
      expect(asked === null || asked >= 0).toBe(true);
    }),
    { seed, numRuns: 2_000 },
  );
});
