import type { Verdict } from "./classify.ts";
import type { Reason } from "./delivery.ts";
import { jitteredMs, type RetryPolicy } from "./retry-policy.ts";

/** What a delivery had behind it when the attempt began. */
export interface DeliveryProgress {
  /** Attempts recorded before this one. */
  readonly attemptsMade: number;
  /** Of those, answers on the client-error ladder. */
  readonly clientErrors: number;
  /** Of `attemptsMade`, those before the last replay: the ladder begins again, the attempt numbers go on. */
  readonly attemptsBefore: number;
  /** When it was accepted (or its `not_before`, if that is later), or last replayed: the start of `expires_after`. Epoch ms. */
  readonly enqueuedAtMs: number;
  /** When the event itself expires, or null if only the endpoint's `expires_after` counts; a replay clears it. Epoch ms. */
  readonly expiresAtMs: number | null;
}

/** What becomes of the delivery, and of its endpoint. The ledger applies it; nothing else decides. */
export type Decision =
  | { readonly kind: "finish"; readonly reason: Reason; readonly holdEndpointUntilMs: number | null }
  | {
      readonly kind: "retry";
      readonly dueAtMs: number;
      readonly clientErrors: number;
      /** The whole endpoint waits until then, because its partner asked by Retry-After. Null: the endpoint does not wait. */
      readonly holdEndpointUntilMs: number | null;
    }
  /** The delivery stays pending and due; its endpoint is paused until somebody resumes it. */
  | { readonly kind: "pause_endpoint"; readonly dueAtMs: number };

/**
 * The retry rule, whole. `nowMs` is the end of the attempt, `random` a number in [0, 1), `retryAfterMs` what the
 * partner asked for (null: nothing).
 *
 * A spent ladder ends as the last answer says: `redirected` after a redirect, `not_accepted` or `verdict_unknown` by the
 * endpoint's verdict rules, else `retries_exhausted`, and on the client-error ladder the reason of the last refusal.
 *
 * `Retry-After`, and a wait that a verdict rule reads from the answer, holds the whole endpoint only if the answer is
 * about the endpoint (429, 5xx, 3xx, a rule that says `retry`: `retryable`). With any other 4xx, and a rule that says
 * `slow`, it is about one request, and delays only that delivery.
 *
 * The next attempt is never earlier than the partner asked (capped by the policy); a delivery whose next attempt
 * would fall after its expiry ends as `expired` now, since nothing could change that.
 *
 * @example decide(policy, progress, { kind: "retryable", error: "status 503" }, null, now, 0.5)
 */
export function decide(
  policy: RetryPolicy,
  progress: DeliveryProgress,
  verdict: Verdict,
  retryAfterMs: number | null,
  nowMs: number,
  random: number,
): Decision {
  if (verdict.kind === "accepted") return finish(verdict.reason ?? "accepted_by_partner");
  if (verdict.kind === "refused") return finish(verdict.reason);
  if (verdict.kind === "gone" || verdict.kind === "unsignable" || verdict.kind === "lacking")
    return { kind: "pause_endpoint", dueAtMs: nowMs };

  const slow = verdict.kind === "client_error";
  const ladder = slow ? policy.clientErrorScheduleMs : policy.scheduleMs;
  const step = slow
    ? progress.clientErrors
    : progress.attemptsMade - progress.attemptsBefore - progress.clientErrors;
  const waitMs = ladder[step];
  const askedMs = retryAfterMs === null ? 0 : Math.min(retryAfterMs, policy.retryAfterMaxMs);
  // Also where this delivery ends: the others of the endpoint were asked to wait too.
  const holdEndpointUntilMs = askedMs > 0 && verdict.kind === "retryable" ? nowMs + askedMs : null;
  if (waitMs === undefined) return finish(spentReason(verdict), holdEndpointUntilMs);

  // Full jitter may mean no wait at all, and a client error has few tries: for a mistake that is corrected within the hour
  // all of them would be used up within minutes.
  const jitter = slow && policy.jitter === "full" ? "equal" : policy.jitter;
  const dueAtMs = nowMs + Math.max(jitteredMs(waitMs, jitter, random), askedMs);
  if (isExpired(policy, progress, dueAtMs)) return finish("expired", holdEndpointUntilMs);
  return {
    kind: "retry",
    dueAtMs,
    clientErrors: progress.clientErrors + (slow ? 1 : 0),
    holdEndpointUntilMs,
  };
}

function spentReason(verdict: Verdict): Reason {
  return "reason" in verdict && verdict.reason !== undefined ? verdict.reason : "retries_exhausted";
}

/** A decision that ends the delivery. */
export function finish(reason: Reason, holdEndpointUntilMs: number | null = null): Decision {
  return { kind: "finish", reason, holdEndpointUntilMs };
}

/** True if an attempt at `atMs` would come after the delivery's time has run out: the endpoint's, or the event's own. */
export function isExpired(
  policy: Pick<RetryPolicy, "expiresAfterMs">,
  { enqueuedAtMs, expiresAtMs }: Pick<DeliveryProgress, "enqueuedAtMs" | "expiresAtMs">,
  atMs: number,
): boolean {
  return atMs > enqueuedAtMs + policy.expiresAfterMs || (expiresAtMs !== null && atMs > expiresAtMs);
}
