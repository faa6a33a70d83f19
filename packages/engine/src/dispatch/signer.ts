import { createPrivateKey, sign as signBytes } from "node:crypto";
import {
  formatSignatureHeader,
  maxSignatures,
  parseSecret,
  signingInput,
  signingPrefix,
} from "@postrider/protocol";
import type { Scheme } from "../core/missing-key.ts";
import type { StoredKey } from "../ports/ledger.ts";
import { hmacOf } from "./hmac.ts";

/** Makes `webhook-signature` values with all live keys of a partner. */
export interface Signer {
  /** The first of the schemes that has no live key, or null: then a request can be signed as asked. */
  missing(schemes: readonly Scheme[], nowMs: number): Scheme | null;
  /** The header's value for the schemes asked for, with the newest 16 keys of theirs; null if none is live. */
  sign(
    id: string,
    timestampSeconds: number,
    body: string,
    schemes: readonly Scheme[],
    nowMs: number,
  ): string | null;
}

interface LiveKey {
  readonly scheme: Scheme;
  /** The signature of one attempt, in base64. */
  readonly sign: (id: string, timestampSeconds: number, body: string) => string;
  readonly retiresAtMs: number;
}

/** Keys are prepared once. The synchronous node:crypto is used because WebCrypto takes some 140 µs per signature here, against 3. */
export function createSigner(keys: readonly StoredKey[]): Signer {
  const live = liveKeys(keys);
  return {
    missing(schemes, nowMs) {
      for (const scheme of schemes) if (!hasLive(live, scheme, nowMs)) return scheme;
      return null;
    },
    sign(id, timestampSeconds, body, schemes, nowMs) {
      const entries: { scheme: Scheme; signature: string }[] = [];
      for (const { scheme, sign, retiresAtMs } of live) {
        if (retiresAtMs <= nowMs || !schemes.includes(scheme) || entries.length === maxSignatures) continue;
        entries.push({ scheme, signature: sign(id, timestampSeconds, body) });
      }
      return entries.length === 0 ? null : formatSignatureHeader(entries);
    },
  };
}

/** A secret that is stored several times signs once, until the last of its keys retires. */
function liveKeys(keys: readonly StoredKey[]): readonly LiveKey[] {
  const bySecret = new Map<string, LiveKey>();
  for (const { scheme, secretText, retiresAtMs } of newestFirst(keys)) {
    const { bytes } = parseSecret(secretText).reveal();
    // Behind the seed of an ed25519 key its public half may stand.
    const secret = scheme === "v1" ? bytes : bytes.subarray(0, 32);
    const name = `${scheme} ${Buffer.from(secret).toString("base64")}`;
    const same = bySecret.get(name);
    bySecret.set(name, {
      scheme,
      sign: same?.sign ?? (scheme === "v1" ? signV1(secret) : signV1a(secret)),
      retiresAtMs: Math.max(same?.retiresAtMs ?? 0, retiresAtMs ?? Number.POSITIVE_INFINITY),
    });
  }
  return [...bySecret.values()];
}

/**
 * The keys as the ledger gives them, newest first, those that do not retire before all others: of more than 16, the
 * newest key of each scheme is never left out.
 */
function newestFirst(keys: readonly StoredKey[]): readonly StoredKey[] {
  return keys.toSorted((a, b) => Number(a.retiresAtMs !== null) - Number(b.retiresAtMs !== null));
}

/** The newest key of each scheme, of keys that are given newest first. */
export function newestKeys(keys: readonly StoredKey[]): readonly StoredKey[] {
  return keys.filter(({ scheme }, index) => keys.findIndex((one) => one.scheme === scheme) === index);
}

function hasLive(keys: readonly LiveKey[], scheme: Scheme, nowMs: number): boolean {
  for (const key of keys) if (key.scheme === scheme && key.retiresAtMs > nowMs) return true;
  return false;
}

function signV1(secret: Uint8Array): LiveKey["sign"] {
  const hmac = hmacOf(secret);
  return (id, timestampSeconds, body) => hmac(signingPrefix(id, timestampSeconds), body);
}

// PKCS #8 of an ed25519 private key (RFC 8410 section 7): a fixed head, then the 32-byte seed.
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

function signV1a(seed: Uint8Array): LiveKey["sign"] {
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Head, seed]),
    format: "der",
    type: "pkcs8",
  });
  return (id, timestampSeconds, body) =>
    signBytes(null, signingInput(id, timestampSeconds, body), key).toString("base64");
}
