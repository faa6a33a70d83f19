export {
  deliveryStates,
  reasons,
  type DeliveryState,
  type Reason,
  type TerminalState,
} from "./core/delivery.ts";
export {
  endpointDefaults,
  partnerDefaults,
  type BreakerDocument,
  type EndpointDocument,
  type PartnerDocument,
  type RetryDocument,
} from "./core/documents.ts";
export {
  compileTemplate,
  importSyntaxes,
  importTemplate,
  type BodySource,
  type ImportedTemplate,
  type ImportSyntax,
  type JsonArray,
  type JsonObject,
  type JsonValue,
} from "./core/template/index.ts";
export { mayBeCredential } from "./core/credential-names.ts";
export { hiddenValue, shownHeader, shownUrl } from "./core/redact.ts";
export { passwordEncoding, passwordMayReachOn } from "./core/connection-url.ts";
export { formatDurationMs, readDurationMs } from "@postrider/contract";
export { parseDurationMs } from "./core/duration.ts";
export { errorCodes, issueText, PostriderError, type ErrorCode, type Issue } from "./core/errors.ts";
export { unstorableText } from "./core/document-texts.ts";
export { eventIssues, maxEventBytes, maxEventDepth } from "./core/event-form.ts";
export { operatorEventTypes, type OperatorEvent, type OperatorEventType } from "./core/operator-events.ts";
export type { TestPostback } from "./dispatch/test-postback.ts";
export { vacuumHolderWords, type VacuumHolder, type VacuumState } from "./core/vacuum.ts";
export { defaultUserAgent, openEngine, type Engine } from "./engine.ts";
export type { TestChoice } from "./test-endpoint.ts";
export type { SampleEvent } from "./core/sample-event.ts";
export type {
  AttemptRequest,
  EventChoice,
  Preview,
  ShownRequests,
} from "./shown-requests.ts";
export type { PreviewWarning } from "./preview-warnings.ts";
export type { EngineOptions, OperatorOptions } from "./engine-options.ts";
export { parseDatabaseUrl, type DatabaseAddress } from "./ledger/database-url.ts";
export { systemClock, type Clock } from "./ports/clock.ts";
export type * from "./ports/event-door.ts";
export type * from "./ports/operations.ts";
export type * from "./ports/selection.ts";
export type { Condition, ConditionName } from "./ports/conditions.ts";
export type { FleetProcess } from "./ports/fleet.ts";
export { systemRandom, type Random } from "./ports/random.ts";
export { parseRedisAddress, type RedisAddress } from "./turns/redis-address.ts";
export {
  silentTelemetry,
  type AttemptEvent,
  type ConditionEvent,
  type Telemetry,
} from "./ports/telemetry.ts";
