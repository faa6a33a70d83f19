import type {
  AcceptResults,
  AttemptRequest,
  Cancellation,
  Conservation,
  CreatedPartner,
  CreatedReplay,
  DeliveriesPage,
  Delivery,
  DeliveryFilter,
  DeliveryGroups,
  Endpoint,
  Endpoints,
  EndpointVersion,
  EndpointVersions,
  EndpointWarnings,
  EventWithDeliveries,
  Partner,
  PartnersPage,
  PendingRequest,
  Preview,
  Reasons,
  Reclassification,
  ReclassifyRequest,
  Replay,
  ReplayRequest,
  Replays,
  Retried,
  RotatedSecret,
  Secret,
  SecretRequest,
  Secrets,
  SigningKeys,
  Status,
  StoredEndpoint,
  TestPostback,
} from "@postrider/contract";
import { type Call, type CallOptions, type ClientOptions, createCall } from "./call.ts";
import { readEntries } from "./pages.ts";
import type {
  DeletionAnswer,
  DeliveriesQuery,
  EndpointInput,
  PageQuery,
  PartnerInput,
  PreviewRequest,
  RotateSecretRequest,
  TestRequest,
} from "./requests.ts";

const partnerPath = (id: string): string => `/v1/partners/${encodeURIComponent(id)}`;
const endpointPath = (partner: string, id: string): string =>
  `${partnerPath(partner)}/endpoints/${encodeURIComponent(id)}`;

const secretPath = (partner: string, name: string): string =>
  `${partnerPath(partner)}/secrets/${encodeURIComponent(name)}`;

/** Calls to one server: one function for each route. */
export type Client = ReturnType<typeof createClient>;

/**
 * A client of the whole HTTP API, apart from what machines ask without a key (health, metrics). Each function ends with its answer, or throws: `ApiError` if the server refuses,
 * `UnreachableError`, `NoAnswerError`, `UnexpectedAnswerError`. Nothing is tried again.
 *
 * @example const partner = await createClient({ url, apiKey }).getPartner("acme");
 */
export function createClient(options: ClientOptions) {
  const call = createCall(options);
  return {
    url: options.url,
    ...eventCalls(call),
    ...partnerCalls(call),
    ...endpointCalls(call),
    ...deliveryCalls(call),
    ...replayCalls(call),
    ...statusCalls(call),
  };
}

function eventCalls(call: Call) {
  return {
    /**
     * Accepts event documents given as JSON texts, which are sent as they are: numbers keep their digits. Of a batch that
     * was refused, the results say why. To send events from an application, take the sender.
     */
    accept: (eventTexts: readonly string[], options?: CallOptions) =>
      call<AcceptResults>("POST", "/v1/events", options, `{"events":[${eventTexts.join(",")}]}`),
    /** An event with its deliveries and their attempts. Numbers of its data keep their digits. */
    event: (id: string, options?: CallOptions) =>
      call<EventWithDeliveries>("GET", `/v1/events/${encodeURIComponent(id)}`, options),
    /** Cancels what is still pending of an event. */
    cancelEvent: (id: string, options?: CallOptions) =>
      call<Cancellation>("DELETE", `/v1/events/${encodeURIComponent(id)}`, options),
  };
}

