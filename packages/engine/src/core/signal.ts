import type { Verdict } from "./classify.ts";

/**
 * What an attempt says of its endpoint:
 *
 * | signal | from | |
 * |---|---|---|
 * | `success` | 2xx; a rule that says `delivered` or `duplicate` | |
 * | `failure` | 5xx, 3xx, no answer, a body that broke off; `retry` by a rule, and answers that no rule knows | |
 * | `throttled` | 429; 5xx, 3xx or `retry` with a wait | it answers and says when: the hold does the rest |
 * | `answered` | other 4xx; `slow` or `dead` by a rule | it works, and refused this request: others may be good, unless it refuses all (refusals.ts) |
 * | `gone` | 410; `pause` by a rule | it is paused |
 */
export type Signal = "success" | "failure" | "throttled" | "answered" | "gone";

/** What an attempt says of its endpoint; null if it says nothing (nothing was sent, or the fault is Postrider's). */
export function signalOf(
  verdict: Verdict | null,
  {
    sent,
    status,
    asked,
  }: { readonly sent: boolean; readonly status: number | null; readonly asked: boolean },
): Signal | null {
  if (verdict === null || !sent) return null;
  switch (verdict.kind) {
    case "accepted":
      return "success";
    case "gone":
      return "gone";
    case "unsignable":
    case "lacking":
      return null;
    case "busy":
    case "refused":
      return "answered";
    case "client_error":
      return verdict.reason === "target_refused" ? null : "answered";
    case "retryable":
      return status === 429 || asked ? "throttled" : "failure";
  }
}
