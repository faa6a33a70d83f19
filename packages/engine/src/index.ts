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
export { formatDurationMs, parseDurationMs, readDurationMs } from "./core/duration.ts";
export { errorCodes, PostriderError, type ErrorCode, type Issue } from "./core/errors.ts";
export { operatorEventTypes, type OperatorEvent, type OperatorEventType } from "./core/operator-events.ts";
export type { TestPostback } from "./dispatch/test-postback.ts";
export { nearestName } from "./core/nearest.ts";
export {
  defaultUserAgent,
  openEngine,
  type Engine,
  type EngineOptions,
  type OperatorOptions,
} from "./engine.ts";
export { systemClock, type Clock } from "./ports/clock.ts";
export type * from "./ports/operations.ts";
export { systemRandom, type Random } from "./ports/random.ts";
export { parseRedisAddress, type RedisAddress } from "./turns/redis-address.ts";
export { silentTelemetry, type AttemptEvent, type Telemetry } from "./ports/telemetry.ts";
