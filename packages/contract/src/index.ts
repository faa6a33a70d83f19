// Documents that operators write
export {
  type BodyDocument,
  type BreakerDocument,
  completeEndpoint,
  type EndpointDocument,
  endpointDefaults,
  endpointDocument,
  type OrderDocument,
  type RetryDocument,
} from "./documents/endpoint.ts";
export { type PartnerDocument, partnerDefaults, partnerDocument } from "./documents/partner.ts";
export { eventDocument } from "./documents/event.ts";
export { endpointId, partnerId } from "./documents/ids.ts";
export { partnerRequest, rotateRequest } from "./documents/requests.ts";
export { type DocumentKey, flagNames, keysOf, optionName } from "./documents/keys.ts";
export type { Flag, FlagForm } from "./documents/flags.ts";

// Forms
export {
  eventPatternForm,
  eventTypeForm,
  idForm,
  instantForm,
  largestSchemaVersion,
  longestEventType,
  visibleAscii,
} from "./patterns.ts";
export { durationPattern, formatDurationMs, maxDurationMs, readDurationMs } from "./duration.ts";
