import {
  type ImportedKey,
  importedKey,
  importEd25519,
  isNotSupported,
  notAKey,
  subtle,
  unsupported,
} from "./crypto-key.ts";
import { ProtocolError } from "./errors.ts";
import { type Secret, secretFromBytes } from "./secret.ts";

// Apart from crypto-key.ts, so that receivers, who only verify, do not carry it.

// RFC 8410 section 7: the constant head of a PKCS #8 ed25519 private key; the 32-byte seed follows.
const pkcs8Head = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/** The key to sign with. @throws ProtocolError `secret_not_a_key`, `crypto_unsupported` */
export function signingKey(secret: Secret): Promise<ImportedKey> {
  return secret.kind === "whsk" ? importedKey(secret, importPrivate) : importedKey(secret);
}

async function importPrivate(secret: Secret): Promise<ImportedKey> {
  await ownPublicKey(secret);
  const seed = secret.reveal().bytes.subarray(0, 32);
  return importEd25519(secret, () => subtle().importKey("pkcs8", pkcs8(seed), "Ed25519", false, ["sign"]));
}

/**
 * The `whpk` to hand out for a `whsk`.
 *
 * @throws ProtocolError `secret_unsuitable` for another kind, `secret_not_a_key` if the `whsk` carries a public
 * key that is not its own, `crypto_unsupported`
 */
export async function publicKeyOf(secret: Secret): Promise<Secret> {
  if (secret.kind !== "whsk") {
    throw new ProtocolError(
      "secret_unsuitable",
      { kind: secret.kind, purpose: "sign" },
      "Only a whsk_ has a public key to derive.",
    );
  }
  return secretFromBytes("whpk", await ownPublicKey(secret));
}

/** The public key of a `whsk`, derived from the seed; it must be the one the secret carries, if it carries one. */
async function ownPublicKey(secret: Secret): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes } = secret.reveal();
  const publicKey = await derivePublic(bytes.subarray(0, 32));
  if (bytes.length === 64 && !sameBytes(publicKey, bytes.subarray(32))) throw notAKey(secret);
  return publicKey;
}

async function derivePublic(seed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const key = await subtle().importKey("pkcs8", pkcs8(seed), "Ed25519", true, ["sign"]);
    const { x = "" } = await subtle().exportKey("jwk", key);
    const binary = atob(x.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch (error) {
    if (isNotSupported(error)) throw unsupported("Ed25519");
    throw error;
  }
}

function pkcs8(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...pkcs8Head, ...seed]);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