function partnerCalls(call: Call) {
  const listPartners = (page: PageQuery = {}, options?: CallOptions) =>
    call<PartnersPage>("GET", withQuery("/v1/partners", page), options);
  return {
    listPartners,
    /** All partners, page by page. */
    allPartners: (options?: CallOptions): AsyncGenerator<Partner, void> =>
      readEntries(
        (cursor) => listPartners({ limit: largestPage, cursor }, options),
        ({ partners }) => partners,
      ),
    getPartner: (id: string, options?: CallOptions) => call<Partner>("GET", partnerPath(id), options),
    /** Creates or replaces a partner. The signing secret of a new one is shown this once. */
    putPartner: (id: string, document: PartnerInput, options?: CallOptions) =>
      call<CreatedPartner>("PUT", partnerPath(id), options, JSON.stringify(document)),
    /** Deletes a partner; what waits for it is cancelled. */
    deletePartner: (id: string, options?: CallOptions) =>
      call<DeletionAnswer>("DELETE", partnerPath(id), options),
    pausePartner: (id: string, options?: CallOptions) =>
      call<Partner>("POST", `${partnerPath(id)}/pause`, options),
    resumePartner: (id: string, options?: CallOptions) =>
      call<Partner>("POST", `${partnerPath(id)}/resume`, options),
    /** Makes the next signing key; the older ones go on signing until the overlap ends. */
    rotateSecret: (id: string, request: RotateSecretRequest = {}, options?: CallOptions) =>
      call<RotatedSecret>("POST", `${partnerPath(id)}/rotate-secret`, options, JSON.stringify(request)),
    /** The signing keys of a partner, without their secrets. */
    keys: (id: string, options?: CallOptions) => call<SigningKeys>("GET", `${partnerPath(id)}/keys`, options),
    ...secretCalls(call),
  };
}

function secretCalls(call: Call) {
  return {
    /** The secrets of a partner by name, without their values. */
    listSecrets: (partner: string, options?: CallOptions) =>
      call<Secrets>("GET", `${partnerPath(partner)}/secrets`, options),
    /** Sets a secret, which templates write as `{secret.name}`. Its value is never shown again. */
    putSecret: (partner: string, name: string, request: SecretRequest, options?: CallOptions) =>
      call<Secret>("PUT", secretPath(partner, name), options, JSON.stringify(request)),
    /** Removes a secret that no endpoint uses. */
    deleteSecret: (partner: string, name: string, options?: CallOptions) =>
      call<unknown>("DELETE", secretPath(partner, name), options),
  };
}

function endpointCalls(call: Call) {
  return {
    listEndpoints: (partner: string, options?: CallOptions) =>
      call<Endpoints>("GET", `${partnerPath(partner)}/endpoints`, options),
    getEndpoint: (partner: string, id: string, options?: CallOptions) =>
      call<Endpoint>("GET", endpointPath(partner, id), options),
    /** Creates or replaces an endpoint. `warnings` say what is most likely wrong with it. */
    putEndpoint: (partner: string, id: string, document: EndpointInput, options?: CallOptions) =>
      call<StoredEndpoint>("PUT", endpointPath(partner, id), options, JSON.stringify(document)),
    /** Deletes an endpoint; what waits for it is cancelled. */
    deleteEndpoint: (partner: string, id: string, options?: CallOptions) =>
      call<DeletionAnswer>("DELETE", endpointPath(partner, id), options),
    /** Renders the stored document, or a draft, for an event: nothing is sent or stored. */
    previewEndpoint: (partner: string, id: string, request: PreviewRequest = {}, options?: CallOptions) =>
      call<Preview>("POST", `${endpointPath(partner, id)}/preview`, options, JSON.stringify(request)),
    /** Sends a test postback, and shows what was sent and answered. */
    testEndpoint: (partner: string, id: string, request: TestRequest = {}, options?: CallOptions) =>
      call<TestPostback>("POST", `${endpointPath(partner, id)}/test`, options, JSON.stringify(request)),
    /** Judges kept answers of an endpoint again by verdict rules, and replays what was wrongly booked as delivered. */
    reclassify: (partner: string, id: string, request: ReclassifyRequest = {}, options?: CallOptions) =>
      call<Reclassification>(
        "POST",
        `${endpointPath(partner, id)}/reclassify`,
        options,
        JSON.stringify(request),
      ),
    /** The versions of an endpoint's document, newest first. */
    endpointVersions: (partner: string, id: string, page: PageQuery = {}, options?: CallOptions) =>
      call<EndpointVersions>("GET", withQuery(`${endpointPath(partner, id)}/versions`, page), options),
    /** One version of an endpoint's document. */
    endpointVersion: (partner: string, id: string, version: number, options?: CallOptions) =>
      call<EndpointVersion>("GET", `${endpointPath(partner, id)}/versions/${version}`, options),
    /** Makes a new version with the document of an old one. */
    restoreEndpoint: (partner: string, id: string, version: number, options?: CallOptions) =>
      call<StoredEndpoint>("POST", `${endpointPath(partner, id)}/versions/${version}/restore`, options),
    /** Sends again to an endpoint that was paused. */
    resumeEndpoint: (partner: string, id: string, options?: CallOptions) =>
      call<Endpoint>("POST", `${endpointPath(partner, id)}/resume`, options),
    /** What is most likely wrong with the endpoints of the ledger. */
    endpointWarnings: (options?: CallOptions) =>
      call<EndpointWarnings>("GET", "/v1/endpoint-warnings", options),
  };
}

