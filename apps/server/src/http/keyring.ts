import { hash, timingSafeEqual } from "node:crypto";
import { PostriderError } from "@postrider/engine";
import { isProtocolError, requestSigningSecret, type Secret, verify } from "@postrider/protocol";

/** An API key that a caller showed. */
export interface ApiKey {
  /** `key:` and the first hex digits of its digest: for the audit, never the key. */
  readonly name: string;
  /** Checks the signature that the call carries over its raw body. @throws PostriderError `invalid_signature` */
  verify(
    body: Uint8Array,
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
    nowMs: number,
  ): Promise<void>;
}

export interface Keyring {
  /** The key of an `authorization` header. @throws PostriderError `unauthorized` */
  identify(authorization: string | undefined): ApiKey;
}

const digestOf = (text: string): Buffer => hash("sha256", text, "buffer");

/** Keeps the digests of the API keys. Comparing digests in constant time leaks neither a key nor its length. */
export function createKeyring(apiKeys: readonly string[]): Keyring {
  const known = apiKeys.map((text) => ({ digest: digestOf(text), key: createKey(text) }));
  return {
    identify(authorization) {
      const shown = /^bearer +([!-~]+)$/i.exec(authorization ?? "")?.[1];
      if (shown === undefined) {
        throw new PostriderError("unauthorized", "The call shows no API key.", {
          hint: "Send the header: authorization: Bearer <key>.",
        });
      }
      const digest = digestOf(shown);
      let found: ApiKey | null = null;
      for (const { digest: candidate, key } of known) if (timingSafeEqual(digest, candidate)) found = key;
      if (found !== null) return found;
      throw new PostriderError("unauthorized", "The API key is not known.", {
        hint: "The keys are those of POSTRIDER_API_KEY; without it, the one in the file api-key of the server's data folder.",
      });
    },
  };
}

function createKey(text: string): ApiKey {
  let secret: Promise<Secret> | undefined;
  return {
    name: `key:${digestOf(text).toString("hex").slice(0, 12)}`,
    async verify(body, headers, nowMs) {
      secret ??= requestSigningSecret(text);
      try {
        await verify(body, headers, { secrets: [await secret], now: new Date(nowMs) });
      } catch (error) {
        if (!isProtocolError(error)) throw error;
        throw new PostriderError(
          "invalid_signature",
          `The call's signature was refused (${error.code}). ${error.message}`,
          {
            hint: "Sign the exact bytes of the body with the secret derived from the API key of the same call, or send no webhook-signature header.",
          },
        );
      }
    },
  };
}
