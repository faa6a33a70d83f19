import { importedKey, subtle } from "./crypto-key.ts";
import { ProtocolError } from "./errors.ts";
import { type HeaderPrefix, type HeaderSource, readHeaders } from "./headers.ts";
import { checkSecrets } from "./secret-list.ts";
import type { Secret, SignatureScheme } from "./secret.ts";
import type { ReceivedSignatures } from "./signature-header.ts";
import { type RawBody, signingInput } from "./signing-input.ts";
import { checkFreshness, type Freshness } from "./timestamp.ts";

/** What to verify against. */
export interface VerifyOptions extends Freshness {
  /** Every live `whsec` and `whpk`; one match is enough. Never take a key from the request. */
  secrets: readonly Secret[];
  /** Spelling of the three header names. Default `webhook-`. */
  headerPrefix?: HeaderPrefix;
}

/** A message whose signature and freshness hold. */
export interface Verified {
  /** Deduplicate by this. */
  id: string;
  /** Time of the attempt, whole seconds since 1970. */
  timestampSeconds: number;
  scheme: SignatureScheme;
  /** Which of `secrets` matched: tells when an old one may be retired. */
  secretIndex: number;
}

/**
 * Verifies a received message over its raw bytes: headers, freshness, then signatures, compared in constant time
 * by WebCrypto. The body is never decoded or parsed. Replays within the tolerance are yours to refuse, by `id`.
 *
 * @throws ProtocolError; any code but those of parsing secrets. None holds a secret or an expected signature.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#verifying-signatures
 * @example
 * ```ts
 * const body = new Uint8Array(await request.arrayBuffer());
 * const { id } = await verify(body, request.headers, { secrets, now: new Date() });
 * ```
 */
export async function verify(
  rawBody: RawBody,
  headers: HeaderSource,
  options: VerifyOptions,
): Promise<Verified> {
  const { secrets } = options;
  checkSecrets(secrets, "verify");
  const { id, timestampSeconds, signatures } = readHeaders(headers, options.headerPrefix);
  checkFreshness(timestampSeconds, options);
  const input = signingInput(id, timestampSeconds, rawBody);
  checkSchemes(signatures, secrets);
  for (const { scheme, signature } of signatures.entries) {
    for (const [secretIndex, secret] of secrets.entries()) {
      if (secret.scheme !== scheme) continue;
      const { algorithm, key } = await importedKey(secret);
      if (await subtle().verify(algorithm, key, signature, input))
        return { id, timestampSeconds, scheme, secretIndex };
    }
  }
  throw new ProtocolError(
    "signature_mismatch",
    { signaturesTried: signatures.entries.length, secretsTried: secrets.length },
    "No signature matches: check that the secret is this endpoint's, and that the body is byte for byte what was received (not parsed and serialized again).",
  );
}

function checkSchemes({ entries, offered }: ReceivedSignatures, secrets: readonly Secret[]): void {
  const checkable = [...new Set(secrets.map((secret) => secret.scheme))];
  if (entries.some(({ scheme }) => checkable.includes(scheme))) return;
  throw new ProtocolError(
    "signature_scheme_unmatched",
    { offered, checkable },
    `The message is signed as ${offered.join(", ")} and the secrets check ${checkable.join(", ")}: v1 needs a whsec_, v1a needs a whpk_.`,
  );
}