function deliveryCalls(call: Call) {
  const listDeliveries = (query: DeliveriesQuery = {}, options?: CallOptions) =>
    call<DeliveriesPage>("GET", withQuery("/v1/deliveries", query), options);
  return {
    listDeliveries,
    /** All deliveries of a filter, page by page, the newest first. */
    allDeliveries: (
      filter: Omit<DeliveryFilter, "delivery_ids"> = {},
      options?: CallOptions,
    ): AsyncGenerator<Delivery, void> =>
      readEntries(
        (cursor) => listDeliveries({ ...filter, limit: largestPage, cursor }, options),
        ({ deliveries }) => deliveries,
      ),
    /** A delivery with its attempts. */
    delivery: (id: string, options?: CallOptions) =>
      call<Delivery>("GET", `/v1/deliveries/${encodeURIComponent(id)}`, options),
    /** What an attempt sent, rendered again. Default: the last attempt. */
    attemptRequest: (delivery: string, n: number | "last" = "last", options?: CallOptions) =>
      call<AttemptRequest>(
        "GET",
        `/v1/deliveries/${encodeURIComponent(delivery)}/attempts/${n}/request`,
        options,
      ),
    /** Deliveries counted by partner, endpoint, state, reason and last error. */
    groups: (query: Omit<DeliveriesQuery, keyof PageQuery> = {}, options?: CallOptions) =>
      call<DeliveryGroups>("GET", withQuery("/v1/delivery-groups", query), options),
    /** Cancels waiting deliveries, or counts them. */
    cancel: (request: PendingRequest, options?: CallOptions) =>
      call<Cancellation>("POST", "/v1/cancellations", options, JSON.stringify(request)),
    /** Sends waiting retries now, or counts them. */
    retryNow: (request: PendingRequest, options?: CallOptions) =>
      call<Retried>("POST", "/v1/retries", options, JSON.stringify(request)),
  };
}

function replayCalls(call: Call) {
  return {
    /** Puts chosen deliveries back to pending, or counts them. */
    createReplay: (request: ReplayRequest, options?: CallOptions) =>
      call<CreatedReplay>("POST", "/v1/replays", options, JSON.stringify(request)),
    /** Replays, newest first. */
    listReplays: (limit?: number, options?: CallOptions) =>
      call<Replays>("GET", withQuery("/v1/replays", { limit }), options),
    replay: (id: string, options?: CallOptions) =>
      call<Replay>("GET", `/v1/replays/${encodeURIComponent(id)}`, options),
    /** Ends a replay: what was not yet put back stays as it is. */
    cancelReplay: (id: string, options?: CallOptions) =>
      call<Replay>("DELETE", `/v1/replays/${encodeURIComponent(id)}`, options),
  };
}

function statusCalls(call: Call) {
  return {
    /** Versions, clocks, processes and the backlog. */
    status: (options?: CallOptions) => call<Status>("GET", "/v1/status", options),
    /** Every reason a delivery can end with, in words. */
    reasons: (options?: CallOptions) => call<Reasons>("GET", "/v1/reasons", options),
    /** accepted = pending + finished, counted in one snapshot. */
    conservation: (options?: CallOptions) => call<Conservation>("GET", "/v1/conservation", options),
    /** The OpenAPI document of the API. */
    openApi: (options?: CallOptions) => call<Record<string, unknown>>("GET", "/openapi.json", options),
  };
}

/** The most that a page can hold. */
const largestPage = 500;

/** The path with the defined values of a query. */
function withQuery(path: string, query: object): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}
