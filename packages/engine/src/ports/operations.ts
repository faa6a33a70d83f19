/**
 * What operators and the API ask of the ledger, in parts as narrow as the routes that use them. Declared by the server; `ledger/` has the
 * adapter, and one object has all parts.
 * Every method takes `now` in epoch milliseconds where time matters, and answers in the words of the HTTP API.
 *
 * What only reads takes a `signal` at the end: once it aborts the call rejects with its reason, and the ledger stops reading
 * where it can be told to. Reads are few at a time; they may throw `busy`, and `too_slow` if they take longer than 10 s.
 */
import type { EndpointDocument, PartnerDocument } from "../core/documents.ts";
import type { VacuumState } from "../core/vacuum.ts";
import type { ReclassifyOperations } from "./reclassify.ts";
import type { DeliveryFilter, DeliveryGroup, DueWaiting, ReplaySelection } from "./selection.ts";
import type {
  Partner,
  Endpoint,
  EndpointVersion,
  EndpointVersionLine,
  AttemptSource,
  EndpointWarning,
  SigningKey,
  MissingKey,
  PartnerSecret,
  DeliveryView,
  EventView,
  ReplayView,
  NumberUse,
  Deleted,
} from "./views.ts";

export type * from "./views.ts";
export type * from "./reclassify.ts";

/** Partners: their settings, and whether they are paused. */
export interface PartnerOperations {
  /**
   * `secret` (`whsec_…`) is signed with instead of one that is made up; only a partner that does not exist yet takes it.
   *
   * @throws PostriderError `invalid_request`, `invalid_secret`
   */
  putPartner(
    id: string,
    document: PartnerDocument,
    nowMs: number,
    options?: { readonly secret?: string },
  ): Promise<{
    readonly partner: Partner;
    readonly created: boolean;
    /** Shown once, on creation. Null for one that was given. */
    readonly signingSecret: string | null;
  }>;
  getPartner(id: string, signal?: AbortSignal): Promise<Partner | null>;
  listPartners(
    page: {
      readonly limit: number;
      readonly cursor?: string;
    },
    signal?: AbortSignal,
  ): Promise<{ readonly partners: readonly Partner[]; readonly next_cursor?: string }>;
  /** Waiting deliveries end as `cancelled` with reason `partner_deleted`; nothing is sent any more. Null if there was none. */
  deletePartner(id: string, nowMs: number): Promise<Deleted | null>;
  setPartnerState(id: string, state: "active" | "paused", nowMs: number): Promise<Partner | null>;
}

/** Ids that do not exist. */
export interface NameOperations {
  /**
   * The id that was most likely meant by one that does not exist: of a living partner, or with `endpoint` of a living
   * endpoint of that partner. Null if none is near.
   */
  nearestName(
    name: { readonly partner: string; readonly endpoint?: string },
    signal?: AbortSignal,
  ): Promise<string | null>;
}

/** Partners' signing keys. */
export interface KeyOperations {
  /**
   * Makes the next key of a scheme, or takes the `secret` given (`whsec_…`, or `whsk_…` for v1a); the older ones go on
   * signing until `overlapMs` has passed. `signingSecret` is null for v1a and for one that was given. Null if there is
   * no partner.
   *
   * @throws PostriderError `invalid_secret`; `too_many_keys` if more than 16 keys would then sign
   */
  rotateSecret(
    id: string,
    options: { readonly overlapMs: number; readonly scheme: "v1" | "v1a"; readonly secret?: string },
    nowMs: number,
  ): Promise<{
    readonly signingSecret: string | null;
    readonly publicKey: string | null;
    readonly keys: readonly SigningKey[];
  } | null>;
  listKeys(id: string, nowMs: number, signal?: AbortSignal): Promise<readonly SigningKey[]>;
  /**
   * Endpoints that ask for a scheme which their partner has no live key for: nothing is sent to them. At most 20; only
   * documents from before this was checked, and keys removed by hand, make them.
   */
  missingKeys(nowMs: number, signal?: AbortSignal): Promise<readonly MissingKey[]>;
}

/** Partners' secrets, which endpoints write as `{secret.name}`. Their values are never given back. */
export interface SecretOperations {
  /**
   * Sets a secret; endpoints that waited for it go on. `created` is false if it had a value before. Null if there is no
   * partner. The value is checked by the caller: 4 characters to 8 KiB.
   *
   * @throws PostriderError `too_many_secrets`
   */
  putSecret(
    partner: string,
    name: string,
    value: string,
    nowMs: number,
  ): Promise<{ readonly secret: PartnerSecret; readonly created: boolean } | null>;
  /** By name; with those that endpoints use and that were never set. Null if there is no partner. */
  listSecrets(partner: string, signal?: AbortSignal): Promise<readonly PartnerSecret[] | null>;
  /** False if there is no such secret; null if there is no partner. @throws PostriderError `secret_in_use` */
  deleteSecret(partner: string, name: string): Promise<boolean | null>;
}

