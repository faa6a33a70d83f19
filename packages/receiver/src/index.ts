// Verify
export { verify, type Verify, type VerifyOptions } from "./verify.ts";
export { jwks, type JwksOptions } from "./jwks.ts";
export type { KeySource, SecretInput } from "./key-source.ts";
export {
  type HeaderPrefix,
  type HeaderSource,
  parseSecret,
  type RawBody,
  type Secret,
  type Verified,
} from "@postrider/protocol";

// Handle
export {
  defaultKeepMs,
  type Endpoint,
  type Explain,
  type Failure,
  handle,
  type HandleOptions,
  type HandlerResult,
  type Message,
  type ReceivedRequest,
} from "./handle.ts";
export { statusOf } from "./answer.ts";
export type { Answer, Claim, NewToken, ReplayStore } from "./replay-store.ts";

// Typed events
export {
  createReceiver,
  type ReceivedEvent,
  type Receiver,
  type ReceiverOptions,
  type SchemaCatalogue,
  type SchemaLike,
} from "./typed-receiver.ts";

// Doctor
export { diagnose, type DiagnoseOptions } from "./doctor/diagnose.ts";
export { type BodyDifference, compareBodies } from "./doctor/compare.ts";
export { type Diagnosis, type DoctorCause, doctorCauses, type Finding } from "./doctor/finding.ts";

// Errors and time
export {
  type AnyReceiverError,
  isReceiverError,
  ReceiverError,
  type ReceiverErrorCode,
  receiverErrorCodes,
  type ReceiverErrorFields,
} from "./errors.ts";
export type { Now } from "./clock.ts";
