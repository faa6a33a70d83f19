/**
 * A typed client of Postrider's HTTP API, for everything that manages partners and looks at deliveries. It runs wherever
 * `fetch` does.
 *
 * @packageDocumentation
 */
export { type Client, createClient } from "./client.ts";
export { readPages } from "./pages.ts";
export type { CallOptions, ClientOptions } from "./call.ts";
export type {
  DeletionAnswer,
  DeliveriesQuery,
  EndpointInput,
  EventChoiceRequest,
  PageQuery,
  PartnerInput,
  PreviewRequest,
  RotateSecretRequest,
  SampleEventInput,
  TestRequest,
} from "./requests.ts";
export type { ErrorCode, PendingRequest, ReclassifyRequest, ReplayRequest } from "@postrider/contract";
export {
  ApiError,
  type ApiErrorCode,
  ClientError,
  type ErrorIssue,
  NoAnswerError,
  UnexpectedAnswerError,
  UnreachableError,
} from "./errors.ts";
