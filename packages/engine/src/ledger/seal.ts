import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { PostriderError } from "../core/errors.ts";

/** Keeps secrets unreadable at rest. */
export interface Seal {
  /** Sealed bytes, bound to `context`: they open under the same context only. */
  close(text: string, context: string): Buffer;
  /** @throws PostriderError `secret_unreadable` */
  open(sealed: Uint8Array, context: string): string;
  /** The id of the master key that sealed it if that is none of those given, else null. */
  foreignKeyId(sealed: Uint8Array): string | null;
  /** The ids of the master keys given. Nothing of a key can be told from them. */
  readonly keyIds: readonly string[];
  /** True where another key than the newest sealed it, so that it should be sealed again. */
  isStale(sealed: Uint8Array): boolean;
}

const formatVersion = 1;
const keyIdBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) under the newest master key. Layout: version, key id, nonce, tag, ciphertext. The key
 * id is the start of the key's SHA-256, so keys are rotated by putting a new one first and keeping the old behind it.
 *
 * @param masterKeys 32 bytes each, newest first
 * @throws PostriderError `invalid_settings` for a key of another length or no key
 */
export function createSeal(masterKeys: readonly Uint8Array[]): Seal {
  const keys = masterKeys.map((key) => ({
    key,
    id: createHash("sha256").update(key).digest().subarray(0, keyIdBytes),
  }));
  const newest = keys[0];
  if (!newest || keys.some(({ key }) => key.length !== 32)) {
    throw new PostriderError("invalid_settings", "A master key must have 32 bytes.", {
      hint: "Make one with: openssl rand -base64 32",
    });
  }
  const idOf = (sealed: Uint8Array) => sealed.subarray(1, 1 + keyIdBytes);
  const hexIdOf = (sealed: Uint8Array) => Buffer.from(idOf(sealed)).toString("hex");

  return {
    close(text, context) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", newest.key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.from([formatVersion]), newest.id, nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, context) {
      const found = keys.find(({ id }) => id.equals(idOf(sealed)));
      if (sealed[0] !== formatVersion || !found) {
        throw new PostriderError(
          "secret_unreadable",
          `None of the given master keys opens this secret (key id ${hexIdOf(sealed)}).`,
          {
            hint: "Add the master key that sealed it to POSTRIDER_MASTER_KEY, after the newest one.",
          },
        );
      }
      const bodyAt = 1 + keyIdBytes + nonceBytes;
      try {
        const decipher = createDecipheriv("aes-256-gcm", found.key, sealed.subarray(1 + keyIdBytes, bodyAt))
          .setAAD(Buffer.from(context))
          .setAuthTag(sealed.subarray(bodyAt, bodyAt + tagBytes));
        return (
          decipher.update(sealed.subarray(bodyAt + tagBytes), undefined, "utf8") + decipher.final("utf8")
        );
      } catch (cause) {
        throw new PostriderError(
          "secret_unreadable",
          "A sealed secret was changed, or belongs to another partner or name.",
          {
            hint: "Restore the row from a backup, or rotate the partner's signing key, or set its secret again.",
            cause,
          },
        );
      }
    },
    keyIds: keys.map(({ id }) => id.toString("hex")),
    foreignKeyId: (sealed) => (keys.some(({ id }) => id.equals(idOf(sealed))) ? null : hexIdOf(sealed)),
    isStale: (sealed) => !newest.id.equals(idOf(sealed)),
  };
}
