import { hasCard } from "./card.ts";
import { hasEmail } from "./email.ts";
import { type KindSet, kindBits } from "./kinds.ts";
import { type NameHint, noHint } from "./names.ts";
import { hasPhone } from "./phone.ts";
import { base64Texts, beginsAsText, hexTexts, plain, unescaped } from "./unwrap.ts";

/** Layers of encodings that are taken off: `%2540` has two. */
const deepest = 3;

const digit = 1;
const atSign = 2;
const wrap = 4;
const plus = 8;
const names = 16;
const beyondAscii = 32;

/** Anything but ASCII letters, digits, `-`, `_` and `.`. */
const other = 64;
const dot = 128;

const traitOf = new Uint8Array(128).fill(other);
for (const [characters, trait] of [
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_", 0],
  ["0123456789", digit],
  [".", dot],
  ["@", atSign | other],
  ["%\\&", wrap | other],
  ["+", plus | other],
  ["=:", names | other],
] as const) {
  for (const character of characters) traitOf[character.charCodeAt(0)] = trait;
}

/**
 * What `text` looks like it holds, of the kinds in `look`: as it stands, and within percent encoding, JSON's and Markdown's
 * escapes, HTML's references, base64 and hexadecimal. A pure function of its arguments; linear in the text.
 *
 * It looks at forms only and can be wrong in both directions: docs/decisions/personal-data.md has what is found, what
 * is not, and how often ids are taken for something else.
 *
 * @param look the kinds that matter: bits of `kindBits`
 * @param hint what the name of the value says about its digits
 * @example personalKindsIn("john%40partner.example", everyKind) // kindBits.email
 * @example personalKindsIn("550e8400-e29b-41d4-a716-446655440000", everyKind) // 0
 */
export function personalKindsIn(text: string, look: KindSet, hint: NameHint = noHint): KindSet {
  return look === 0 ? 0 : kindsInLayer(text, look, hint, deepest);
}

function kindsInLayer(text: string, look: KindSet, hint: NameHint, layers: number): KindSet {
  if (text.length < shortest) return 0;
  // Most values are short, and hold neither an @ nor many digits: one pass over the characters says so.
  let traits = 0;
  let digits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const trait = code < 128 ? (traitOf[code] as number) : beyondAscii | other;
    traits |= trait;
    digits += trait & digit;
  }
  if ((traits & beyondAscii) !== 0) {
    const ascii = plain(text);
    if (ascii !== text) return kindsInLayer(ascii, look, hint, layers);
  }
  let found: KindSet = 0;
  if ((traits & atSign) !== 0 && (look & kindBits.email) !== 0 && hasEmail(text)) found |= kindBits.email;
  if (digits >= fewestDigits) found |= numbersIn(text, traits, look, hint);
  if (layers === 0) return found;
  if ((traits & wrap) !== 0) {
    const inner = unescaped(text);
    if (inner !== null) found |= kindsInLayer(inner, look & ~found, hint, layers - 1);
  }
  // A token without a dot is base64 as a whole or not at all.
  const isToken = (traits & (other | dot)) === 0;
  if (found !== look && (!isToken || beginsAsText(text, 0))) {
    for (const inner of base64Texts(text)) found |= kindsInLayer(inner, look & ~found, hint, layers - 1);
  }
  if (found !== look && digits >= fewestHexDigits)
    for (const inner of hexTexts(text)) found |= kindsInLayer(inner, look & ~found, hint, layers - 1);
  return found;
}

/** Of six bytes of ASCII in hexadecimal: the first digit of each. */
const fewestHexDigits = 6;
/** An e-mail address has 6 characters, everything else more. */
const shortest = 6;
/** Of a phone number. */
const fewestDigits = 8;
/** Of a phone number in groups, without the + of E.164. */
const fewestGrouped = 9;
/** Of a card number with separators; those in one piece have 14 to 16. */
const fewestCardDigits = 13;

function numbersIn(text: string, traits: number, look: KindSet, hint: NameHint): KindSet {
  const runs = digitRuns(text, (traits & other) === 0);
  if (runs === 0) return 0;
  let found: KindSet = 0;
  const mayBePhone =
    (runs & separatedRun) !== 0 || hint.isPhone || (traits & (plus | names)) !== 0 || text.startsWith(" ");
  if (mayBePhone && (look & kindBits.phone) !== 0 && hasPhone(text, hint.isPhone)) found |= kindBits.phone;
  if ((runs & cardRun) !== 0 && (look & kindBits.card) !== 0 && hasCard(text, !hint.isId))
    found |= kindBits.card;
  return found;
}

/** Digits that may be a phone number. */
const phoneRun = 1;
/** Such, with separators between them. */
const separatedRun = 2;
/** Digits that may be a card number. */
const cardRun = 4;

/**
 * Which runs of digits the text has: digits that stand together, with separators between them or not, and without a
 * letter before them in the same token. The digits of a UUID, of hexadecimal or of a click id rarely are one.
 */
function digitRuns(text: string, isToken: boolean): number {
  let runs = 0;
  let run = 0;
  // A dot counts 1, another separator 8.
  let signs = 0;
  let inToken = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) {
      if (!inToken) run += 1;
      continue;
    }
    if (run >= fewestDigits) runs |= runOf(run, signs);
    if (isSeparator(code)) {
      if (inToken && (code === 0x2d || code === 0x2e)) continue;
      if (run > 0 || code === 0x28) signs += code === 0x2e ? 1 : 8;
      inToken = false;
    } else {
      run = 0;
      signs = 0;
      inToken = isWord(code);
      // Nothing in a token parts it from its first letter.
      if (inToken && isToken) return runs;
    }
  }
  return run >= fewestDigits ? runs | runOf(run, signs) : runs;
}

function runOf(digits: number, signs: number): number {
  const card = signs > 0 ? digits >= fewestCardDigits : digits >= 14 && digits <= 16;
  // One dot makes a fraction, and three an address of the internet or a version, but for 1.415.555.2671.
  const mayBeGroups = signs > 1 && digits >= fewestGrouped && (signs !== 3 || digits === 11);
  return phoneRun | (mayBeGroups ? separatedRun : 0) | (card ? cardRun : 0);
}

/** Space, `(`, `)`, `+`, `-`, `.`, `/`. */
const isSeparator = (code: number): boolean =>
  code === 0x20 || code === 0x28 || code === 0x29 || code === 0x2b || (code >= 0x2d && code <= 0x2f);

/** Letters, and the underscore. Beyond ASCII there are signs, too: they part tokens. */
const isWord = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
