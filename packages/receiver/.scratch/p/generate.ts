import { publicKeyOf } from "./signing-key.ts";
import { type Secret, secretFromBytes } from "./secret.ts";
import { optionInvalid } from "./timestamp.ts";

/** Cryptographically strong random bytes: `node:crypto`'s `randomBytes`, or one over `crypto.getRandomValues`. */
export type RandomBytes = (byteLength: number) => Uint8Array;

/**
 * A new `whsec` of 32 bytes.
 *
 * @throws ProtocolError `option_invalid` if `randomBytes` returns another length
 * @example
 * ```ts
 * const secret = generateSecret((n) => crypto.getRandomValues(new Uint8Array(n)));
 * ```
 */
export function generateSecret(randomBytes: RandomBytes): Secret {
  return secretFromBytes("whsec", draw(randomBytes));
}

/**
 * A new ed25519 pair: the `whsk` stays with the sender, the `whpk` goes to the receivers.
 *
 * The `whsk` holds 64 bytes, the seed of RFC 8032 and then the public key; see `secretFromBytes`.
 *
 * @throws ProtocolError `option_invalid`, `crypto_unsupported`
 */
export async function generateKeyPair(
  randomBytes: RandomBytes,
): Promise<{ privateKey: Secret; publicKey: Secret }> {
  const seed = draw(randomBytes);
  const publicKey = await publicKeyOf(secretFromBytes("whsk", seed));
  const privateKey = secretFromBytes("whsk", Uint8Array.from([...seed, ...publicKey.reveal().bytes]));
  return { privateKey, publicKey };
}

function draw(randomBytes: RandomBytes): Uint8Array {
  const bytes = randomBytes(32);
  if (bytes.length !== 32)
    throw optionInvalid("randomBytes", "a function that returns as many bytes as it is asked for");
  return bytes;
}
