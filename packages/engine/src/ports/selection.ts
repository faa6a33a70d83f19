/** Which deliveries an operator selects, and what is done with them. */
import type { DeliveryState, Reason } from "../core/delivery.ts";

/** The same keys select deliveries for listing, for replaying, for cancelling and for sending now. */
export interface DeliveryFilter {
  readonly state?: DeliveryState;
  readonly partner?: string;
  readonly endpoint?: string;
  /** An event type, or `prefix.*` as in a subscription; `*` is every type. */
  readonly type?: string;
  readonly reason?: Reason;
  readonly event_id?: string;
  /** What `since` and `until` mean, and lists are sorted by. Default `accepted`; `finished` needs a state that ends without success. */
  readonly time?: "accepted" | "finished";
  /** ISO text, inclusive. */
  readonly since?: string;
  /** ISO text, exclusive. */
  readonly until?: string;
  readonly delivery_ids?: readonly string[];
}

export interface DeliveryGroup {
  readonly partner: string;
  readonly endpoint: string;
  readonly state: DeliveryState;
  readonly reason: Reason | null;
  readonly last_error: string | null;
  readonly last_status: number | null;
  /** Only if it is so, likewise the next: the group is of one that was deleted, not of one that has the id now. */
  readonly endpoint_deleted?: true;
  readonly partner_deleted?: true;
  readonly count: number;
  readonly oldest_accepted_at: string;
  readonly newest_accepted_at: string;
}

/** Why a selected delivery is left as it is by a replay, or by sending it now. */
export type SkipCause =
  | "partner_deleted"
  | "endpoint_deleted"
  | "already_pending"
  | "past_retention"
  | "already_due"
  | "not_before"
  | "behind_order_key";

/** What holds back deliveries that are due. */
export type WaitCause =
  | "partner_paused"
  | "endpoint_disabled"
  | "endpoint_paused"
  | "circuit_open"
  | "endpoint_held";

export interface CauseCount<Cause extends string> {
  readonly cause: Cause;
  readonly count: number;
}

/** What holds back deliveries that are due already, beside what a {@link ReplaySelection} says of those made due. */
export interface DueWaiting {
  /** Of the deliveries that are due already: what will not be sent before the cause has ended. */
  readonly due_waiting: readonly CauseCount<WaitCause>[];
}

/** What a replay, or sending now, does with the deliveries that its filter selects. */
export interface ReplaySelection {
  /** Put back, or made due. The groups are of these. */
  readonly matched: number;
  readonly groups: readonly DeliveryGroup[];
  /** Selected beside them, and left as they are. */
  readonly skipped: readonly CauseCount<SkipCause>[];
  /** Of those matched: what will not be sent before the cause has ended. */
  readonly waiting: readonly CauseCount<WaitCause>[];
  /** If nothing was selected: that no event of the filter's type is in the ledger, with the nearest type. */
  readonly note?: string;
}
