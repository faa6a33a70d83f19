/**
 * What operators and the API ask of the ledger. Declared by the server; `ledger/` has the adapter.
 * Every method takes `now` in epoch milliseconds where time matters, and answers in the words of the HTTP API.
 *
 * What only reads takes a `signal` at the end: once it aborts the call rejects with its reason, and the ledger stops reading
 * where it can be told to. Reads are few at a time; they may throw `busy`, and `too_slow` if they take longer than 10 s.
 */
import type { DeliveryState, Reason } from "../core/delivery.ts";
import type { EndpointDocument, PartnerDocument } from "../core/documents.ts";
import type {
  CauseCount,
  DeliveryFilter,
  DeliveryGroup,
  DueWaiting,
  ReplaySelection,
  SkipCause,
} from "./selection.ts";

export interface Partner extends PartnerDocument {
  readonly id: string;
  readonly state: "active" | "paused";
  readonly endpoints: PartnerEndpoints;
  readonly created_at: string;
  readonly updated_at: string;
}

/** How many endpoints a partner has, and how many of them are not well. One can be counted twice: failing and refusing. */
export interface PartnerEndpoints {
  readonly total: number;
  /** By a 410 or `disable_after`. */
  readonly paused: number;
  /** Their circuit is open, or being probed. */
  readonly open: number;
  /** They refuse every request. */
  readonly refusing: number;
  /** The last answer was a failure, or they are coming back; not yet, or no longer, open. */
  readonly failing: number;
}

export interface Endpoint extends EndpointDocument {
  readonly id: string;
  readonly partner: string;
  /** Bumped by each change; attempts say which version they used. */
  readonly version: number;
  /** `paused` after a 410; `held` while a Retry-After is being waited for. */
  readonly state: "active" | "paused" | "held" | "disabled";
  readonly held_until: string | null;
  /** Why it is paused or held, in words. */
  readonly note: string | null;
  readonly circuit: EndpointCircuit;
}

/** Whether an endpoint's circuit lets requests through, and since when it fails. */
export interface EndpointCircuit {
  /** `half_open`: the next delivery, or the one in flight, is a probe. */
  readonly state: "closed" | "open" | "half_open";
  /** When it opened, or closed again; null if it did neither lately. */
  readonly since: string | null;
  /** The first failure after the last success; null if the last answer was a success. */
  readonly failing_since: string | null;
  /** Failures in a row. */
  readonly failures: number;
  readonly next_probe_at: string | null;
  /** Requests in flight at most while it is probed or comes back; null: no limit of its own. */
  readonly in_flight_limit: number | null;
  /** When it is paused if it goes on failing; null if it does not fail or has no `disable_after`. */
  readonly disabled_at: string | null;
  /** The first of the refusals (4xx), if it refuses every request; null if it does not. */
  readonly refusing_since: string | null;
  /** Refusals since the last success. */
  readonly refusals: number;
}

/** What is most likely wrong with an endpoint that can still be stored and sent to. */
export interface EndpointWarning {
  readonly partner: string;
  readonly endpoint: string;
  /** The path of a data macro, `data.payuot`, that no recent event had a value for. */
  readonly macro: string;
  /** The nearest path that those events have. */
  readonly nearest: string | null;
  /** In words, with what becomes of the postbacks. */
  readonly message: string;
}

export interface SigningKey {
  readonly id: string;
  readonly scheme: "v1" | "v1a";
  /** The public key text (`whpk_…`) for `v1a`. */
  readonly public_key: string | null;
  readonly created_at: string;
  /** Signs until then; null for the newest key. */
  readonly retires_at: string | null;
}

/** An endpoint that cannot be signed for. */
export interface MissingKey {
  readonly partner: string;
  readonly endpoint: string;
  readonly scheme: "v1" | "v1a";
}

export interface AttemptView {
  readonly n: number;
  readonly at: string;
  readonly duration_ms: number;
  readonly status: number | null;
  readonly error?: string;
  readonly response_body?: string;
}

