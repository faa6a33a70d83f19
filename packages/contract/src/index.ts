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
  withExactNumbers,
  withExactRules,
} from "./documents/endpoint.ts";
export type { ParameterGroup, ParameterValue } from "./documents/parameters.ts";
export {
  type ExpectedValue,
  type JsonTest,
  mostRules,
  type RuleVerdict,
  ruleVerdicts,
  type VerdictRule,
  verdictRules,
} from "./documents/verdicts.ts";
export {
  completePartner,
  type PartnerDocument,
  partnerDefaults,
  partnerDocument,
} from "./documents/partner.ts";
export { eventDocument } from "./documents/event.ts";
export { endpointId, partnerId, secretName } from "./documents/ids.ts";
export { mostNames } from "./documents/forms.ts";
export { durationsIn } from "./documents/durations.ts";
export { type DocumentKey, flagNames, keysOf, optionNames } from "./documents/keys.ts";
export type { Flag, FlagForm } from "./documents/flags.ts";

// What calls take beside documents
export {
  partnerRequest,
  type RotateRequest,
  rotateRequest,
  type SecretRequest,
  secretRequest,
} from "./requests/partners.ts";
export { previewRequest, sampleEvent, testKeys, testRequest } from "./requests/previews.ts";
export { deliveriesQuery, groupsQuery, limitQuery, pageQuery } from "./requests/delivery-filter.ts";
export {
  cancellationRequest,
  type PendingRequest,
  type ReclassifyRequest,
  reclassifyRequest,
  type ReplayRequest,
  replayRequest,
  retryRequest,
} from "./requests/selections.ts";

// Personal data
export {
  type PersonalKind,
  personalKinds,
  type PersonalPermit,
  personalPermits,
  type PersonalPlace,
  personalPlaces,
} from "./personal-data.ts";

// Forms
export { isObject } from "./is-object.ts";
export { pathText } from "./documents/path-text.ts";
export { nearestName } from "./nearest-name.ts";
export { type WrongPlace, wrongPlaces } from "./wrong-places.ts";
export {
  eventPatternForm,
  eventTypeForm,
  idForm,
  instantForm,
  nameForm,
  largestSchemaVersion,
  longestEventType,
  visibleAscii,
} from "./patterns.ts";
export { isInstant } from "./instant.ts";
export { durationPattern, formatDurationMs, maxDurationMs, readDurationMs } from "./duration.ts";

// What the API answers
export { type ErrorCode, errorCodes } from "./error-codes.ts";
export { errorView, type ErrorAnswer } from "./answers/errors.ts";
export {
  partnerView,
  createdPartnerView,
  partnersView,
  signingKeyView,
  keysView,
  rotatedView,
  secretView,
  secretsView,
  type Partner,
  type CreatedPartner,
  type PartnersPage,
  type SigningKey,
  type SigningKeys,
  type RotatedSecret,
  type Secret,
  type Secrets,
} from "./answers/partners.ts";
export {
  endpointView,
  endpointsView,
  storedEndpointView,
  endpointWarningsView,
  testPostbackView,
  cancellingView,
  type Endpoint,
  type Endpoints,
  type StoredEndpoint,
  type EndpointWarnings,
  type TestPostback,
  type Cancelling,
} from "./answers/endpoints.ts";
export {
  attemptRequestView,
  endpointVersionsView,
  endpointVersionView,
  previewView,
  shownRequestView,
  type AttemptRequest,
  type EndpointVersion,
  type EndpointVersions,
  type Preview,
  type PreviewWarning,
  type ShownRequest,
} from "./answers/previews.ts";
export {
  attemptView,
  deliveryView,
  deliveriesView,
  groupView,
  groupsView,
  type Attempt,
  type Delivery,
  type DeliveriesPage,
  type DeliveryGroup,
  type DeliveryGroups,
} from "./answers/deliveries.ts";
export {
  acceptView,
  refusedEventsView,
  eventView,
  type AcceptResults,
  type RefusedEvents,
  type EventWithDeliveries,
} from "./answers/events.ts";
export {
  cancellationView,
  createdReplayView,
  retriedView,
  replayView,
  replaysView,
  type Cancellation,
  type DeliveryFilter,
  type CreatedReplay,
  type Retried,
  type Replay,
  type Replays,
} from "./answers/selections.ts";
export { reclassificationView, type Reclassification } from "./answers/reclassification.ts";
export {
  conservationView,
  reasonsView,
  statusView,
  healthView,
  type Conservation,
  type Reasons,
  type Status,
  type Health,
} from "./answers/status.ts";

// Deliveries
export {
  type DeliveryState,
  deliveryStates,
  type Reason,
  reasons,
  type TerminalState,
} from "./delivery-states.ts";
