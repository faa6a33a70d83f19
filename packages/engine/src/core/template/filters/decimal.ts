/**
 * Exact decimal numbers: a whole number of units of 10^-scale. No floating point anywhere, so `0.1 + 0.2` cannot happen.
 */

/** The number `coefficient × 10^-scale`; the scale is the number of digits after the point, 0 or more. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly scale: number;
}

/** Longer texts and larger exponents are no amounts; the limit keeps the work bounded. */
const longestDecimal = 64;
const largestExponent = 64;

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Whether the text is a number in the form of JSON (RFC 8259 section 6), of any length. */
export function isJsonNumber(text: string): boolean {
  return jsonNumber.test(text);
}

/**
 * The exact number in a text of JSON's form, or null if there is none, or one of more than 64 characters.
 *
 * @example parseDecimal("10.50") // { coefficient: 1050n, scale: 2 }
 */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > longestDecimal || !jsonNumber.test(text)) return null;
  const [, sign, whole = "", fraction = "", exponentText = "0"] = parts.exec(text) as RegExpExecArray;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > largestExponent) return null;
  const unsigned = BigInt(whole + fraction);
  const coefficient = sign === "-" ? -unsigned : unsigned;
  const scale = fraction.length - exponent;
  if (scale >= 0) return { coefficient, scale };
  return { coefficient: coefficient * 10n ** BigInt(-scale), scale: 0 };
}

/**
 * The number in plain digits, with as many after the point as its scale says; never `-0`.
 *
 * @example formatDecimal({ coefficient: -5n, scale: 2 }) // "-0.05"
 */
export function formatDecimal({ coefficient, scale }: Decimal): string {
  const negative = coefficient < 0n;
  const digits = String(negative ? -coefficient : coefficient).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${text}` : text;
}

/** The same number with exactly `scale` digits after the point, or null if one that is not zero would be lost. */
export function rescale({ coefficient, scale: from }: Decimal, scale: number): Decimal | null {
  if (scale >= from) return { coefficient: coefficient * 10n ** BigInt(scale - from), scale };
  const unit = 10n ** BigInt(from - scale);
  return coefficient % unit === 0n ? { coefficient: coefficient / unit, scale } : null;
}

/** The nearest number with `scale` digits after the point; a half goes away from zero. */
export function roundTo(decimal: Decimal, scale: number): Decimal {
  const exact = rescale(decimal, scale);
  if (exact !== null) return exact;
  const unit = 10n ** BigInt(decimal.scale - scale);
  const half = decimal.coefficient < 0n ? -unit / 2n : unit / 2n;
  return { coefficient: (decimal.coefficient + half) / unit, scale };
}

/** The exact product. */
export function multiply(a: Decimal, b: Decimal): Decimal {
  return { coefficient: a.coefficient * b.coefficient, scale: a.scale + b.scale };
}
