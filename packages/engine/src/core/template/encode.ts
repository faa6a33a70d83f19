/**
 * Encoding of rendered values, once, by position. All functions are total: lone surrogates become U+FFFD.
 */

const percentEncode = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;

const unreservedOnly = /^[\w.~-]*$/;
const leftByComponent = /[!'()*]/g;

/**
 * Percent-encodes for a path segment or a query value: everything but RFC 3986's unreserved characters
 * (`A-Z a-z 0-9 - . _ ~`), so a space is `%20` and `+` is `%2B`.
 *
 * @example encodeUrlValue("a b&c") // "a%20b%26c"
 */
export function encodeUrlValue(text: string): string {
  if (unreservedOnly.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(leftByComponent, percentEncode);
}

/**
 * Percent-encodes the name of a query parameter: as {@link encodeUrlValue}, but brackets stay, as partners write them.
 *
 * @example encodeQueryName("bd[0]") // "bd[0]"
 */
export function encodeQueryName(text: string): string {
  return encodeUrlValue(text).replaceAll("%5B", "[").replaceAll("%5D", "]");
}

const pathCharactersOnly = /^[\w\-.~!$&'()*+,;=:@]*$/;

/**
 * A partner's own text for a path segment: as it is if it is made of RFC 3986 `pchar` (without `%`), because partners
 * read `bot123:abc` and not `bot123%3Aabc`; else percent-encoded as {@link encodeUrlValue} does.
 *
 * @example encodePathText("123:abc") // "123:abc"
 */
export function encodePathText(text: string): string {
  return pathCharactersOnly.test(text) ? text : encodeUrlValue(text);
}

const formSafeOnly = /^[\w.*-]*$/;
const unlikeForm = /%20|[!'()~]/g;

/**
 * Encodes a name or value for `application/x-www-form-urlencoded` by the rules of the WHATWG URL standard,
 * section 5.2: `A-Z a-z 0-9 * - . _` stay, a space is `+`.
 *
 * @example encodeFormValue("a b&c~") // "a+b%26c%7E"
 */
export function encodeFormValue(text: string): string {
  if (formSafeOnly.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(unlikeForm, (match) =>
    match === "%20" ? "+" : percentEncode(match),
  );
}

const notUriCharacters = /[^\w\-.~:/?#[\]@!$&'()*+,;=%]+/g;

/**
 * Makes literal URL text of an operator sendable: what is written as a URI character or as `%HH` stays, the
 * rest (non-ASCII, `"`, `<`, `>`, `^`, `` ` ``, `|`, braces) is percent-encoded as UTF-8. The apostrophe is
 * encoded in a query, where the WHATWG URL parser would do it.
 */
export function encodeUrlLiteral(text: string, place: "path" | "query"): string {
  const encoded = text.toWellFormed().replace(notUriCharacters, encodeURIComponent);
  return place === "query" ? encoded.replaceAll("'", "%27") : encoded;
}
