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
const schemeName = /^v\d{1,3}[a-z]{0,2}$/;

/**
 * The value of `webhook-signature`: `v1,<base64> v1a,<base64>`, in the order given.
 *
 * @throws ProtocolError `secrets_missing` for an empty list, `signatures_too_many` above 16 entries
 */
export function formatSignatureHeader(entries: readonly SignatureEntry[]): string {
  if (entries.length === 0) {
    throw new ProtocolError(
      "secrets_missing",
      {},
      "There is nothing to sign with: give at least one secret.",
    );
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
  const tokens = value.includes(" ") ? value.split(" ", maxSignatures + 1) : [value];
  if (tokens.length > maxSignatures) throw tooMany();
  const all = tokens.map((token) => readEntry(token, header));
  const schemes = all.map(({ scheme }) => scheme);
  return {
    // Most messages carry one signature: for these no list is made that would be the same.
    entries: all.every(isKnown) ? all : all.filter(isKnown),
    offered: all.length > 1 ? [...new Set(schemes)] : schemes,
  };
}

/** One entry; `signature` is absent where the scheme is not known here. */
interface Entry {
  scheme: string;
  signature: Uint8Array<ArrayBuffer> | undefined;
}

const isKnown = (entry: Entry): entry is ReceivedSignature => entry.signature !== undefined;

function readEntry(token: string, header: string): Entry {
  const comma = token.indexOf(",");
  if (token.includes(",", comma + 1)) throw duplicated(header);
  if (token.startsWith("v1,")) return { scheme: "v1", signature: decode("v1", token) };
  if (token.startsWith("v1a,")) return { scheme: "v1a", signature: decode("v1a", token) };
  const scheme = comma < 0 ? "" : token.slice(0, comma);
  if (comma === token.length - 1 || !schemeName.test(scheme)) throw malformed();
  return { scheme, signature: undefined };
}

function decode(scheme: SignatureScheme, token: string): Uint8Array<ArrayBuffer> {
  const signature = token.length < 100 ? decodeBase64(token, scheme.length + 1) : undefined;
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
    "The webhook-signature must be entries like v1,<base64> or v1a,<base64>, one space between: check that nothing cuts it.",
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
