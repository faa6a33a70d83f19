// Sign and verify
export { sign, type SignOptions } from "./sign.ts";
export { verify, type Verified } from "./verify.ts";
export type { VerifyOptions } from "./signed-message.ts";

// Secrets
export { parseSecret, type Secret, secretFromBytes, type SignatureScheme } from "./secret.ts";
export type { SecretKind } from "./secret-kind.ts";
export { generateKeyPair, generateSecret, type RandomBytes } from "./generate.ts";
export { publicKeyOf } from "./signing-key.ts";

// The parts, for callers with a cryptography of their own
export { bodyBytes, maxIdLength, type RawBody, signingInput, signingPrefix } from "./signing-input.ts";
export {
  formatSignatureHeader,
  maxSignatures,
  parseSignatureHeader,
  type ReceivedSignature,
  type ReceivedSignatures,
  type SignatureEntry,
} from "./signature-header.ts";
export {
  type HeaderPrefix,
  type HeaderSource,
  idHeader,
  type ReadHeaders,
  readHeaders,
  signatureHeader,
  type SignedHeaders,
  timestampHeader,
} from "./headers.ts";
export {
  type Candidate,
  readSignedMessage,
  signatureMismatch,
  type SignedMessage,
} from "./signed-message.ts";
export { checkFreshness, defaultToleranceSeconds, type Freshness } from "./timestamp.ts";

// Body
export { type Envelope, type EnvelopeParts, serializeEnvelope } from "./envelope.ts";

// Errors
export {
  type AnyProtocolError,
  type ErrorCode,
  errorCodes,
  type ErrorFields,
  isProtocolError,
  ProtocolError,
} from "./errors.ts";
