import { importedKey, subtle } from "./crypto-key.ts";
import type { HeaderSource } from "./headers.ts";
import type { SignatureScheme } from "./secret.ts";
import { readSignedMessage, signatureMismatch, type VerifyOptions } from "./signed-message.ts";
import { prefixed, type RawBody } from "./signing-input.ts";

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
 * @throws ProtocolError any code but those of parsing secrets. None holds a secret or an expected signature.
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
  const { id, timestampSeconds, candidates } = readSignedMessage(headers, options);
  const input = prefixed(`${id}.${timestampSeconds}.`, rawBody);
  for (const { scheme, signature, secret, secretIndex } of candidates) {
    const { algorithm, key } = await importedKey(secret);
    const matches = await subtle().verify(algorithm, key, signature, input);
    if (matches) return { id, timestampSeconds, scheme, secretIndex };
  }
  throw signatureMismatch(candidates);
}
