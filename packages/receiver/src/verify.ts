import {
  checkFreshness,
  type HeaderPrefix,
  type HeaderSource,
  isProtocolError,
  ProtocolError,
  type RawBody,
  readHeaders,
  readSignedMessage,
  type Secret,
  signatureMismatch,
  type Verified,
  verify as verifyByWebCrypto,
} from "@postrider/protocol";
import { systemNow } from "./clock.ts";
import { findHmac, type HmacMatches } from "./hmac.ts";
import { isKeySource, type SecretInput, secretOf } from "./key-source.ts";

/** `either`: `webhook-*`, and `svix-*` where those are missing. */
export type HeaderSpelling = HeaderPrefix | "either";

/** What to verify against. */
export interface VerifyOptions {
  /** Every live secret and public key, as text or parsed, or `jwks(url)`; one match is enough. Never one from the request. */
  secrets: SecretInput | readonly SecretInput[];
  /** Default: the system's clock. */
  now?: Date | undefined;
  /** Seconds a timestamp may lie from `now`, both ways. Default 300. */
  toleranceSeconds?: number | undefined;
  /** Spelling of the three header names. Default `webhook-`. */
  headerPrefix?: HeaderSpelling | undefined;
}

/** Verifies one message; see {@link verify}. */
export type Verify = (rawBody: RawBody, headers: HeaderSource, options: VerifyOptions) => Promise<Verified>;

interface Known {
  now: Date;
  toleranceSeconds?: number;
  headerPrefix: HeaderPrefix;
}

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
  const verifyKnown = (rawBody: RawBody, headers: HeaderSource, secrets: readonly Secret[], known: Known) =>
    hmacMatches === undefined
      ? verifyByWebCrypto(rawBody, headers, { ...known, secrets })
      : verifyByHmacFirst(hmacMatches, rawBody, headers, secrets, known);

  return async (rawBody, headers, options) => {
    const { secrets, now = systemNow(), toleranceSeconds } = options;
    const inputs: readonly SecretInput[] = Array.isArray(secrets) ? secrets : [secrets as SecretInput];
    const prefix =
      options.headerPrefix === "either" ? spellingOf(headers) : (options.headerPrefix ?? "webhook-");
    const known: Known = {
      now,
      headerPrefix: prefix,
      ...(toleranceSeconds !== undefined && { toleranceSeconds }),
    };
    if (!inputs.some(isKeySource)) {
      return verifyKnown(rawBody, headers, (inputs as Array<string | Secret>).map(secretOf), known);
    }
    return verifyWithSources(rawBody, headers, inputs, known, verifyKnown);
  };
}

function verifyByHmacFirst(
  hmacMatches: HmacMatches,
  rawBody: RawBody,
  headers: HeaderSource,
  secrets: readonly Secret[],
  known: Known,
): Verified | Promise<Verified> {
  const { id, timestampSeconds, candidates } = readSignedMessage(headers, { ...known, secrets });
  // What is no body, and bytes of another realm, get their verdict from the general path.
  if (typeof rawBody !== "string" && !(rawBody instanceof Uint8Array)) {
    return verifyByWebCrypto(rawBody, headers, { ...known, secrets });
  }
  const prefix = `${id}.${timestampSeconds}.`;
  for (const { scheme, signature, secret, secretIndex } of candidates) {
    if (scheme === "v1" && hmacMatches(secret, prefix, rawBody, signature)) {
      return { id, timestampSeconds, scheme, secretIndex };
    }
  }
  if (candidates.every(({ scheme }) => scheme === "v1")) throw signatureMismatch(candidates);
  return verifyByWebCrypto(rawBody, headers, { ...known, secrets });
}

async function verifyWithSources(
  rawBody: RawBody,
  headers: HeaderSource,
  inputs: readonly SecretInput[],
  known: Known,
  verifyKnown: (
    body: RawBody,
    headers: HeaderSource,
    secrets: readonly Secret[],
    known: Known,
  ) => Verified | Promise<Verified>,
): Promise<Verified> {
  // Before any fetch: a message that is stale or not signed with v1a must not cost one.
  const { timestampSeconds, signatures } = readHeaders(headers, known.headerPrefix);
  checkFreshness(timestampSeconds, known);
  const sources = signatures.offered.includes("v1a") ? inputs.filter(isKeySource) : [];

  const attempt = async (): Promise<Verified> => {
    const owners: number[] = [];
    const secrets: Secret[] = [];
    for (const [index, input] of inputs.entries()) {
      const found = isKeySource(input)
        ? sources.includes(input)
          ? await input.keys(known.now)
          : []
        : [secretOf(input)];
      secrets.push(...found);
      owners.push(...found.map(() => index));
    }
    if (secrets.length === 0) throw unmatchedScheme(signatures.offered);
    const verified = await verifyKnown(rawBody, headers, secrets, known);
    return { ...verified, secretIndex: owners[verified.secretIndex] ?? verified.secretIndex };
  };

  try {
    return await attempt();
  } catch (error) {
    if (!isProtocolError(error) || error.code !== "signature_mismatch") throw error;
    const changed = await Promise.all(sources.map((source) => source.refresh(known.now)));
    if (!changed.includes(true)) throw error;
    return attempt();
  }
}

function unmatchedScheme(offered: readonly string[]): ProtocolError<"signature_scheme_unmatched"> {
  return new ProtocolError(
    "signature_scheme_unmatched",
    { offered, checkable: ["v1a"] },
    `The message is signed as ${offered.join(", ")} and public keys check v1a: give the whsec_ too, or ask the sender for v1a.`,
  );
}

function spellingOf(headers: HeaderSource): HeaderPrefix {
  const lacks = (prefix: HeaderPrefix): boolean => {
    try {
      readHeaders(headers, prefix);
      return false;
    } catch (error) {
      return isProtocolError(error) && error.code === "header_missing";
    }
  };
  return lacks("webhook-") && !lacks("svix-") ? "svix-" : "webhook-";
}
