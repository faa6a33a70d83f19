/** What to write instead of the characters that end a part of a URL. */
export const passwordEncoding =
  "must have the special characters of its user and password percent-encoded: / is %2F, ? is %3F, # is %23, @ is %40";

/**
 * True if the password of a connection URL may reach beyond its hosts, because a character that ends the hosts is not
 * percent-encoded in it. What follows may then be a part of the password: it must not be read as a database or a
 * parameter, or an error would show it. A colon comes before each password and an `@` after it, so a URL that has them
 * around the end of its hosts is ambiguous, and a URL without them is not.
 *
 * @param ends the characters that end the hosts: RFC 3986 (3.2) has `/`, `?` and `#`
 * @example passwordMayReachOn("redis://user:se/cret@host", /[/?#]/) // true
 */
export function passwordMayReachOn(url: string, ends: RegExp): boolean {
  const rest = url.slice(url.indexOf("://") + 3);
  const end = rest.search(ends);
  const at = rest.lastIndexOf("@");
  return end >= 0 && at > end && rest.slice(0, at).includes(":");
}
