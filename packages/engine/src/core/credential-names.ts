/**
 * Names of headers, parameters and keys whose values are credentials. Two questions with two answers: a warning must be right, so it
 * asks `isCredentialName`; what is shown must give nothing away, so it asks `mayBeCredential`, which says yes to more.
 */

const credentialWords = new Set(
  "authorization auth token secret password passwd passphrase pass pwd apikey accesskey accesstoken authtoken secretkey sig signature credential credentials cookie".split(
    " ",
  ),
);
/** Of `…_key` only these: an order key or a partition key is none. */
const keyWords = new Set(
  "api access account advertiser app auth branch client dev developer hmac integration license network partner postback private publisher rest secret security server service signing write".split(
    " ",
  ),
);
/** Names of things, not keys to them. */
const plainTokens = new Set(["event", "page", "next", "sync", "device", "push"]);

/**
 * Whether the value of a header, parameter or key of this name surely lets one act as the partner's client.
 *
 * @example isCredentialName("X-Api-Key") // true
 */
export function isCredentialName(name: string): boolean {
  const words = wordsOf(name);
  const [last, before] = [words.at(-1), words.at(-2)];
  if (last === undefined) return false;
  if (last === "key") return before === undefined || keyWords.has(before);
  if (last === "token") return before === undefined || !plainTokens.has(before);
  return credentialWords.has(last);
}

/** The words of a name. @example wordsOf("X-apiKey") // ["api", "key"] */
export function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "" && word !== "x");
}

const credential =
  /^(proxy-)?authorization$|^cookie$|auth|token|secret|passw|api[-_]?key|access[-_]?key|^key$|^sig$/i;
/** Each request has another one: it lets nobody act, and operators look at it if it is wrong. */
const signatures = new Set(["sig", "signature"]);

/**
 * Whether a value of this name may be a credential, so that it is hidden where requests are shown.
 *
 * @example mayBeCredential("tokens") // true
 */
export const mayBeCredential = (name: string): boolean =>
  credential.test(name) || (isCredentialName(name) && !signatures.has(wordsOf(name).at(-1) ?? ""));
