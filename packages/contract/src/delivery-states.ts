/** The states of a delivery, and the reasons for its end. No zod. */

/** Every state a delivery can be in. All but `pending` are terminal. */
export const deliveryStates = ["pending", "delivered", "dead", "expired", "cancelled", "suppressed"] as const;
/** A state. */
export type DeliveryState = (typeof deliveryStates)[number];
/** A state that ends a delivery. */
export type TerminalState = Exclude<DeliveryState, "pending">;

/**
 * Why a delivery ended as it did: exactly one per terminal delivery. The key is stored and shown by the API; the
 * entry says which state it belongs to and explains it to an operator.
 */
export const reasons = {
  accepted_by_partner: { state: "delivered", meaning: "The partner answered with a 2xx status." },
  accepted_by_rule: {
    state: "delivered",
    meaning: "The answer matched a verdict rule of the endpoint that says `delivered`.",
  },
  duplicate: {
    state: "delivered",
    meaning: "The partner has it already: a verdict rule of the endpoint says so.",
  },
  retries_exhausted: {
    state: "dead",
    meaning: "Every retry of the endpoint's schedule was used and none succeeded.",
  },
  rejected: { state: "dead", meaning: "The partner kept refusing the request with a 4xx status." },
  redirected: {
    state: "dead",
    meaning:
      "Every retry of the endpoint's schedule was used, and the last answer was a 3xx status, which is never followed: set the endpoint's URL to the address that answers without a redirect.",
  },
  refused_by_rule: {
    state: "dead",
    meaning: "The partner will never take it: the answer matched a verdict rule that says `dead`.",
  },
  rejected_by_rule: {
    state: "dead",
    meaning:
      "Every retry of the endpoint's `client_error_schedule` was used, and the last answer matched a verdict rule that says `slow`.",
  },
  not_accepted: {
    state: "dead",
    meaning:
      "Every retry of the endpoint's schedule was used, and the last answer matched a verdict rule that says `retry`.",
  },
  verdict_unknown: {
    state: "dead",
    meaning:
      "Every retry of the endpoint's schedule was used, and no verdict rule could tell from the last answer whether the partner took it: no rule matched a 2xx, or its body was not read in full.",
  },
  target_refused: {
    state: "dead",
    meaning: "The target address is not allowed (private, reserved, or plain http).",
  },
  missing_macro: {
    state: "dead",
    meaning: "A required macro had no value in the event, so nothing was sent.",
  },
  unresolved_macro: {
    state: "dead",
    meaning: "The rendered request still held a macro delimiter, so nothing was sent.",
  },
  host_changed: { state: "dead", meaning: "Rendering would have changed the host, so nothing was sent." },
  path_changed: {
    state: "dead",
    meaning: "Rendering would have changed the path's shape, so nothing was sent.",
  },
  url_too_long: {
    state: "dead",
    meaning: "The rendered URL was longer than the limit, so nothing was sent.",
  },
  invalid_header: {
    state: "dead",
    meaning: "A rendered header held a forbidden character or was too long, so nothing was sent.",
  },
  invalid_value: {
    state: "dead",
    meaning:
      "A filter could not make what it promises of the event's value, so nothing was sent: no date, no number, or a digit would be lost. Or `fan_out` leads to no list, or was changed after the delivery was split.",
  },
  delimiter_in_value: {
    state: "dead",
    meaning:
      "A value of a joined list held the separator, so nothing was sent: its columns would have shifted.",
  },
  too_many_items: {
    state: "dead",
    meaning:
      "The event's list has more items than one request may hold, or than `fan_out` makes deliveries of, so nothing was sent.",
  },
  body_too_large: {
    state: "dead",
    meaning:
      "The rendered body would have had more than 4,194,304 characters, so nothing was sent: the template repeats a large value of the event.",
  },
  personal_data: {
    state: "dead",
    meaning:
      "A value that looks like an e-mail address, a phone or a card number would have left in a URL, in a header or over plain http, so nothing was sent.",
  },
  expired: {
    state: "expired",
    meaning: "The delivery did not succeed within the endpoint's `expires_after`, or within the event's own.",
  },
  cancelled: { state: "cancelled", meaning: "An operator cancelled the delivery." },
  endpoint_deleted: {
    state: "cancelled",
    meaning: "The endpoint was deleted while the delivery was waiting.",
  },
  partner_deleted: { state: "cancelled", meaning: "The partner was deleted while the delivery was waiting." },
  endpoint_disabled: { state: "suppressed", meaning: "The endpoint does not take this event." },
  no_items: {
    state: "suppressed",
    meaning:
      "The endpoint sends one request for each item of a list, and the event's list is empty or not there.",
  },
} as const satisfies Record<string, { state: TerminalState; meaning: string }>;

/** A reason. */
export type Reason = keyof typeof reasons;
