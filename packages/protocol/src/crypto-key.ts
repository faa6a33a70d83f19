import { ProtocolError } from "./errors.ts";
import type { Secret } from "./secret.ts";

type SubtleCrypto = typeof globalThis.crypto.subtle;
type CryptoKey = Awaited<ReturnType<SubtleCrypto["importKey"]>>;

/** Signing algorithm and imported key of a secret, as WebCrypto wants them. */
export interface ImportedKey {
  algorithm: "HMAC" | "Ed25519";
  key: CryptoKey;
}

const imported = new WeakMap<Secret, Promise<ImportedKey>>();

/** WebCrypto of this runtime. @throws ProtocolError `crypto_unsupported` */
export function subtle(): SubtleCrypto {
  // The types promise both; pages over plain http lack `subtle`, old runtimes lack `crypto`.
  const runtime: { crypto?: { subtle?: SubtleCrypto } } = globalThis;
  if (runtime.crypto?.subtle === undefined) throw unsupported("WebCrypto");
  return runtime.crypto.subtle;
}

/** The key of a `whsec` or `whpk`, imported once per object. @throws ProtocolError `secret_not_a_key`, `crypto_unsupported` */
export function importedKey(secret: Secret, importing = importKey): Promise<ImportedKey> {
  let key = imported.get(secret);
  if (key === undefined) {
    key = importing(secret);
    imported.set(secret, key);
  }
  return key;
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
  return importEd25519(secret, () => subtle().importKey("raw", bytes, "Ed25519", false, ["verify"]));
}

/** Imports, and says of a failure whose fault it is. @throws ProtocolError `secret_not_a_key`, `crypto_unsupported` */
export async function importEd25519(
  secret: Secret,
  importing: () => Promise<CryptoKey>,
): Promise<ImportedKey> {
  try {
    return { algorithm: "Ed25519", key: await importing() };
  } catch (error) {
    throw isNotSupported(error) ? unsupported("Ed25519") : notAKey(secret);
  }
}

/** Whether a runtime's error says that it lacks the algorithm. */
export function isNotSupported(error: unknown): boolean {
  return error instanceof Error && error.name === "NotSupportedError";
}

/** The error for bytes that are no key, or not the key they claim. */
export function notAKey(secret: Secret): ProtocolError<"secret_not_a_key"> {
  return new ProtocolError(
    "secret_not_a_key",
    { kind: secret.kind },
    `The ${secret.kind}_ secret is not a usable ed25519 key: copy it again.`,
  );
}

/** The error for a runtime without the algorithm. */
export function unsupported(algorithm: string): ProtocolError<"crypto_unsupported"> {
  return new ProtocolError(
    "crypto_unsupported",
    { algorithm },
    `This runtime offers no ${algorithm}: update it, or serve the page over https.`,
  );
}
