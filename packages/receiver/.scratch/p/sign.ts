import { subtle } from "./crypto-key.ts";
import { idHeader, signatureHeader, type SignedHeaders, timestampHeader } from "./headers.ts";
import { checkSecrets } from "./secret-list.ts";
import type { Secret } from "./secret.ts";
import { formatSignatureHeader, type SignatureEntry } from "./signature-header.ts";
import { type RawBody, signingInput } from "./signing-input.ts";
import { signingKey } from "./signing-key.ts";

/** What to sign with. */
export interface SignOptions {
  /** The message's id, the same over all retries: visible ASCII without `.` and `,`. */
  id: string;
  /** Time of this attempt, whole seconds since 1970. */
  timestampSeconds: number;
  /** Every live `whsec` and `whsk`, newest first: during a rotation both sign. At most 16. */
  secrets: readonly Secret[];
}

/**
 * Signs a message with every secret and returns its three headers, complete. Runs anywhere WebCrypto does.
 *
 * A hot path on Node is served better by `signingPrefix`, key objects of `node:crypto` and `formatSignatureHeader`.
 *
 * @throws ProtocolError `id_malformed`, `timestamp_malformed`, `timestamp_in_milliseconds`, `body_not_raw`,
 * `secrets_missing`, `option_invalid`, `secret_unsuitable`, `secret_not_a_key`, `signatures_too_many`, `crypto_unsupported`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @example
 * ```ts
 * const headers = await sign(body, { id: "msg_1", timestampSeconds: 1614265330, secrets: [parseSecret(text)] });
 * await fetch(url, { method: "POST", body, headers });
 * ```
 */
export async function sign(
  body: RawBody,
  { id, timestampSeconds, secrets }: SignOptions,
): Promise<SignedHeaders> {
  checkSecrets(secrets, "sign");
  const input = signingInput(id, timestampSeconds, body);
  const entries = await Promise.all(secrets.map((secret) => signOnce(input, secret)));
  return {
    [idHeader]: id,
    [timestampHeader]: String(timestampSeconds),
    [signatureHeader]: formatSignatureHeader(entries),
  };
}

async function signOnce(input: Uint8Array<ArrayBuffer>, secret: Secret): Promise<SignatureEntry> {
  const { algorithm, key } = await signingKey(secret);
  return { scheme: secret.scheme, signature: new Uint8Array(await subtle().sign(algorithm, key, input)) };
}
