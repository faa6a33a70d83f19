import { ProtocolError } from "./errors.ts";
import { type Secret, secretFromBytes } from "./secret.ts";

type SubtleCrypto = typeof globalThis.crypto.subtle;
type CryptoKey = Awaited<ReturnType<SubtleCrypto["importKey"]>>;

/** Signing algorithm and imported key of a secret, as WebCrypto wants them. */
export interface ImportedKey {
  algorithm: "HMAC" | "Ed25519";
  key: CryptoKey;
}

// RFC 8410 section 7: the constant head of a PKCS #8 ed25519 private key; the 32-byte seed follows.
const pkcs8Head = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

const imported = new WeakMap<Secret, Promise<ImportedKey>>();

/** WebCrypto of this runtime. @throws ProtocolError `crypto_unsupported` */
export function subtle(): SubtleCrypto {
  // The types promise both; pages over plain http lack `subtle`, old runtimes lack `crypto`.
  const runtime: { crypto?: { subtle?: SubtleCrypto } } = globalThis;
  if (runtime.crypto?.subtle === undefined) throw unsupported("WebCrypto");
  return runtime.crypto.subtle;
}

/** The key of a secret, imported once per object. @throws ProtocolError `secret_not_a_key`, `crypto_unsupported` */
export function importedKey(secret: Secret): Promise<ImportedKey> {
  let key = imported.get(secret);
  if (key === undefined) {
    key = importKey(secret);
    imported.set(secret, key);
  }
  return key;
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

async function importKey(secret: Secret): Promise<ImportedKey> {
  const { bytes } = secret.reveal();
  if (secret.kind === "whsec") {
    const key = await subtle().importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
      "verify",
    ]);
    return { algorithm: "HMAC", key };
  }
  if (secret.kind === "whpk") {
    return ed25519(secret, () => subtle().importKey("raw", bytes, "Ed25519", false, ["verify"]));
  }
  await ownPublicKey(secret);
  return ed25519(secret, () =>
    subtle().importKey("pkcs8", pkcs8(bytes.subarray(0, 32)), "Ed25519", false, ["sign"]),
  );
}

async function ed25519(secret: Secret, importing: () => Promise<CryptoKey>): Promise<ImportedKey> {
  try {
    return { algorithm: "Ed25519", key: await importing() };
  } catch (error) {
    throw isNotSupported(error) ? unsupported("Ed25519") : notAKey(secret);
  }
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

function isNotSupported(error: unknown): boolean {
  return error instanceof Error && error.name === "NotSupportedError";
}

function notAKey(secret: Secret): ProtocolError<"secret_not_a_key"> {
  return new ProtocolError(
    "secret_not_a_key",
    { kind: secret.kind },
    `The bytes of the ${secret.kind}_ secret are no usable ed25519 key: copy it again, or make a new pair.`,
  );
}

function unsupported(algorithm: string): ProtocolError<"crypto_unsupported"> {
  return new ProtocolError(
    "crypto_unsupported",
    { algorithm },
    `This runtime offers no ${algorithm}: update it, or in a browser serve the page over https.`,
  );
}
