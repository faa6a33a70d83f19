import fc from "fast-check";
import { expect, test } from "vitest";
import { compareNumbers } from "./compare-numbers.ts";

test.each([
  ["10.50", "10.5", 0],
  ["1e2", "100", 0],
  ["1.5E+3", "1500.000", 0],
  ["-0", "0.00", 0],
  ["0e99", "0", 0],
  ["0.001", "1e-3", 0],
  ["12345678901234567890", "12345678901234567891", -1],
  ["9007199254740993", "9007199254740992", 1],
  ["0.1", "0.10000000000000000001", -1],
  ["-2", "-10", 1],
  ["-1", "1", -1],
  ["1e400", "1e399", 1],
  ["-1e400", "1e-400", -1],
  ["0.0", "-0.1", 1],
])("%s against %s", (a, b, order) => {
  expect(Math.sign(compareNumbers(a, b)!)).toBe(order);
  expect(Math.sign(compareNumbers(b, a)!)).toBe(order === 0 ? 0 : -order);
});

test.each(["", "abc", "1.", ".5", "+1", "1e", "0x10", " 1", "1e99999999999", "NaN"])(
  "%j is no number",
  (text) => {
    expect(compareNumbers(text, "1")).toBeNull();
    expect(compareNumbers("1", text)).toBeNull();
  },
);

/** A decimal as a whole number over a power of ten, and as one of its texts. */
const decimal = fc.record({
  units: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  places: fc.nat(12),
  moved: fc.integer({ min: -5, max: 5 }),
  zeros: fc.nat(3),
});

interface Decimal {
  readonly units: bigint;
  readonly places: number;
  readonly moved: number;
  readonly zeros: number;
}

function textOf({ units, places, moved, zeros }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places) + "0".repeat(zeros);
  const exponent = moved === 0 ? "" : `e${moved}`;
  return `${units < 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}${exponent}`;
}

/** Exact, by whole numbers. */
const scaled = ({ units, places, moved }: Decimal) => units * 10n ** BigInt(20 - places + moved);

test("any two numbers compare as their exact values do, however they are written", () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const order = scaled(a) === scaled(b) ? 0 : scaled(a) > scaled(b) ? 1 : -1;
      expect(Math.sign(compareNumbers(textOf(a), textOf(b))!)).toBe(order);
      expect(compareNumbers(textOf(a), textOf({ ...a, zeros: (a.zeros + 1) % 4 }))).toBe(0);
    }),
    { seed: 20_260_131, numRuns: 2_000 },
  );
});

test("no text throws", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => void compareNumbers(a, b)),
    { seed: 7, numRuns: 1_000 },
  );
});