export interface DeliveryView {
  readonly id: string;
  readonly event_id: string;
  readonly type: string;
  readonly partner: string;
  readonly endpoint: string;
  readonly state: DeliveryState;
  readonly reason: Reason | null;
  readonly attempts_made: number;
  /** Null if it ended, and where it waits behind several of its order key. */
  readonly next_attempt_at: string | null;
  readonly accepted_at: string;
  readonly finished_at: string | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
  /** Of a single delivery, and only while it waits behind another of its order key: that one's id. */
  readonly waits_for?: string;
  /** Of a single delivery: the JSON text of its event's data. */
  readonly data_text?: string;
  /** Only if it is so: the endpoint, or the partner with it, was deleted. Its id may belong to a new one by now. */
  readonly endpoint_deleted?: true;
  readonly partner_deleted?: true;
  readonly attempts?: readonly AttemptView[];
}

export interface EventView {
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly occurred_at: string;
  readonly accepted_at: string;
  readonly partner: string | null;
  /** Only where the event has one, likewise the next two. */
  readonly not_before?: string;
  readonly expires_after?: string;
  readonly order_key?: string;
  /** As JavaScript reads it: numbers may have lost digits. */
  readonly data: unknown;
  /** The JSON text that was accepted and is sent. */
  readonly data_text: string;
  readonly deliveries: readonly DeliveryView[];
}

export interface ReplayView {
  readonly replay_id: string;
  readonly state: "running" | "done" | "cancelled";
  readonly filter: DeliveryFilter;
  readonly rate_per_second: number | null;
  readonly requested_by: string;
  readonly created_at: string;
  readonly finished_at: string | null;
  /** Selected when it was made, and replayable then. */
  readonly matched: number;
  /** Put back to pending so far. */
  readonly replayed: number;
  /** Of those matched, no longer replayable when their turn came. */
  readonly skipped: number;
  /** Why: in all `skipped`. */
  readonly skipped_causes: readonly CauseCount<SkipCause>[];
}

/** The answer to a deletion, which does not wait for a large backlog. */
export interface Deleted {
  /** True while waiting deliveries are still being ended, some 10,000 a second; nothing of them is sent. */
  readonly cancelling: boolean;
}

export interface Operations {
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
  /**
   * The id that was most likely meant by one that does not exist: of a living partner, or with `endpoint` of a living
   * endpoint of that partner. Null if none is near.
   */
  nearestName(
    name: { readonly partner: string; readonly endpoint?: string },
    signal?: AbortSignal,
  ): Promise<string | null>;
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

  /**
   * Null if there is no partner.
   *
   * @throws PostriderError `invalid_template`, `invalid_target`, `invalid_duration`, `invalid_request`, and
   * `signing_key_missing` if the partner has no live key for a scheme in `signing`
   */
  putEndpoint(
    partner: string,
    id: string,
    document: EndpointDocument,
    nowMs: number,
  ): Promise<{ readonly endpoint: Endpoint; readonly created: boolean } | null>;
  getEndpoint(partner: string, id: string, nowMs: number, signal?: AbortSignal): Promise<Endpoint | null>;
  listEndpoints(partner: string, nowMs: number, signal?: AbortSignal): Promise<readonly Endpoint[] | null>;
  /** Waiting deliveries end as `cancelled` with reason `endpoint_deleted`. Null if there was none. */
  deleteEndpoint(partner: string, id: string, nowMs: number): Promise<Deleted | null>;
  /** Ends a pause or hold that a partner's answer caused. */
  resumeEndpoint(partner: string, id: string, nowMs: number): Promise<Endpoint | null>;

  /**
   * Data macros that none of the last 100 events of an endpoint's types had a value for (events larger than 8 KiB are
   * passed over). Of one endpoint, of a partner's, or of all; the 200 changed last at most, then `more` is true. What
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
  /** How many endpoints are paused, by a partner's 410 or a missing key. Reads all endpoints: not for a scrape. */
  pausedEndpoints(signal?: AbortSignal): Promise<number>;
  /** The server's clock and version, for doctor and readiness. @throws PostriderError `ledger_unavailable` */
  ping(
    signal?: AbortSignal,
  ): Promise<{ readonly serverTimeMs: number; readonly version: string; readonly migration: number }>;
}
