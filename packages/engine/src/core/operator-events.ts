/**
 * What operators are told as events: which, under which id, with which data. An id is made of what the event is about,
 * and of the trouble or window it belongs to, never of the moment: so any number of processes that tell the same
 * thing, or tell it again, make one event, by the ledger's idempotency.
 *
 * @packageDocumentation
 */
import type { Lack } from "./lack.ts";
import type { CircuitChange } from "./breaker.ts";
import type { Reason } from "./delivery.ts";
import type { Refusals } from "./refusals.ts";

export const operatorEventTypes = {
  "endpoint.failing":
    "Its circuit opened (`percent` null), or it has failed for 50, 70 or 90 percent of its `disable_after`.",
  "endpoint.refusing":
    "It refuses every request, with a 4xx or by a verdict rule: 20 requests without a success of which 90 % were refused, or 5 over 15 minutes. At most one event per endpoint and window until that ends.",
  "endpoint.disabled":
    "It was paused: it answered 410, or as a verdict rule that says `pause` (`cause` gone), failed for its whole `disable_after` (`cause` failing), asks for a signature that its partner has no live key for (`cause` signing_key_missing), or uses a secret or constant that its partner does not have (`cause` secret_missing, constant_missing).",
  "endpoint.recovered":
    "Its circuit is closed and its ramp is over (`by` probe), it takes requests again after refusing them (`by` answers), or an operator resumed it (`by` operator).",
  "delivery.dead": "A delivery of the endpoint died; at most one event per endpoint and window.",
  "backlog.old":
    "The partner's oldest due delivery waits for longer than POSTRIDER_BACKLOG_OLD_AFTER; at most one event per partner and window.",
  "partner.silent":
    "Nothing accepted within the partner's `silent_after` was delivered; at most one event per partner and such time.",
} as const;

export type OperatorEventType = keyof typeof operatorEventTypes;

/** Ids, counts, words and instants; never data of events, URLs or secrets. */
export interface OperatorEvent {
  readonly type: OperatorEventType;
  readonly eventId: string;
  readonly occurredAtMs: number;
  readonly data: { readonly partner: string } & Readonly<Record<string, string | number | null>>;
}

