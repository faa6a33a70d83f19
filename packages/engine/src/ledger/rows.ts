import type { CircuitRow } from "./circuits.ts";
import type { DueDelivery } from "../ports/ledger.ts";

/** A row of `postrider.claim`. Counts come as text from one driver and as numbers from the other. */
export interface ClaimRow {
  readonly partner_no: number;
  readonly fence: number | string;
  readonly standing: "held" | "inactive" | "elsewhere" | "unclear";
  readonly version: number | string;
  readonly limiter_cursor_ms: number;
  readonly circuits: readonly CircuitRow[] | null;
  readonly id: string | null;
  readonly endpoint_no: number;
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly occurred_at: string;
  readonly accepted_ms: number;
  readonly data: string;
  readonly due_ms: number;
  readonly enqueued_ms: number;
  readonly attempts_made: number;
  readonly client_errors: number;
  readonly attempts_before: number;
  readonly expires_ms: number | null;
  readonly order_key: string | null;
  /** When more is due. */
  readonly next_ms: number | null;
  readonly lane: number | null;
  readonly item: number | null;
  readonly items: number | null;
}

/**
 * @param before the delivery before it, if there is one: the items of an event share its text, which may be large
 */
export function dueDelivery(row: ClaimRow & { readonly id: string }, before?: DueDelivery): DueDelivery {
  return {
    id: row.id,
    endpointNo: row.endpoint_no,
    eventId: row.event_id,
    type: row.type,
    schemaVersion: row.schema_version,
    occurredAt: row.occurred_at,
    acceptedAtMs: row.accepted_ms,
    dataText: row.item !== null && before?.eventId === row.event_id ? before.dataText : row.data,
    dueAtMs: row.due_ms,
    enqueuedAtMs: row.enqueued_ms,
    attemptsMade: row.attempts_made,
    clientErrors: row.client_errors,
    attemptsBefore: row.attempts_before,
    expiresAtMs: row.expires_ms,
    orderKey: row.order_key,
    item: row.item === null ? null : { n: row.item, of: row.items! },
  };
}