/** Endpoints: their settings, and whether they are paused or held. */
export interface EndpointOperations {
  /**
   * Null if there is no partner. The version that this makes is kept with `by`, who made it. Default: `local`.
   *
   * @throws PostriderError `invalid_template`, `invalid_target`, `invalid_duration`, `invalid_request`, and
   * `signing_key_missing` if the partner has no live key for a scheme in `signing`
   */
  putEndpoint(
    partner: string,
    id: string,
    document: EndpointDocument,
    nowMs: number,
    options?: { readonly by?: string },
  ): Promise<{ readonly endpoint: Endpoint; readonly created: boolean } | null>;
  getEndpoint(partner: string, id: string, nowMs: number, signal?: AbortSignal): Promise<Endpoint | null>;
  listEndpoints(partner: string, nowMs: number, signal?: AbortSignal): Promise<readonly Endpoint[] | null>;
  /** Waiting deliveries end as `cancelled` with reason `endpoint_deleted`. Null if there was none. */
  deleteEndpoint(partner: string, id: string, nowMs: number): Promise<Deleted | null>;
  /** Ends a pause or hold that a partner's answer caused. */
  resumeEndpoint(partner: string, id: string, nowMs: number): Promise<Endpoint | null>;
}

/** The versions of endpoints' documents. They are kept as long as an attempt that used them, and the newest 20 of each endpoint. */
export interface VersionOperations {
  /** Newest first. Null if there is no such endpoint. @throws PostriderError `invalid_request` for a bad cursor */
  listEndpointVersions(
    partner: string,
    id: string,
    page: { readonly limit: number; readonly cursor?: string },
    signal?: AbortSignal,
  ): Promise<{ readonly versions: readonly EndpointVersionLine[]; readonly next_cursor?: string } | null>;
  /** Null if there is no such endpoint, or if the version is not kept. */
  getEndpointVersion(
    partner: string,
    id: string,
    version: number,
    signal?: AbortSignal,
  ): Promise<EndpointVersion | null>;
  /**
   * Makes a new version with the document of an old one, which is checked as any other. Null as of `getEndpointVersion`.
   *
   * @throws PostriderError as `putEndpoint`
   */
  restoreEndpointVersion(
    partner: string,
    id: string,
    version: number,
    nowMs: number,
    options?: { readonly by?: string },
  ): Promise<Endpoint | null>;
  /** What an attempt was made of. `n` null: the last attempt. Null if there is no such delivery or attempt. */
  readAttempt(delivery: string, n: number | null, signal?: AbortSignal): Promise<AttemptSource | null>;
}

/** What is most likely wrong with endpoints that can be stored and sent to. */
export interface WarningOperations {
  /**
   * Credentials in clear, secrets that were never set, and data macros that none of the last 100 events of an endpoint's types had a value for (events larger than 8 KiB are
   * passed over). Of one endpoint, of a partner's, or of all; for macros the 200 changed last at most, then `more` is true. What
   * cannot be read within half a second is skipped: warnings are advice, and never a reason to refuse.
   */
  endpointWarnings(
    only?: { readonly partner: string; readonly endpoint?: string },
    signal?: AbortSignal,
  ): Promise<{
    readonly checked: number;
    readonly more: boolean;
    readonly warnings: readonly EndpointWarning[];
  }>;
  /** The same of one document, stored or not. */
  documentWarnings(
    of: { readonly partner: string; readonly endpoint: string; readonly document: EndpointDocument },
    signal?: AbortSignal,
  ): Promise<readonly EndpointWarning[]>;
}

/** Reading events and deliveries. */
export interface DeliveryOperations {
  getEvent(eventId: string, signal?: AbortSignal): Promise<EventView | null>;
  getDelivery(id: string, signal?: AbortSignal): Promise<DeliveryView | null>;
  /**
   * Newest first, by keyset; with `time: "finished"` the last to end first. `cursor` is the opaque text of the page before.
   *
   * @throws PostriderError `invalid_request` for a bad cursor, or a state that has no time of ending here; `not_found`
   * for a partner or endpoint that never existed; the same for every filter
   */
  listDeliveries(
    filter: DeliveryFilter,
    page: { readonly limit: number; readonly cursor?: string },
    signal?: AbortSignal,
  ): Promise<{
    readonly deliveries: readonly DeliveryView[];
    readonly next_cursor?: string;
    /** If nothing was found: that no event of the filter's type is in the ledger, with the nearest type. */
    readonly note?: string;
  }>;
  groupDeliveries(
    filter: DeliveryFilter,
    signal?: AbortSignal,
  ): Promise<{
    readonly matched: number;
    readonly groups: readonly DeliveryGroup[];
    readonly note?: string;
  }>;
}

