import type { SenderErrorCode } from "./errors.ts";

/** What became of an event that is now in the ledger. */
export interface AcceptedResult {
  readonly event_id: string;
  /** `duplicate`: the same id and content was accepted before, and counts once. */
  readonly status: "accepted" | "duplicate";
  /** How many deliveries the event has. */
  readonly deliveries: number;
}

/** What became of an event that the ledger refused. */
export interface RefusedResult {
  readonly event_id: string;
  /**
   * `conflict`: the id exists with other content, which stays. `invalid`: the event breaks the contract. `backlog_full`:
   * too much waits for the partner it is addressed to, so send it again later.
   */
  readonly status: "conflict" | "invalid" | "backlog_full";
  readonly deliveries: number;
  /** Why, in words. */
  readonly error: string;
}

/** An event whose request failed after other requests of the same batch had succeeded. */
export interface FailedResult {
  readonly event_id: string;
  readonly status: "failed";
  readonly deliveries: 0;
  readonly error: string;
  /** As `send` would have thrown it; `unavailable` and `timeout` may be sent again as they are, by id. */
  readonly code: SenderErrorCode;
}

/** What the server or the SQL door says of one event. */
export type EventResult = AcceptedResult | RefusedResult;

/** One event's place in the results of a batch. */
export type BatchResult = EventResult | FailedResult;

/**
 * Reads results as the server gives them, in order, one per event id; undefined for anything else.
 *
 * Ids are compared: a result on the wrong place would let a caller forget the wrong event.
 */
export function readResults(values: unknown, eventIds: readonly string[]): EventResult[] | undefined {
  if (!Array.isArray(values) || values.length !== eventIds.length) return undefined;
  const results = values.map((value: unknown, index) => readResult(value, eventIds[index]));
  return results.every((result) => result !== undefined) ? results : undefined;
}

function readResult(value: unknown, expectedId: string | undefined): EventResult | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { event_id, status, deliveries, error } = value as Record<string, unknown>;
  // An invalid event may have had no readable id on the server's side; its place tells which it is.
  if (expectedId === undefined || (event_id !== expectedId && status !== "invalid")) return undefined;
  const count = typeof deliveries === "number" ? deliveries : 0;
  if (status === "accepted" || status === "duplicate")
    return { event_id: expectedId, status, deliveries: count };
  if (status !== "conflict" && status !== "invalid" && status !== "backlog_full") return undefined;
  return {
    event_id: expectedId,
    status,
    deliveries: count,
    error: typeof error === "string" ? error : status,
  };
}
