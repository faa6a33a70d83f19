/**
 * Encodings that a value may hide in. Each is taken off at most three times, so that the whole stays linear.
 *
 * @packageDocumentation
 */

const wrapped =
  /%[\da-f]{2}|[%\\]u00[\da-f]{2}|\\x[\da-f]{2}|\\[!-/:-@[-`{-~]|&(?:#\d{1,7}|#x[\da-f]{1,6}|commat|plus);/gi;
const utf8 = new TextDecoder("utf-8", { fatal: false });

/**
 * The text without one layer of percent encoding, of JSON's and Markdown's escapes and of HTML's references; null if it has
 * none.
 *
 * @example unescaped("john%40partner.example") // "john@partner.example"
 */
export function unescaped(text: string): string | null {
  if (text.search(wrapped) === -1) return null;
  // Bytes of UTF-8 are put together, as letters outside of ASCII are made of several.
  return text.replace(/(?:%[\da-f]{2})+/gi, decodedBytes).replace(wrapped, decodedOne);
}

function decodedBytes(run: string): string {
  const bytes = new Uint8Array(run.length / 3);
  for (let index = 0; index < bytes.length; index += 1)
    bytes[index] = Number.parseInt(run.slice(index * 3 + 1, index * 3 + 3), 16);
  return utf8.decode(bytes);
}

function decodedOne(found: string): string {
  if (/^[%\\]u|^\\x/i.test(found)) return String.fromCharCode(Number.parseInt(found.slice(2), 16));
  if (found.startsWith("%")) return found;
  if (found.startsWith("\\")) return found.slice(1);
  if (found === "&commat;") return "@";
  if (found === "&plus;") return "+";
  const code = /^&#x/i.test(found) ? Number.parseInt(found.slice(3), 16) : Number(found.slice(2, -1));
  return String.fromCharCode(code);
}

/**
 * Letters that look like ASCII (the full-width `＠`) become it, the digits of all scripts those of ASCII, dashes the hyphen
 * and the full stop `。` a dot; signs without width are taken out.
 *
 * @example plain("john＠partner.example") // "john@partner.example"
 */
export function plain(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}+/gu, "")
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replaceAll("\u3002", ".")
    .replace(/(?!\d)\p{Nd}/gu, asciiDigit);
}

const isDigit = /^\p{Nd}$/u;

/** The ten digits of each script stand in a row that begins at a code point with 0 or 6 as its last hexadecimal digit. */
function asciiDigit(char: string): string {
  const code = char.codePointAt(0)!;
  const last = code & 15;
  return String(isDigit.test(String.fromCodePoint(code - last)) ? last : last - 6);
}

/** The shortest token that is decoded: 8 bytes. */
const shortestToken = 11;
/** The most characters of one token that are decoded: an e-mail address stands near the beginning. */
const longestToken = 4_096;
const textBytes = /^[\t\n\r\u0020-\u007E\u0080-\u00FF]+$/;

const inAlphabet = 1;
const byte1 = 2;
const byte2 = 4;
const byte3 = 8;

/** For each letter of base64 and base64url: may it begin a byte of ASCII, in the first, second or third place of a group of four? */
const base64Traits = new Uint8Array(128);
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+";
for (let value = 0; value < alphabet.length; value += 1) {
  const first = value < 32 ? byte1 : 0;
  const second = (value & 8) === 0 ? byte2 : 0;
  const third = (value & 2) === 0 ? byte3 : 0;
  base64Traits[alphabet.charCodeAt(value)] = inAlphabet | first | second | third;
}
base64Traits["-".charCodeAt(0)] = base64Traits["+".charCodeAt(0)] as number;
base64Traits["_".charCodeAt(0)] = inAlphabet;

const traitsAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return code < 128 ? (base64Traits[code] as number) : 0;
};

/**
 * The texts that stand in `text` as base64 or base64url (RFC 4648), also within a JSON Web Token. ASCII text has no
 * `/` in its base64, unless `?` or U+007F is in it, so a `/` ends a token here.
 *
 * The first six bytes must be ASCII: of random tokens one in 64 goes on, and none of digits.
 */
export function base64Texts(text: string): readonly string[] {
  const texts: string[] = [];
  let index = 0;
  while (index <= text.length - shortestToken) {
    const start = index;
    const mayBeText = beginsAsText(text, start);
    while ((traitsAt(text, index) & inAlphabet) !== 0) index += 1;
    if (mayBeText && index - start >= shortestToken) {
      const token = text.slice(start, Math.min(index, start + longestToken));
      const decoded = Buffer.from(token, "base64").toString("latin1");
      if (textBytes.test(decoded)) texts.push(decoded);
    }
    index += 1;
  }
  return texts;
}

/** Six bytes: an e-mail address has no fewer. */
const shortestHex = 12;

const isDigitOrLetter = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a);

/** Whether two hexadecimal digits at `at` are a byte of ASCII from the space on. */
function isHexOfAscii(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  if (!(first >= 0x32 && first <= 0x37)) return false;
  const second = text.charCodeAt(at + 1);
  return (second >= 0x30 && second <= 0x39) || ((second | 0x20) >= 0x61 && (second | 0x20) <= 0x66);
}

/**
 * The texts that stand in `text` in hexadecimal: whole tokens, of which each byte is ASCII.
 *
 * @example hexTexts("6a40782e696f") // ["j@x.io"]
 */
export function hexTexts(text: string): readonly string[] {
  const texts: string[] = [];
  // By hand, because nearly every value is looked through, and nearly none has such a token.
  for (let at = 0; at <= text.length - shortestHex; at += 1) {
    const start = at;
    while (isHexOfAscii(text, at)) at += 2;
    const isWhole = !isDigitOrLetter(text.charCodeAt(at));
    if (isWhole && at - start >= shortestHex)
      texts.push(Buffer.from(text.slice(start, at), "hex").toString("latin1"));
    while (isDigitOrLetter(text.charCodeAt(at))) at += 1;
  }
  return texts;
}

/** Whether base64 that begins at `at` begins with six bytes of ASCII. */
export function beginsAsText(text: string, at: number): boolean {
  return (
    (traitsAt(text, at) & byte1) !== 0 &&
    (traitsAt(text, at + 1) & byte2) !== 0 &&
    (traitsAt(text, at + 2) & byte3) !== 0 &&
    (traitsAt(text, at + 4) & byte1) !== 0 &&
    (traitsAt(text, at + 5) & byte2) !== 0 &&
    (traitsAt(text, at + 6) & byte3) !== 0
  );
}
