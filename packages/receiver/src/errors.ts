import { type AnyProtocolError, isProtocolError } from "@postrider/protocol";

/** Every way this package refuses beyond the codes of `@postrider/protocol`, with its meaning in one line. */
export const receiverErrorCodes = [
  { code: "body_already_parsed", meaning: "A body parser ran first, so the signed bytes are lost." },
  { code: "body_too_large", meaning: "The body is longer than `maxBodyBytes`." },
  { code: "body_incomplete", meaning: "The connection ended before the body did." },
  { code: "body_not_base64", meaning: "The Lambda event says isBase64Encoded, but its body is not base64." },
  {
    code: "jwks_unavailable",
    meaning: "The sender's public keys could not be fetched, and none are cached.",
  },
  { code: "json_malformed", meaning: "The body is validly signed but is not JSON." },
  { code: "envelope_malformed", meaning: "The body is JSON without a usable id, type or schema_version." },
  { code: "schema_version_unknown", meaning: "The event's schema_version is not in the catalogue." },
  { code: "data_invalid", meaning: "The event's data does not fit the catalogue's schema." },
] as const satisfies ReadonlyArray<{ code: string; meaning: string }>;

/** One of the stable codes of {@link receiverErrorCodes}. */
export type ReceiverErrorCode = (typeof receiverErrorCodes)[number]["code"];

type NoFields = Readonly<Record<string, never>>;

/** What each code carries besides its message. */
export interface ReceiverErrorFields {
  body_already_parsed: NoFields;
  body_too_large: Readonly<{ limitBytes: number }>;
  body_incomplete: NoFields;
  body_not_base64: NoFields;
  jwks_unavailable: Readonly<{ retryAfterSeconds: number }>;
  json_malformed: NoFields;
  envelope_malformed: Readonly<{ field: string }>;
  schema_version_unknown: Readonly<{ type: string; version: number; supported: readonly number[] }>;
  /** Where in `data`; the values themselves stay out. */
  data_invalid: Readonly<{ type: string; version: number; paths: readonly string[] }>;
}

/** Thrown by this package on purpose, besides the protocol's own `ProtocolError`. */
export class ReceiverError<Code extends ReceiverErrorCode = ReceiverErrorCode> extends Error {
  override readonly name = "ReceiverError";
  /** Stable: switch on this, not on the message. */
  readonly code: Code;
  /** Facts for programs; see {@link ReceiverErrorFields}. */
  readonly fields: ReceiverErrorFields[Code];

  constructor(code: Code, fields: ReceiverErrorFields[Code], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fields = fields;
  }
}

/** All coded errors of this package and the protocol, as one union told apart by `code`. */
export type AnyReceiverError =
  | AnyProtocolError
  | { [Code in ReceiverErrorCode]: ReceiverError<Code> }[ReceiverErrorCode];

/** Whether `error` carries one of the stable codes; afterwards `code` narrows `fields`. */
export function isReceiverError(error: unknown): error is AnyReceiverError {
  return error instanceof ReceiverError || isProtocolError(error);
}
