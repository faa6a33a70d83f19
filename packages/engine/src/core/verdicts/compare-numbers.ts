/** A number as its sign, its digits without zeros at both ends, and the power of ten of the first of them. */
interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly power: number;
}

const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const short = /^-?\d+(?:\.\d+)?$/;
/** Exponents with more digits are not compared: no amount has one. */
const longestExponent = 9;

/** The parts of a JSON number; null for any other text. */
function decimalOf(text: string): Decimal | null {
  const parts = form.exec(text);
  if (parts === null) return null;
  const [, minus, whole = "", fraction = "", exponent = "0"] = parts;
  if (exponent.length > longestExponent + 1) return null;
  const all = whole + fraction;
  const zeros = /^0*/.exec(all)![0].length;
  if (zeros === all.length) return { sign: 0, digits: "", power: 0 };
  return {
    sign: minus === "-" ? -1 : 1,
    digits: withoutTail(all.slice(zeros)),
    power: whole.length - zeros + Number(exponent),
  };
}

function withoutTail(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return digits.slice(0, end);
}

/**
 * Compares two numbers in their JSON form, with all their digits: below 0 if the first is smaller, 0 if both are equal,
 * above 0 if it is larger. Null if one of them is no number.
 *
 * @example compareNumbers("10.50", "10.5") // 0
 * @example compareNumbers("9007199254740993", "9007199254740992") // 1
 */
export function compareNumbers(a: string, b: string): number | null {
  // Nearly every number: with 15 digits or fewer, different numbers are different to JavaScript too.
  if (a.length <= 15 && b.length <= 15 && short.test(a) && short.test(b)) return Number(a) - Number(b) || 0;
  const [one, other] = [decimalOf(a), decimalOf(b)];
  if (one === null || other === null) return null;
  if (one.sign !== other.sign) return one.sign - other.sign;
  if (one.power !== other.power) return one.power > other.power ? one.sign : -one.sign;
  if (one.digits === other.digits) return 0;
  // Digits begin at the same place and have no zeros at their end: they compare as texts do.
  return one.digits > other.digits ? one.sign : -one.sign;
}
