import { longestUrl } from "./url-text.ts";

/** Why a URL must not be sent. */
export interface UrlFault {
  readonly reason: "url_too_long" | "unresolved_macro" | "host_changed" | "path_changed";
  readonly message: string;
}

/** Why a URL that is too long is not sent. It was perhaps not finished, so its length is not known. */
export const tooLongMessage = `The URL would have more than ${longestUrl} characters: use a body.`;

const leftOver = /[^!$-;=?-[\]_a-z~]/;
/** A digest that was made with a secret is not made with its mask: it is shown as `{hmac:secret.name}`. */
const maskedSecret = /\{(?:hmac:)?secret\.[a-z0-9_]+\}/g;

/**
 * The last look before sending; by construction it never fails, and it must not depend on that: no character
 * outside a URL's own (so no brace), a bounded length, and a URL parser that reads the same origin and changes
 * nothing, as the HTTP client will. Null if the URL may be sent.
 */
export function guardUrl(url: string, origin: string): UrlFault | null {
  if (url.length > longestUrl) {
    return { reason: "url_too_long", message: tooLongMessage };
  }
  if (leftOver.test(url)) {
    return { reason: "unresolved_macro", message: "The URL still holds a character of the template." };
  }
  const parsed = URL.parse(url);
  if (parsed?.origin !== origin) {
    return { reason: "host_changed", message: `The URL no longer leads to ${origin}.` };
  }
  if (parsed.href !== url) {
    const message = "The HTTP client would send another URL than this one.";
    return { reason: "path_changed", message };
  }
  return null;
}

/** As {@link guardUrl}, for a URL that is only shown and has `{secret.name}` in the place of each secret. */
export function guardMaskedUrl(url: string, origin: string): UrlFault | null {
  return guardUrl(url.replace(maskedSecret, "x"), origin);
}
