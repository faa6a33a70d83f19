import { hash, timingSafeEqual } from "node:crypto";
import { PostriderError } from "@postrider/engine";
import type { KeyGuesses } from "./key-guesses.ts";

/** An API key that a caller showed. */
export interface ApiKey {
  /** `key:` and the first hex digits of its digest: for the audit, never the key. */
  readonly name: string;
}

export interface Keyring {
  /**
   * The key of an `authorization` header, sent from `address`.
   *
   * @throws PostriderError `unauthorized`; `rate_limited` if the address showed many unknown keys
   */
  identify(authorization: string | undefined, address: string | undefined): ApiKey;
}

const digestOf = (text: string): Buffer => hash("sha256", text, "buffer");

/** Keeps the digests of the API keys. Comparing digests in constant time leaks neither a key nor its length. */
export function createKeyring(apiKeys: readonly string[], guesses: KeyGuesses): Keyring {
  const known = apiKeys.map((text): { digest: Buffer; key: ApiKey } => {
    const digest = digestOf(text);
    return { digest, key: { name: `key:${digest.toString("hex").slice(0, 12)}` } };
  });
  return {
    identify(authorization, address) {
      const shown = /^bearer +([!-~]+)$/i.exec(authorization ?? "")?.[1];
      if (shown === undefined) {
        throw new PostriderError("unauthorized", "The call has no API key.", {
          hint: "Send the header: authorization: Bearer <key>.",
        });
      }
      const digest = digestOf(shown);
      let found: ApiKey | null = null;
      for (const { digest: candidate, key } of known) if (timingSafeEqual(digest, candidate)) found = key;
      if (found !== null) return found;
      guesses.count(address);
      throw new PostriderError("unauthorized", "The API key is not known.", {
        hint: "The keys are those of POSTRIDER_API_KEY; without it, the one in the file api-key of the server's data folder.",
      });
    },
  };
}
