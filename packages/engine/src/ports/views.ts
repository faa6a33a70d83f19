/** What operators are shown of the ledger, in the words of the HTTP API. */
import type { DeliveryState, Reason } from "../core/delivery.ts";
import type { EndpointDocument, PartnerDocument } from "../core/documents.ts";
import type { DeliveryItem } from "../core/fan-out.ts";
import type { EventFacts } from "../core/sample-event.ts";
import type { CauseCount, DeliveryFilter, SkipCause } from "./selection.ts";

export interface Partner extends PartnerDocument {
  readonly id: string;
  /**
   * Of a single partner, and only while no process that dispatches can open its signing keys and secrets: the ids of the master keys that
   * they lack. Nothing is sent to it.
   */
  readonly missing_master_keys?: readonly string[];
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

/** A change of an endpoint's document. */
export interface EndpointVersionLine {
  readonly version: number;
  readonly at: string;
  /** Who made it: `key:` and the beginning of the API key's digest; `local` without a key. Null: from before this was kept. */
  readonly by: string | null;
}

/** A change with the document that it made. */
export interface EndpointVersion extends EndpointVersionLine {
  readonly partner: string;
  readonly endpoint: string;
  readonly document: EndpointDocument;
}

/** What an attempt's request was made of. */
export interface AttemptSource {
  readonly delivery: string;
  readonly n: number;
  readonly atMs: number;
  /** Which item of its event's list it is for; null: for the whole event. */
  readonly item: DeliveryItem | null;
  /** Null: nothing was answered. */
  readonly status: number | null;
  readonly partner: string;
  readonly endpoint: string;
  readonly endpointVersion: number;
  /** The endpoint's document of that version; null if it is not kept any more. */
  readonly document: EndpointDocument | null;
  readonly latestDocument: EndpointDocument;
  /** Of the partner, as they are now. */
  readonly constants: Readonly<Record<string, string>>;
  /** When they changed last; null: never. */
  readonly constantsChangedMs: number | null;
  /** When each secret of the partner was set last, by its name. */
  readonly secretsSetMs: ReadonlyMap<string, number>;
  /** Null if retention took it. */
  readonly event: EventFacts | null;
}

/** What is most likely wrong with an endpoint that can still be stored and sent to. */
export interface EndpointWarning {
  readonly partner: string;
  readonly endpoint: string;
  /**
   * `unfilled_macro`: no recent event had a value for it. `open_credential`: a credential stands in the document as it is.
   * `handwritten_json`: JSON text with a macro in it, to which a value could add a key.
   * `secret_missing`: a secret that it uses was never set, so nothing is sent. `personal_data`: recent events would not be
   * sent, because of what a macro holds. `personal_literal`: personal data stands in the document as it is.
   */
  readonly code:
    | "unfilled_macro"
    | "open_credential"
    | "handwritten_json"
    | "secret_missing"
    | "personal_data"
    | "personal_literal";
  /** The macro it is about: `data.payuot`, or the one to write in the place of a credential, `secret.access_token`. */
  readonly macro: string | null;
  /** The nearest path that recent events have. */
  readonly nearest: string | null;
  /** In words, with what becomes of the postbacks, or what to do. */
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

/** A secret of a partner, without its value. */
export interface PartnerSecret {
  readonly name: string;
  /** Null: an endpoint uses it, and it was never set. */
  readonly set_at: string | null;
  /** The ids of the endpoints that use it. */
  readonly endpoints: readonly string[];
}

/** An endpoint that cannot be signed for. */
export interface MissingKey {
  readonly partner: string;
  readonly endpoint: string;
  readonly scheme: "v1" | "v1a";
}

export interface AttemptView {
  readonly n: number;
  /** The version of the endpoint's document that it used. */
  readonly endpoint_version: number;
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
  /** Only of a delivery for one item of its event's list: which one, from 1, and of how many. Likewise `items`. */
  readonly item?: number;
  readonly items?: number;
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

/** A counter of the ledger that can come to its end. */
export interface NumberUse {
  /** `table.column`, or the name of a sequence of its own. */
  readonly name: string;
  /** The part of its numbers that is gone, 0 to 1. */
  readonly used: number;
}

/** The answer to a deletion, which does not wait for a large backlog. */
export interface Deleted {
  /** True while waiting deliveries are still being ended, some 10,000 a second; nothing of them is sent. */
  readonly cancelling: boolean;
}
