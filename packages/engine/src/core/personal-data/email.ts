/**
 * What looks like an e-mail address: something before an `@`, and after it a domain of at least two labels whose last
 * is made of letters. A list of top-level domains would be old after a year, and an address that it misses leaks.
 * Linear: each character is read once to its left and once to its right of an `@`, within the limits of RFC 5321.
 *
 * @packageDocumentation
 */

/** A quoted local part is looked for so many characters back (RFC 5321, 4.5.3.1.1: 64, and its escapes). */
const longestQuoted = 130;

/** The last characters that a local part can have (RFC 5322 `atext` without those that part a URL; letters of RFC 6531). */
const endsLocalPart = /[\w!#$%'*+.^`{|}~\u0080-\uFFFF-]/;
/** At most 255 octets (RFC 5321, 4.5.3.1.2). */
const domainCharacters = /[\w.\u0080-\uFFFF-]{0,255}/y;
const topLevel = /^(?:[a-z]{2,63}|xn--[a-z\d-]{1,59}|[^\0-\x7f]{1,63})$/i;
/** `logo@2x.png`: the name of a picture for screens with more dots. */
const pictureName = /^\dx\.(?:png|jpe?g|webp|gif|svg|avif)$/i;
const addressLiteral = /^\[(?:\d{1,3}\.\d{1,3}\.|IPv6:)/i;

/** Whether `text` holds what looks like an e-mail address (RFC 5321; international: RFC 6531). */
export function hasEmail(text: string): boolean {
  for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
    if (hasDomain(text, at + 1) && hasLocalPart(text, at)) return true;
  }
  return false;
}

function hasLocalPart(text: string, at: number): boolean {
  if (at === 0) return false;
  const last = text[at - 1] as string;
  return last === '"' ? hasQuotedPart(text, at - 1) : endsLocalPart.test(last);
}

/** `"john doe"`, and not the end of one text of JSON and the beginning of the next: `"a","@b.example"`. */
function hasQuotedPart(text: string, close: number): boolean {
  const open = text.slice(Math.max(0, close - longestQuoted), close).lastIndexOf('"');
  if (open === -1) return false;
  const at = Math.max(0, close - longestQuoted) + open;
  return !/[\w"\\]/.test(text.charAt(at - 1)) && /[\p{L}\p{N}]/u.test(text.slice(at, close));
}

function hasDomain(text: string, from: number): boolean {
  if (text[from] === "[") return addressLiteral.test(text.slice(from, from + 12));
  domainCharacters.lastIndex = from;
  const run = (domainCharacters.exec(text)?.[0] ?? "").replace(/[.-]+$/, "");
  const dot = run.lastIndexOf(".");
  if (dot < 1) return false;
  return topLevel.test(run.slice(dot + 1)) && !pictureName.test(run);
}
