import {
  bodyBytes,
  defaultToleranceSeconds,
  type HeaderPrefix,
  type HeaderSource,
  type RawBody,
  readSignedMessage,
  type Secret,
  signatureMismatch,
  type Verified,
  type VerifyOptions as ProtocolOptions,
  verify as verifyByWebCrypto,
} from "@postrider/protocol";
import { systemNow, systemNowMs } from "./clock.ts";
import { findHmac, type HmacMatches } from "./hmac.ts";
import { isKeySource, type SecretInput, secretOf } from "./key-source.ts";

/** What to verify against. */
export interface VerifyOptions {
  /** Every live secret and public key, as text or parsed, or `jwks(url)`; one match is enough. Never one from the request. */
  secrets: SecretInput | readonly SecretInput[];
  /** Default: the system's clock. */
  now?: Date | undefined;
  /** Seconds a timestamp may lie from `now`, both ways. Default 300. */
  toleranceSeconds?: number | undefined;
  /** Spelling of the three header names. Default `webhook-`. */
  headerPrefix?: HeaderPrefix | undefined;
}

/** Verifies one message; see {@link verify}. */
export type Verify = (rawBody: RawBody, headers: HeaderSource, options: VerifyOptions) => Promise<Verified>;

/**
 * Verifies a received message over its raw bytes: headers, freshness, signature, compared in constant time.
 *
 * The body is never decoded. Replays within the tolerance are refused by `handle`, or by you, by `id`.
 *
 * @throws ProtocolError any code but those of signing: headers, secrets, timestamp, signature, body
 * @throws ReceiverError `jwks_unavailable`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#verifying-signatures
 * @example
 * ```ts
 * const body = new Uint8Array(await request.arrayBuffer());
 * const { id } = await verify(body, request.headers, { secrets: process.env.POSTBACK_SECRET });
 * ```
 */
export const verify: Verify = verifyWith(findHmac());

/** {@link verify} over the HMAC given, or over WebCrypto alone. */
export function verifyWith(hmacMatches: HmacMatches | undefined): Verify {
  const attempt = (rawBody: RawBody, headers: HeaderSource, known: ProtocolOptions) =>
    (hmacMatches && verifyByHmac(hmacMatches, rawBody, headers, known)) ??
    verifyByWebCrypto(rawBody, headers, known);

  // No closure in here: every call would pay for what it captures.
  return async (rawBody, headers, options) => {
    const { secrets: given, now, headerPrefix = "webhook-" } = options;
    const toleranceSeconds = options.toleranceSeconds ?? defaultToleranceSeconds;
    const inputs =
      typeof given === "string" ? [] : ((Array.isArray(given) ? given : [given]) as SecretInput[]);
    const source = inputs.find(isKeySource);
    if (source !== undefined) {
      const known = { now: now ?? systemNow(), toleranceSeconds, headerPrefix };
      return source.verifyAmong(inputs, rawBody, headers, known, attempt);
    }
    const secrets = typeof given === "string" ? [secretOf(given)] : (inputs as Secret[]).map(secretOf);
    return attempt(rawBody, headers, { secrets, now: now ?? systemNowMs(), toleranceSeconds, headerPrefix });
  };
}

/** `undefined`: there is more to try than an HMAC can. */
function verifyByHmac(
  hmacMatches: HmacMatches,
  rawBody: RawBody,
  headers: HeaderSource,
  known: ProtocolOptions,
): Verified | undefined {
  const { id, timestampSeconds, candidates } = readSignedMessage(headers, known);
  const timestamp = String(timestampSeconds);
  const bytes = bodyBytes(rawBody);
  let others = false;
  for (const { scheme, signature, secret, secretIndex } of candidates) {
    if (scheme !== "v1") others = true;
    else if (hmacMatches(secret, id, timestamp, bytes, signature))
      return { id, timestampSeconds, scheme, secretIndex };
  }
  if (!others) throw signatureMismatch(candidates);
  return undefined;
}
