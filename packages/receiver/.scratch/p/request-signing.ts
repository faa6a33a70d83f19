import { subtle } from "./crypto-key.ts";
import { type Secret, secretFromBytes } from "./secret.ts";
import { optionInvalid } from "./timestamp.ts";

/** Domain separation: a secret derived for signing requests fits nothing else. */
export const requestSigningLabel = "postrider/request-signing/v1";

/**
 * The secret with which a sender signs its own API requests, beside sending the key as bearer token.
 *
 * Derived on both sides from the API key: HKDF-SHA256 (RFC 5869), key material the key's UTF-8 bytes, empty salt,
 * info {@link requestSigningLabel}, 32 bytes. The request then carries the same three `webhook-*` headers as a
 * postback and is verified the same way; `webhook-id` is an id of the request. Signed are id, timestamp and body,
 * not method and path. The derivation is only as strong as the key: make API keys at random, 128 bits or more.
 *
 * @throws ProtocolError `option_invalid` for an empty key, `crypto_unsupported`
 * @example
 * ```ts
 * const secrets = [await requestSigningSecret(apiKey)];
 * const headers = await sign(body, { id: requestId, timestampSeconds, secrets });
 * ```
 */
export async function requestSigningSecret(apiKey: string): Promise<Secret> {
  if (typeof apiKey !== "string" || apiKey === "")
    throw optionInvalid("apiKey", "the API key's text, not empty");
  const encoder = new TextEncoder();
  const material = await subtle().importKey("raw", encoder.encode(apiKey), "HKDF", false, ["deriveBits"]);
  const derivation = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(0),
    info: encoder.encode(requestSigningLabel),
  };
  return secretFromBytes("whsec", new Uint8Array(await subtle().deriveBits(derivation, material, 256)));
}
