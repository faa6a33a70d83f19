import { decodeBase64, encodeBase64 } from "./base64.ts";
import { ProtocolError } from "./errors.ts";
import type { SignatureScheme } from "./secret.ts";

/** One entry of `webhook-signature`: scheme and signature, the latter as bytes or as their base64. */
export interface SignatureEntry {
  scheme: SignatureScheme;
  signature: Uint8Array | string;
}

/** One entry as received, decoded. */
export interface ReceivedSignature {
  scheme: SignatureScheme;
  signature: Uint8Array<ArrayBuffer>;
}

/** What a `webhook-signature` header holds: the entries that can be checked, and all scheme names met. */
export interface ReceivedSignatures {
  entries: readonly ReceivedSignature[];
  offered: readonly string[];
}

/** Most entries a `webhook-signature` may hold. Ten live secrets fit; a flood that costs CPU does not. */
export const maxSignatures = 16;

const signatureLengths: Readonly<Record<SignatureScheme, number>> = { v1: 32, v1a: 64 };
/** Of `v1,` and the base64 of 32 bytes. */
const v1Length = 47;
const schemeName = /^v\d{1,3}[a-z]{0,2}$/;

/**
 * The value of `webhook-signature`: `v1,<base64> v1a,<base64>`, in the order given.
 *
 * @throws ProtocolError `secrets_missing` for an empty list, `signatures_too_many` above 16 entries
 */
export function formatSignatureHeader(entries: readonly SignatureEntry[]): string {
  if (entries.length === 0) {
    throw new ProtocolError("secrets_missing", {}, "A secret to sign with is missing: give at least one.");
  }
  if (entries.length > maxSignatures) throw tooMany();
  return entries.map(({ scheme, signature }) => `${scheme},${asText(signature)}`).join(" ");
}

/**
 * Reads the value of `webhook-signature` strictly. Entries of unknown schemes (`v2,…`) are passed over, as the
 * specification asks; anything that is no entry at all is refused.
 *
 * @throws ProtocolError `signature_malformed`, `signatures_too_many`, `header_duplicated`
 */
export function parseSignatureHeader(value: string, header = "webhook-signature"): ReceivedSignatures {
  // Nearly every message: one v1, and nothing but its base64 behind. The rest of this would find the same, later.
  if (value.length === v1Length && value.startsWith("v1,")) {
    const signature = decodeBase64(value, 3);
    if (signature?.length === 32) return { entries: [{ scheme: "v1", signature }], offered: ["v1"] };
  }
  const entries: ReceivedSignature[] = [];
  const offered = new Set<string>();
  const tokens = value.split(" ", maxSignatures + 1);
  if (tokens.length > maxSignatures) throw tooMany();
  for (const token of tokens) {
    const [scheme = "", text = "", folded] = token.split(",", 3);
    if (folded !== undefined) throw duplicated(header);
    offered.add(scheme);
    if (scheme === "v1" || scheme === "v1a") entries.push({ scheme, signature: decode(scheme, text) });
    else if (text === "" || !schemeName.test(scheme)) throw malformed();
  }
  return { entries, offered: [...offered] };
}

function decode(scheme: SignatureScheme, text: string): Uint8Array<ArrayBuffer> {
  const signature = text.length <= 88 ? decodeBase64(text) : undefined;
  if (signature?.length !== signatureLengths[scheme]) throw malformed();
  return signature;
}

function asText(signature: Uint8Array | string): string {
  return typeof signature === "string" ? signature : encodeBase64(signature);
}

function malformed(): ProtocolError<"signature_malformed"> {
  return new ProtocolError(
    "signature_malformed",
    {},
    "The webhook-signature must have entries like v1,<base64> or v1a,<base64>, one space apart: check that nothing cuts it.",
  );
}

function tooMany(): ProtocolError<"signatures_too_many"> {
  return new ProtocolError(
    "signatures_too_many",
    { limit: maxSignatures },
    `The webhook-signature holds more than ${maxSignatures} entries: retire old secrets.`,
  );
}

/** The error for a header that came several times, or whose values were folded into one. */
export function duplicated(header: string): ProtocolError<"header_duplicated"> {
  return new ProtocolError(
    "header_duplicated",
    { header },
    `The header ${header} arrived more than once, or folded: check what adds one.`,
  );
}
