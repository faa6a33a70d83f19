/**
 * What the dispatcher tells the outside: one wide event per attempt, and its own troubles. Declared by dispatch; the
 * server turns it into log lines and metrics. No field may hold a secret, a body or a query string.
 */
import type { Reason } from "../core/delivery.ts";
import type { Condition } from "./conditions.ts";
import type { FailureClass } from "./transport.ts";

export interface AttemptEvent {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly type: string;
  readonly partner: string;
  readonly endpoint: string;
  readonly endpointVersion: number;
  readonly method: string;
  /** Scheme, host and port only. Null if nothing could be rendered. */
  readonly origin: string | null;
  /** The number of this attempt, from 1. */
  readonly n: number;
  readonly status: number | null;
  readonly failureClass: FailureClass | null;
  /** In words, without data: `status 503`, `timeout: headers`. Null on success. */
  readonly error: string | null;
  readonly durationMs: number;
  /** From the time it was due to the start of the attempt. */
  readonly lateMs: number;
  readonly outcome: "delivered" | "retry" | "dead" | "expired" | "suppressed" | "paused";
  readonly reason: Reason | null;
  readonly nextAttemptAtMs: number | null;
  /** From acceptance to the end of this attempt. */
  readonly sinceAcceptedMs: number;
}

/** A condition of this process that began, lasts (told each minute), or is over. */
export interface ConditionEvent extends Condition {
  readonly phase: "begins" | "lasts" | "over";
}

export interface Telemetry {
  attempt(event: AttemptEvent): void;
  /** A turn closed. */
  turn(event: { readonly partner: string; readonly attempts: number; readonly durationMs: number }): void;
  /** A delivery was put back unchanged, because this process itself could not send it. Absent if nobody counts. */
  putBack?(): void;
  /** An endpoint's circuit changed: it opened, a probe is on its way, it closed. Absent if nobody counts. */
  circuit?(event: {
    readonly partner: string;
    readonly endpoint: string;
    readonly to: "open" | "half_open" | "closed";
  }): void;
  /**
   * Accepting stopped working, for another reason than before, or (null) works again. `code`: the SQLSTATE or the
   * system's code. One call per streak and reason. Absent if nobody listens.
   */
  accepting?(trouble: { readonly reason: string; readonly code: string | null } | null): void;
  /** A condition of this process: see `ports/conditions.ts`. Absent if nobody listens. */
  condition?(event: ConditionEvent): void;
  /** A statement of the ledger failed and is tried again, or a background loop met a fault. One call per streak, not per try. */
  fault(event: { readonly where: string; readonly error: unknown; readonly retryInMs: number | null }): void;
}

/** Says nothing. */
export const silentTelemetry: Telemetry = { attempt() {}, turn() {}, fault() {} };
