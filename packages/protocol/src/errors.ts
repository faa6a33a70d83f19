import type { SecretKind } from "./secret-kind.ts";

/**
 * Every way this package refuses, with its meaning in one line. The order is the order of the reference page.
 *
 * Codes are API: they are never renamed, and a new one is a minor version.
 */
export const errorCodes = [
  { code: "secret_prefix_unknown", meaning: "A secret does not start with whsec_, whsk_ or whpk_." },
  { code: "secret_not_base64", meaning: "The text after a secret's prefix is not padded standard base64." },
  {
    code: "secret_length_invalid",
    meaning: "A secret decodes to a number of bytes that its kind does not allow.",
  },
  { code: "secret_not_a_key", meaning: "The bytes of a whsk_ or whpk_ are not a usable ed25519 key." },
  { code: "secret_unsuitable", meaning: "A whpk_ was given for signing, or a whsk_ for verifying." },
  { code: "secrets_missing", meaning: "The list of secrets is empty." },
  {
    code: "headers_unreadable",
    meaning: "The headers are not a Headers object, a record or pairs of strings.",
  },
  { code: "header_missing", meaning: "A required header is absent or empty." },
  {
    code: "header_duplicated",
    meaning: "A header arrived more than once, or several were folded into one value.",
  },
  {
    code: "id_malformed",
    meaning: "The webhook-id holds a full stop, a comma, a space or other unsafe text, or is too long.",
  },
  { code: "timestamp_malformed", meaning: "The webhook-timestamp is not plain digits." },
  {
    code: "timestamp_in_milliseconds",
    meaning: "The webhook-timestamp counts milliseconds; it must count seconds.",
  },
  { code: "timestamp_too_old", meaning: "The webhook-timestamp is further in the past than the tolerance." },
  {
    code: "timestamp_too_new",
    meaning: "The webhook-timestamp is further in the future than the tolerance.",
  },
  {
    code: "signature_malformed",
    meaning: "An entry of webhook-signature is not of the form scheme,base64 with the scheme's length.",
  },
  { code: "signatures_too_many", meaning: "The webhook-signature has more entries than the limit." },
  {
    code: "signature_scheme_unmatched",
    meaning: "No entry of webhook-signature uses a scheme that the secrets can check.",
  },
  {
    code: "signature_mismatch",
    meaning: "No signature was made with any of the secrets over these exact bytes.",
  },
  {
    code: "body_not_raw",
    meaning: "The body is neither a Uint8Array nor a string, for example because it was parsed already.",
  },
  { code: "option_invalid", meaning: "An argument is outside its allowed range." },
  { code: "crypto_unsupported", meaning: "This runtime's WebCrypto is absent or lacks the algorithm." },
] as const satisfies ReadonlyArray<{ code: string; meaning: string }>;

/** One of the stable codes of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number]["code"];

type NoFields = Readonly<Record<string, never>>;
type HeaderField = Readonly<{ header: string }>;
type SkewFields = Readonly<{ skewSeconds: number; toleranceSeconds: number }>;

/** What each code carries besides its message. Never a secret, a signature or a body. */
export interface ErrorFields {
  secret_prefix_unknown: NoFields;
  secret_not_base64: Readonly<{ kind: SecretKind }>;
  secret_length_invalid: Readonly<{ kind: SecretKind; byteLength: number }>;
  secret_not_a_key: Readonly<{ kind: SecretKind }>;
  secret_unsuitable: Readonly<{ kind: SecretKind; purpose: "sign" | "verify" }>;
  secrets_missing: NoFields;
  headers_unreadable: NoFields;
  header_missing: HeaderField;
  header_duplicated: HeaderField;
  id_malformed: NoFields;
  timestamp_malformed: NoFields;
  timestamp_in_milliseconds: NoFields;
  /** `skewSeconds` is positive: how far the timestamp lies behind `now`. */
  timestamp_too_old: SkewFields;
  /** `skewSeconds` is positive: how far the timestamp lies ahead of `now`. */
  timestamp_too_new: SkewFields;
  signature_malformed: NoFields;
  signatures_too_many: Readonly<{ limit: number }>;
  signature_scheme_unmatched: Readonly<{ offered: readonly string[]; checkable: readonly string[] }>;
  /** Pairs of a signature and a secret of its scheme. */
  signature_mismatch: Readonly<{ candidatesTried: number }>;
  body_not_raw: NoFields;
  option_invalid: Readonly<{ option: string }>;
  crypto_unsupported: Readonly<{ algorithm: string }>;
}

/**
 * The only error this package throws on purpose.
 *
 * @example
 * ```ts
 * try { await verify(body, headers, { secrets, now: new Date() }) }
 * catch (error) { if (isProtocolError(error) && error.code === "timestamp_too_old") error.fields.skewSeconds }
 * ```
 */
export class ProtocolError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "ProtocolError";
  /** Stable: switch on this, not on the message. */
  readonly code: Code;
  /** Facts for programs; see {@link ErrorFields}. */
  readonly fields: ErrorFields[Code];

  constructor(code: Code, fields: ErrorFields[Code], message: string) {
    super(message);
    this.code = code;
    this.fields = fields;
  }
}

/** All protocol errors as one union, told apart by `code`. */
export type AnyProtocolError = { [Code in ErrorCode]: ProtocolError<Code> }[ErrorCode];

/** Whether `error` is a {@link ProtocolError}; afterwards `code` narrows `fields`. */
export function isProtocolError(error: unknown): error is AnyProtocolError {
  return error instanceof ProtocolError;
}
