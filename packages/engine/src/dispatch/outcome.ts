import type { Verdict } from "../core/classify.ts";
import { reasons } from "../core/delivery.ts";
import { lackNote } from "../core/lack.ts";
import { missingKeyNote } from "../core/missing-key.ts";
import type { StoredAttempt, EndpointHold, Outcome } from "../ports/ledger.ts";
import type { AttemptEvent } from "../ports/telemetry.ts";
import type { Attempted, Job } from "./attempt.ts";

/** What the ledger is to store of an attempt. */
export function outcomeOf(job: Job, attempted: Attempted, fence: number): Outcome {
  const { decision, error, endedAtMs } = attempted;
  return {
    deliveryId: job.delivery.id,
    partnerNo: job.partner.partnerNo,
    fence,
    attempt: attemptRow(job, attempted),
    change:
      decision.kind === "finish"
        ? {
            kind: "finish",
            state: reasons[decision.reason].state,
            reason: decision.reason,
            atMs: endedAtMs,
            error,
          }
        : {
            kind: "retry",
            dueAtMs: decision.dueAtMs,
            clientErrors: decision.kind === "retry" ? decision.clientErrors : job.delivery.clientErrors,
            error,
            ...(attempted.spendsNoStep ? { attemptsBefore: job.delivery.attemptsBefore + 1 } : {}),
          },
  };
}

function attemptRow(job: Job, { startedAtMs, exchange, verdict, error }: Attempted): StoredAttempt | null {
  // A refused target was an attempt, though nothing left this machine: it takes a step of the ladder.
  if (exchange === null && verdict === null) return null;
  return {
    n: job.n,
    atMs: startedAtMs,
    durationMs: Math.round(exchange?.durationMs ?? 0),
    status: exchange?.status ?? null,
    error,
    responseBody: exchange?.responseBody ?? null,
    endpointVersion: job.endpoint.version,
  };
}

/** What the attempt means for the whole endpoint, or null. */
export function holdOf(
  { endpoint }: Job,
  { decision, verdict, error, putBack }: Attempted,
): EndpointHold | null {
  if (decision.kind === "pause_endpoint") {
    return {
      endpointNo: endpoint.endpointNo,
      untilMs: null,
      note: pauseNote(verdict),
    };
  }
  if (decision.holdEndpointUntilMs !== null) {
    return {
      endpointNo: endpoint.endpointNo,
      untilMs: decision.holdEndpointUntilMs,
      note: putBack
        ? `Postrider itself could not send, and tries again: ${error}`
        : `The partner asked to wait (${error}).`,
    };
  }
  return null;
}

function pauseNote(verdict: Verdict | null): string {
  if (verdict?.kind === "unsignable") return missingKeyNote(verdict.scheme);
  if (verdict?.kind === "lacking") return lackNote(verdict.lack);
  const note = verdict?.kind === "gone" ? verdict.note : undefined;
  return note ?? "The partner answered 410 Gone: paused until an operator resumes it.";
}

/** The one wide event of an attempt. */
export function attemptEvent(
  job: Job,
  { startedAtMs, endedAtMs, exchange, decision, error }: Attempted,
  { change }: Outcome,
): AttemptEvent {
  const { delivery, partner, endpoint } = job;
  return {
    deliveryId: delivery.id,
    eventId: delivery.eventId,
    type: delivery.type,
    partner: partner.id,
    endpoint: endpoint.id,
    endpointVersion: endpoint.version,
    method: endpoint.template?.method ?? "",
    origin: endpoint.template?.origin ?? null,
    n: job.n,
    status: exchange?.status ?? null,
    failureClass: exchange?.failure?.class ?? null,
    error,
    durationMs: exchange?.durationMs ?? 0,
    lateMs: startedAtMs - delivery.dueAtMs,
    outcome:
      decision.kind === "pause_endpoint"
        ? "paused"
        : change.kind === "retry"
          ? "retry"
          : outcomeWord(change.state),
    reason: change.kind === "finish" ? change.reason : null,
    nextAttemptAtMs: change.kind === "retry" ? change.dueAtMs : null,
    sinceAcceptedMs: endedAtMs - delivery.acceptedAtMs,
  };
}

function outcomeWord(state: string): "delivered" | "dead" | "expired" | "suppressed" {
  return state === "delivered" || state === "expired" || state === "suppressed" ? state : "dead";
}
