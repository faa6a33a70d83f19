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
      fc.property(fc.nat(), fc.constantFrom("", " ", "\t"), (seconds, blank) => {
        expect(retryAfterMs(`${blank}${seconds}${blank}`, now)).toBe(seconds * 1_000);
      }),
      { seed },
    );
    // Longer than any clock: still a wait, which the policy caps, and not garbage, which would mean none.
    expect(retryAfterMs("9".repeat(30), now)).toBeGreaterThan(1e30);
    expect(retryAfterMs("9".repeat(400), now)).toBe(Number.POSITIVE_INFINITY);
  });

  test.each(["-5", "+5", "1.5", "1e3", "0x10", "5s", "5 6", "５", "NaN", "Infinity"])(
    "%s is garbage",
    (value) => {
      expect(retryAfterMs(value, now)).toBeNull();
    },
  );
});

describe("a date", () => {
  test("asks for the time until then, in whole seconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 * 365 * 86_400 }), (seconds) => {
        expect(retryAfterMs(new Date(now + seconds * 1_000).toUTCString(), now)).toBe(seconds * 1_000);
      }),
      { seed },
    );
  });

  test("in the past asks for 0", () => {
    expect(retryAfterMs(new Date(now - 5_000).toUTCString(), now)).toBe(0);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:00 GMT", now)).toBe(0);
  });

  test.each([
    ["a day that February has not", "Tue, 31 Feb 2026 10:00:00 GMT"],
    ["the same, with the weekday of what it would roll over to", "Tue, 03 Mar 2026 25:00:00 GMT"],
    ["another weekday", "Mon, 04 Mar 2026 11:00:00 GMT"],
    ["24 o'clock", "Wed, 04 Mar 2026 24:00:00 GMT"],
    ["minute 60", "Wed, 04 Mar 2026 10:60:00 GMT"],
    ["another zone", "Wed, 04 Mar 2026 11:00:00 +0100"],
    ["no zone", "Wed, 04 Mar 2026 11:00:00"],
    ["ISO 8601", "2026-03-04T11:00:00Z"],
    ["lower case", "wed, 04 mar 2026 11:00:00 gmt"],
    ["more after it", "Wed, 04 Mar 2026 11:00:00 GMT; 5"],
  ])("%s is garbage", (_what, value) => {
    expect(retryAfterMs(value, now)).toBeNull();
  });
});

test("whatever comes is null or a wait that is not negative", () => {
  const near = fc
    .constantFrom("Wed, 04 Mar 2026 11:00:00 GMT", "120")
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
