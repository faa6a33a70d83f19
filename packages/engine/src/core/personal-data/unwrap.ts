/**
 * Encodings that a value may hide in. Each is taken off at most three times, so that the whole stays linear.
 *
 * @packageDocumentation
 */

const wrapped = /%[\da-f]{2}|\\u00[\da-f]{2}|\\["/]|&(?:#\d{1,5}|#x[\da-f]{1,4}|commat|plus);/gi;
const utf8 = new TextDecoder("utf-8", { fatal: false });

/**
 * The text without one layer of percent encoding, of JSON's escapes and of HTML's references; null if it has none.
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
  if (found.startsWith("%")) return found;
  if (found.startsWith("\\u")) return String.fromCharCode(Number.parseInt(found.slice(2), 16));
  if (found.startsWith("\\")) return found.slice(1);
  if (found === "&commat;") return "@";
  if (found === "&plus;") return "+";
  const code = /^&#x/i.test(found) ? Number.parseInt(found.slice(3), 16) : Number(found.slice(2, -1));
  return String.fromCharCode(code);
}

/** Letters that look like ASCII (the full-width `＠`) become it; signs without width are taken out. */
export function plain(text: string): string {
  return text.normalize("NFKC").replace(/[\u00AD\u200B-\u200F\u2060\uFEFF]/g, "");
}

const base64Tokens = /[A-Za-z\d+_-]{11,}/g;
/** The most characters of tokens that are decoded in one text: an e-mail address stands near the beginning. */
const longestToken = 4_096;

/**
 * The texts that stand in `text` as base64 or base64url (RFC 4648), also within a JSON Web Token. ASCII text has no
 * `/` in its base64, unless `?` or U+007F is in it, so a `/` ends a token here.
 *
 * The first character of each four has its first bit unset if the text is ASCII: random tokens and hexadecimal digits
 * are passed over after a few characters.
 */
export function base64Texts(text: string): readonly string[] {
  const texts: string[] = [];
  for (const [token] of text.matchAll(base64Tokens)) {
    const source = token.slice(0, longestToken);
    if (!mayBeText(source)) continue;
    const decoded = Buffer.from(source, "base64").toString("latin1");
    if (/^[\x09\x0a\x0d\x20-\x7e\u0080-\u00ff]+$/.test(decoded)) texts.push(decoded);
  }
  return texts;
}

function mayBeText(token: string): boolean {
  const first = token.slice(0, 12);
  for (let index = 0; index < first.length; index += 4)
    if (!/[A-Za-f]/.test(first[index] as string)) return false;
  return true;
}