/** Replays of deliveries that ended. */
export interface ReplayOperations {
  /** What a replay would do now, counted. @throws PostriderError as `createReplay` */
  previewReplay(filter: DeliveryFilter, nowMs: number, signal?: AbortSignal): Promise<ReplaySelection>;
  /** Without a state, a reason or ids only dead letters are selected; pending deliveries never are. @throws PostriderError `invalid_request` for the state `pending` */
  createReplay(
    request: {
      readonly filter: DeliveryFilter;
      readonly ratePerSecond: number | null;
      readonly requestedBy: string;
    },
    nowMs: number,
  ): Promise<ReplaySelection & { readonly replay: ReplayView }>;
  getReplay(id: string, signal?: AbortSignal): Promise<ReplayView | null>;
  listReplays(limit: number, signal?: AbortSignal): Promise<readonly ReplayView[]>;
  cancelReplay(id: string, nowMs: number): Promise<ReplayView | null>;
}

/** Ending what waits. */
export interface CancellationOperations {
  /**
   * Ends what waits now and is selected as `cancelled`, in steps of 5,000, each its own transaction. What is in flight
   * is cancelled too: its attempt is recorded, and it is delivered after all where the partner accepts it. `matched` and
   * the groups are counted before; less is cancelled where some ended meanwhile.
   *
   * @throws PostriderError `invalid_request` for a filter without keys, or for what does not wait
   */
  cancelDeliveries(
    filter: DeliveryFilter,
    options: { readonly dryRun: boolean },
    nowMs: number,
    /** Until the first step. */
    signal?: AbortSignal,
  ): Promise<{
    readonly matched: number;
    readonly cancelled: number;
    readonly groups: readonly DeliveryGroup[];
    readonly note?: string;
  }>;
}

/** Sending waiting retries now. */
export interface RetryOperations {
  /**
   * Makes selected deliveries that wait for a retry due now, in steps of 5,000, each its own transaction. No step of the
   * ladder is spent or given back, and what holds the endpoint or the partner still holds (`waiting`). An
   * event's own `not_before` and the order of its key stay (`skipped`). Calling again changes nothing more.
   *
   * @throws PostriderError `invalid_request` for a filter without keys, or for what does not wait
   */
  retryNow(
    filter: DeliveryFilter,
    options: { readonly dryRun: boolean },
    nowMs: number,
    signal?: AbortSignal,
  ): Promise<{
    /** `retried`: 0 for a dry run; less than `matched` if some were attempted or ended meanwhile. */
    readonly result: ReplaySelection & DueWaiting & { readonly retried: number };
    /** Whom to ring. */
    readonly partnerNos: readonly number[];
  }>;
}

/** How the ledger is: for metrics, readiness and doctor. */
export interface StatusOperations {
  /** accepted = terminal + pending, counted in one snapshot. */
  conservation(signal?: AbortSignal): Promise<{
    readonly accepted: number;
    readonly pending: number;
    readonly finished: Readonly<Record<string, number>>;
    readonly drift: number;
  }>;
  /**
   * Cheap enough for every scrape: what waits, and the earliest due time (which may lie ahead) of what nobody paused or disabled, in all and per partner
   * (at most `limit`, those with most waiting first). Some 200,000 index entries are read at most: an endpoint is counted
   * up to 10,000 (fewer where more than 20 endpoints wait). Exact below that; a partner above it has at least the number
   * given, and the total is then the server's own estimate.
   */
  backlog(
    nowMs: number,
    limit: number,
    signal?: AbortSignal,
  ): Promise<{
    readonly pending: number;
    readonly oldestDueMs: number | null;
    readonly partners: readonly {
      readonly partner: string;
      readonly pending: number;
      readonly oldestDueMs: number | null;
    }[];
  }>;
  /** How many endpoints' circuits are in each state but well: the rows of a small table. */
  circuits(
    nowMs: number,
    signal?: AbortSignal,
  ): Promise<{
    readonly open: number;
    readonly half_open: number;
    readonly ramping: number;
    readonly failing: number;
    readonly refusing: number;
  }>;
  /** How many endpoints are paused, by a partner's 410 or because a key, secret or constant is missing. Reads all endpoints: not for a scrape. */
  pausedEndpoints(signal?: AbortSignal): Promise<number>;
  /** Who keeps the server from removing deleted rows for more than a minute. Nobody, of an embedded ledger. */
  vacuumState(signal?: AbortSignal): Promise<VacuumState>;
  /** How far the ledger's counters are, the furthest first. */
  numbers(signal?: AbortSignal): Promise<readonly NumberUse[]>;
  /** The server's clock and version, for doctor and readiness. @throws PostriderError `ledger_unavailable` */
  ping(
    signal?: AbortSignal,
  ): Promise<{ readonly serverTimeMs: number; readonly version: string; readonly migration: number }>;
}

/** All of them. */
export interface Operations
  extends PartnerOperations,
    NameOperations,
    KeyOperations,
    SecretOperations,
    EndpointOperations,
    VersionOperations,
    WarningOperations,
    DeliveryOperations,
    ReplayOperations,
    ReclassifyOperations,
    CancellationOperations,
    RetryOperations,
    StatusOperations {}