/** An endpoint by its names. */
export interface Subject {
  readonly partner: string;
  readonly endpoint: string;
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
const idOf = (type: OperatorEventType, ...parts: readonly (string | number | null)[]) =>
  `op.${type}.${parts.join(".")}`;

/**
 * What a change of an endpoint's circuit is worth telling, or null: probes that fail and ramps that stumble are the
 * same trouble still.
 *
 * @param circuit when it opened (null: it did not) and since when it fails, after the change
 */
export function circuitEvent(
  change: CircuitChange,
  { partner, endpoint }: Subject,
  circuit: {
    readonly openedAtMs: number | null;
    readonly failingSinceMs: number | null;
    readonly failures: number;
  },
  error: string | null,
  nowMs: number,
): OperatorEvent | null {
  const since = circuit.failingSinceMs;
  const failing = { partner, endpoint, failing_since: iso(since), failures: circuit.failures, error };
  switch (change.kind) {
    case "opened":
      return {
        type: "endpoint.failing",
        eventId: idOf("endpoint.failing", partner, endpoint, "open", circuit.openedAtMs),
        occurredAtMs: nowMs,
        data: { ...failing, percent: null },
      };
    case "mark":
      return {
        type: "endpoint.failing",
        eventId: idOf("endpoint.failing", partner, endpoint, change.percent, since),
        occurredAtMs: nowMs,
        data: { ...failing, percent: change.percent },
      };
    case "disabled":
      return {
        type: "endpoint.disabled",
        eventId: idOf("endpoint.disabled", partner, endpoint, "failing", since),
        occurredAtMs: nowMs,
        data: { ...failing, cause: "failing", percent: 100 },
      };
    case "recovered":
      return recovered({ partner, endpoint }, change.openedAtMs, "probe", nowMs);
    case "closed":
    case "reopened":
    // Made per window: see `refusingEvent` and `acceptingEvent`.
    case "refusing":
    case "accepting":
      return null;
  }
}

/** @param troubleMs when the trouble began, which the id is made of */
export function recovered(
  { partner, endpoint }: Subject,
  troubleMs: number | null,
  by: "probe" | "operator",
  nowMs: number,
): OperatorEvent {
  return {
    type: "endpoint.recovered",
    eventId: idOf("endpoint.recovered", partner, endpoint, troubleMs),
    occurredAtMs: nowMs,
    data: { partner, endpoint, by, failing_since: iso(troubleMs) },
  };
}

/** It refuses every request. Made at every refusal until that ends; the ids allow one event per window. */
export function refusingEvent(
  { partner, endpoint }: Subject,
  { sinceMs, refused, ended }: Refusals,
  error: string | null,
  windowMs: number,
  nowMs: number,
): OperatorEvent {
  return {
    type: "endpoint.refusing",
    eventId: idOf("endpoint.refusing", partner, endpoint, windowNo(nowMs, windowMs)),
    occurredAtMs: nowMs,
    data: { partner, endpoint, refusing_since: iso(sinceMs), refusals: refused, requests: ended, error },
  };
}

/** It takes requests again. One per window, also for an endpoint that changes back and forth. */
export function acceptingEvent(
  { partner, endpoint }: Subject,
  refusingSinceMs: number,
  windowMs: number,
  nowMs: number,
): OperatorEvent {
  return {
    type: "endpoint.recovered",
    eventId: idOf("endpoint.recovered", partner, endpoint, "refusing", windowNo(nowMs, windowMs)),
    occurredAtMs: nowMs,
    data: { partner, endpoint, by: "answers", refusing_since: iso(refusingSinceMs) },
  };
}

/** The endpoint answered 410, or what a rule takes for it. Requests in flight may say so several times: one event per window. */
export function goneEvent(
  { partner, endpoint }: Subject,
  windowMs: number,
  nowMs: number,
  error: string | null = null,
): OperatorEvent {
  return {
    type: "endpoint.disabled",
    eventId: idOf("endpoint.disabled", partner, endpoint, "gone", windowNo(nowMs, windowMs)),
    occurredAtMs: nowMs,
    data: { partner, endpoint, cause: "gone", error: error ?? "status 410" },
  };
}

/** The endpoint asks for a signature scheme without a live key. One event per window, as for a 410. */
export function unsignableEvent(
  { partner, endpoint }: Subject,
  error: string,
  windowMs: number,
  nowMs: number,
): OperatorEvent {
  return {
    type: "endpoint.disabled",
    eventId: idOf("endpoint.disabled", partner, endpoint, "unsigned", windowNo(nowMs, windowMs)),
    occurredAtMs: nowMs,
    data: { partner, endpoint, cause: "signing_key_missing", error },
  };
}

/** The endpoint uses what its partner does not have. One event per window, as for a 410. */
export function lackingEvent(
  { partner, endpoint }: Subject,
  { lack, error }: { readonly lack: Lack; readonly error: string },
  windowMs: number,
  nowMs: number,
): OperatorEvent {
  return {
    type: "endpoint.disabled",
    eventId: idOf("endpoint.disabled", partner, endpoint, lack.kind, lack.name, windowNo(nowMs, windowMs)),
    occurredAtMs: nowMs,
    data: { partner, endpoint, cause: `${lack.kind}_missing`, error },
  };
}

export function deadEvent(
  { partner, endpoint }: Subject,
  dead: { readonly deliveryId: string; readonly reason: Reason; readonly error: string | null },
  windowMs: number,
  nowMs: number,
): OperatorEvent {
  return {
    type: "delivery.dead",
    eventId: idOf("delivery.dead", partner, endpoint, windowNo(nowMs, windowMs)),
    occurredAtMs: nowMs,
    data: { partner, endpoint, delivery: dead.deliveryId, reason: dead.reason, error: dead.error },
  };
}

export function backlogEvent(
  partner: string,
  oldestDueMs: number,
  windowMs: number,
  nowMs: number,
): OperatorEvent {
  return {
    type: "backlog.old",
    eventId: idOf("backlog.old", partner, windowNo(nowMs, windowMs)),
    occurredAtMs: nowMs,
    data: {
      partner,
      oldest_due_at: iso(oldestDueMs),
      age_seconds: Math.floor((nowMs - oldestDueMs) / 1_000),
    },
  };
}

export function silentEvent(
  partner: string,
  silentAfterMs: number,
  windowMs: number,
  nowMs: number,
): OperatorEvent {
  const every = Math.max(silentAfterMs, windowMs);
  return {
    type: "partner.silent",
    eventId: idOf("partner.silent", partner, windowNo(nowMs, every)),
    occurredAtMs: nowMs,
    data: { partner, silent_after_seconds: Math.floor(silentAfterMs / 1_000) },
  };
}

/** Windows are counted from the epoch, the same in every process. */
function windowNo(nowMs: number, windowMs: number): number {
  return Math.floor(nowMs / windowMs);
}
