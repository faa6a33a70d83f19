import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  type KeyObject,
  sign as signBytes,
} from "node:crypto";
import { formatSignatureHeader, parseSecret, signingInput, signingPrefix } from "@postrider/protocol";
import type { StoredKey } from "../ports/ledger.ts";

/** Makes `webhook-signature` values with all live keys of a partner. */
export interface Signer {
  /** The header's value for the schemes asked for, or null where no key of theirs is live. */
  sign(
    id: string,
    timestampSeconds: number,
    body: string,
    schemes: readonly ("v1" | "v1a")[],
    nowMs: number,
  ): string | null;
}

interface LiveKey {
  readonly scheme: "v1" | "v1a";
  readonly key: KeyObject;
  readonly retiresAtMs: number;
}

/**
 * Key objects are made once: building the HMAC key from a string on each call tripled the cost of signing. The
 * synchronous node:crypto is used because WebCrypto takes some 140 µs per signature here, against 4.
 */
export function createSigner(keys: readonly StoredKey[]): Signer {
  const live = keys.map(({ scheme, secretText, retiresAtMs }): LiveKey => {
    const { bytes } = parseSecret(secretText).reveal();
    return {
      scheme,
      key: scheme === "v1" ? createSecretKey(bytes) : ed25519Key(bytes),
      retiresAtMs: retiresAtMs ?? Number.POSITIVE_INFINITY,
    };
  });
  return {
    sign(id, timestampSeconds, body, schemes, nowMs) {
      const entries = live
        .filter((key) => key.retiresAtMs > nowMs && schemes.includes(key.scheme))
        .map(({ scheme, key }) => ({
          scheme,
          signature:
            scheme === "v1"
              ? createHmac("sha256", key)
                  .update(signingPrefix(id, timestampSeconds))
                  .update(body)
                  .digest("base64")
              : signBytes(null, signingInput(id, timestampSeconds, body), key).toString("base64"),
        }));
      return entries.length === 0 ? null : formatSignatureHeader(entries);
    },
  };
}

// PKCS #8 of an ed25519 private key (RFC 8410 section 7): a fixed head, then the 32-byte seed.
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

function ed25519Key(bytes: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([pkcs8Head, bytes.subarray(0, 32)]),
    format: "der",
    type: "pkcs8",
  });
}
