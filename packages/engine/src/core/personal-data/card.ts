/**
 * What looks like the number of a payment card (ISO/IEC 7812): the first digits and the length of an issuer, and a
 * check digit that is right. A tenth of all numbers has a right check digit, so the first digits decide how many ids
 * are taken for cards: of random ids of 16 digits about one in fifty.
 *
 * @packageDocumentation
 */
import { tokenEnd, tokenStart } from "./token.ts";

/** Digits in one piece, or in groups with one space or hyphen between them; no letter, dot or hyphen beside them. */
const candidates = new RegExp(`${tokenStart}\\d(?:[ -]?\\d){12,18}${tokenEnd}`, "g");

const digitsOnly = /^\d+$/;

/** Groups as they stand on cards: 4-4-4-4 and so on to 19 digits; 4-6-5 and 4-6-4. */
const grouped = /^\d{4}([ -])(?:\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{6}\1\d{4,5})$/;

/**
 * First digits by length. 13 and 19 digits are in no row for numbers in one piece: 13 digits are the form of instants,
 * 19 that of 64-bit ids, and cards of these lengths are rare.
 */
const issuers: readonly { readonly lengths: readonly number[]; readonly first: RegExp }[] = [
  { lengths: [15], first: /^3[47]/ },
  { lengths: [14], first: /^3(?:0[0-5]|[689])/ },
  // Visa; Mastercard; Discover; JCB; UnionPay; RuPay and others of the 60, 65 and 81 ranges.
  {
    lengths: [16],
    first: /^(?:4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|6011|64[4-9]|65|35(?:2[89]|[3-8])|62|60[78]|81)/,
  },
];
/** Only if the digits stand in groups: Visa of 13 and 19 digits, Maestro, UnionPay of 17 to 19. */
const issuersOfGroups = /^(?:4|5[06-8]|6)/;

/**
 * Whether `text` holds what looks like a card number.
 *
 * @param inOnePiece also digits without groups; false for the values of names that say they are ids
 */
export function hasCard(text: string, inOnePiece: boolean): boolean {
  // The most frequent case by far, without the search.
  if (text.length <= 19 && digitsOnly.test(text)) return inOnePiece && isCard(text, false);
  for (const [found] of text.matchAll(candidates)) {
    const digits = found.replace(/[ -]/g, "");
    const isGrouped = digits.length < found.length;
    const looksRight = isGrouped ? grouped.test(found) : inOnePiece;
    if (looksRight && isCard(digits, isGrouped)) return true;
  }
  return false;
}

function isCard(digits: string, isGrouped: boolean): boolean {
  const known = issuers.some(({ lengths, first }) => lengths.includes(digits.length) && first.test(digits));
  return (known || (isGrouped && issuersOfGroups.test(digits))) && passesLuhn(digits);
}

/** The check digit of ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30;
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
