import { shownLocation } from "./shown-location.ts";
import type { Lack } from "./lack.ts";
import type { Scheme } from "./missing-key.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What an attempt means for its delivery, before any policy. */
export type Verdict =
  | ExchangeVerdict
  /** Nothing was sent, since a signature that the endpoint asks for cannot be made: it is paused until a key is there. */
  | { readonly kind: "unsignable"; readonly scheme: Scheme; readonly error: string }
  /** Nothing was sent, since the endpoint uses a secret or constant that its partner does not have: it is paused until that is there. */
  | { readonly kind: "lacking"; readonly lack: Lack; readonly error: string };

/** What an exchange means for its delivery. */
export type ExchangeVerdict =
  /** `reason`: how the delivery ends. Absent: accepted by its status. */
  | { readonly kind: "accepted"; readonly reason?: "accepted_by_rule" | "duplicate" }
  /** Likely to pass by itself: the endpoint's ordinary schedule. `reason`: how the delivery ends if this was its last answer. */
  | {
      readonly kind: "retryable";
      readonly error: string;
      readonly reason?: "redirected" | "not_accepted" | "verdict_unknown";
    }
  /** The partner still works on this delivery: the ordinary schedule, and nothing follows for the endpoint. */
  | { readonly kind: "busy"; readonly error: string }
  /** Likely somebody's mistake that somebody mends: the short slow ladder, then dead with this reason. */
  | {
      readonly kind: "client_error";
      readonly reason: "rejected" | "rejected_by_rule" | "target_refused";
      readonly error: string;
    }
  /** The partner will never take it: dead at once. Only a verdict rule says so. */
  | { readonly kind: "refused"; readonly reason: "refused_by_rule"; readonly error: string }
  /**
   * 410 (Standard Webhooks), or a verdict rule: the endpoint is paused and its backlog kept, this delivery with it.
   * `note`: why, for operators. Absent: 410.
   */
  | { readonly kind: "gone"; readonly error: string; readonly note?: string };

/** The parts of an exchange that the verdict depends on. */
export interface ExchangeFacts {
  readonly status: number | null;
  readonly failure: { readonly class: string; readonly message: string } | null;
  readonly location: string | null;
  /** The `Retry-After` header as it came. Absent or null: none. */
  readonly retryAfter?: string | null;
}

/**
 * The verdict on an exchange. The status decides where one arrived, unless the body then failed: a body that
 * broke off after a 2xx is retried, because an answer that was cut may not be an acceptance.
 *
 * | came back | verdict |
 * |---|---|
 * | 2xx, complete | accepted |
 * | 3xx | retryable, never followed |
 * | 408, 425, 429, 5xx, 1xx and unknown | retryable |
 * | 409 and 423 with Retry-After | busy |
 * | 410 | gone |
 * | other 4xx | client_error |
 * | refused target | client_error |
 * | DNS, TLS, connect, reset, timeout, protocol | retryable |
 */
export function classify({ status, failure, location, retryAfter = null }: ExchangeFacts): ExchangeVerdict {
  if (failure?.class === "target_refused") {
    return { kind: "client_error", reason: "target_refused", error: `target_refused: ${failure.message}` };
  }
  if (status === null || (failure !== null && status < 300)) {
    return {
      kind: "retryable",
      error: failure ? `${failure.class}: ${failure.message}` : "protocol: no status",
    };
  }
  if (status >= 200 && status < 300) return { kind: "accepted" };
  const error = `status ${status}`;
  if (status >= 300 && status < 400) {
    return { kind: "retryable", reason: "redirected", error: redirectError(status, location) };
  }
  if (status === 410) return { kind: "gone", error };
  // Whether the value can be read does not depend on the time.
  if ((status === 409 || status === 423) && retryAfterMs(retryAfter, 0) !== null)
    return { kind: "busy", error };
  if (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429) {
    return { kind: "client_error", reason: "rejected", error };
  }
  return { kind: "retryable", error };
}

function redirectError(status: number, location: string | null): string {
  if (status === 304) return "status 304: not modified, which answers a cached GET only";
  return location ? `status ${status}: redirect to ${shownLocation(location)}` : `status ${status}`;
}
