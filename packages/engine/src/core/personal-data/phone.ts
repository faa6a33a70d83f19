/**
 * What looks like a phone number. Digits alone are no phone number: they are an id, an amount or an instant much more
 * often. What tells is the `+` of E.164, or groups as people write them. Which country a national number is of cannot
 * be known here, so only forms are looked at, and no list of number ranges.
 *
 * Each expression has bounded repetitions, so the whole is linear.
 *
 * @packageDocumentation
 */
import { tokenEnd, tokenStart } from "./token.ts";

/** ITU-T E.164: `+`, the country's code, at most 15 digits; separators as in RFC 3966. 8 digits are the fewest here. */
const international = /(?<!\w)\+ ?\(?[1-9](?:[ ()./-]{0,2}\d){7,14}(?!\d)/;

/** The forms of numbers in groups. What is a date, a price, a version or an address of the internet fits none of them. */
const groups: readonly string[] = [
  // The prefix 00 in place of the +: 0049 170 1234567. In one piece it may be an id that zeros fill up.
  String.raw`00[ -]?[1-9]\d{0,2}(?:[ .\/-]\(?\d{2,8}\)?){1,5}`,
  // North America: (415) 555-2671, 415-555-2671, 1 415.555.2671.
  String.raw`(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}`,
  // An area code in parentheses: (030) 1234 5678, 8 (912) 345-67-89.
  String.raw`\(0?\d{2,5}\) ?\d{3,5}(?:[ .\/-]?\d{2,5}){1,3}`,
  // A trunk zero and pairs: 06 12 34 56 78.
  String.raw`0[1-9](?:(?: \d\d){4}|(?:\.\d\d){4}|(?:-\d\d){4})`,
  // A trunk zero and a short area code: 06-12345678, 02 1234 5678.
  String.raw`0[1-9][ -](?:\d{8}|\d{4} \d{4})`,
  // A trunk zero and an area code of 3 to 5 digits: 0170/1234567, 020 7946 0958, 090-1234-5678.
  String.raw`0[1-9]\d{1,3}[ \/-]\d{3,8}(?:[ -]\d{2,5}){0,2}`,
  // China and Brazil: 138-0013-8000, 11 91234-5678.
  String.raw`(?:1[3-9]\d-\d{4}-\d{4}|[1-9]\d \d{4,5}-\d{4})`,
];

const inGroups = new RegExp(`${tokenStart}(?:${groups.join("|")})${tokenEnd}`, "g");

/** Nothing but groups of digits with spaces between them: 612 345 678, 98765 43210. */
const spaced = /^ ?\d{2,5}(?: \d{2,5}){1,4} ?$/;
/** The `+` became a space, because somebody decoded it as a form does. */
const lostPlus = /^ [1-9]\d{9,14}$/;
/** Digits under a name that says what they are: `phone=4155552671`, `"msisdn":"4915112345678"`. */
const named =
  /(?:phone|mobile|msisdn|whatsapp|(?<![a-z])(?:tel|cell))(?:[_-]?(?:number|num|no))?["']?\s{0,2}[:=]\s{0,2}["']?0{0,2}\d{8,15}(?!\d)/i;

const digitsOf = (text: string): number => text.replace(/\D/g, "").length;

/**
 * Whether `text` holds what looks like a phone number.
 *
 * @param isPhone the name of the value says that it is one: then digits alone are one too
 */
export function hasPhone(text: string, isPhone: boolean): boolean {
  if (isPhone && /^[\d +()./-]+$/.test(text) && isPhoneLength(digitsOf(text))) return true;
  if (text.includes("+") && international.test(text)) return true;
  if (lostPlus.test(text) || named.test(text)) return true;
  for (const [found] of text.matchAll(inGroups)) {
    const digits = digitsOf(found);
    if (digits >= 9 && digits <= 17) return true;
  }
  if (!spaced.test(text)) return false;
  const digits = digitsOf(text);
  return digits >= 9 && digits <= 11;
}

/** E.164 has at most 15 digits; 2 more for the prefix 00. */
const isPhoneLength = (digits: number): boolean => digits >= 8 && digits <= 17;
