/**
 * What an operator can do for a delivery that ended.
 *
 * @packageDocumentation
 */
import type { DeliveryView, Endpoint, Reason } from "@postrider/engine";

/** What an operator can do about an ended delivery. */
export function adviceFor(
  reason: Reason,
  delivery: DeliveryView,
  endpoint: Endpoint | undefined,
): readonly string[] {
  const to = `${delivery.partner} ${delivery.endpoint}`;
  const replay = `Send it again: postrider dead-letters replay ${delivery.id}`;
  const change = (what: string) => `${what}: postrider endpoints put ${to} …`;
  const gone =
    endpoint === undefined ? ["The endpoint does not exist any more, so it cannot be sent again."] : null;
  const advice: Record<Reason, readonly string[]> = {
    accepted_by_partner: [],
    accepted_by_rule: [],
    duplicate: [],
    refused_by_rule: [
      "The answers above say why the partner refused it; if the rule is wrong, correct the endpoint's verdicts.",
      replay,
    ],
    rejected_by_rule: [
      "Find out from the answers above what the partner refused; correct the endpoint or ask the partner.",
      replay,
    ],
    not_accepted: [`See whether the partner takes it now: postrider endpoints test ${to}`, replay],
    verdict_unknown: [change("Write a verdict rule that knows the answer above"), replay],
    invalid_value: [change("Let the filter (or fan_out) fit the values, or give a default"), replay],
    delimiter_in_value: [change("Replace the separator in the value before it is joined"), replay],
    too_many_items: [change("Send one request per item (fan_out)"), replay],
    body_too_large: [change("Send less of the event, or each large value once"), replay],
    personal_data: [
      change("Send the value in the body, or hashed in the body as the partner's page says"),
      `If the partner may have it there: postrider endpoints put ${to} --personal-data url:email (or header, plain_http; phone, card)`,
      replay,
    ],
    retries_exhausted: [`See whether the partner answers now: postrider endpoints test ${to}`, replay],
    rejected: [
      "Find out from the answers above what the partner refused; correct the endpoint or ask the partner.",
      replay,
    ],
    redirected: [change("Give the endpoint the final address"), replay],
    target_refused: [
      change("Give the endpoint a public https address, or name the host:port in POSTRIDER_ALLOW_TARGETS"),
      replay,
    ],
    missing_macro: [
      change("Make the macro optional (? or |default:) or let the application send the value"),
      replay,
    ],
    unresolved_macro: [change("Correct the template"), replay],
    path_changed: [change("Do not put macros beside the separators of the path")],
    host_changed: [change("Do not put macros into the host"), replay],
    url_too_long: [change("Send less in the URL, or use a body"), replay],
    invalid_header: [change("Remove the macro from the header"), replay],
    expired: [`If the partner still wants it: postrider dead-letters replay --state expired ${delivery.id}`],
    cancelled: [`If it was a mistake: postrider dead-letters replay --state cancelled ${delivery.id}`],
    endpoint_deleted: [
      "It cannot be sent again. If the partner still wants it, make a new endpoint and send the event under a new id.",
    ],
    partner_deleted: [
      "It cannot be sent again. If the event is still wanted, make the partner again and send the event under a new id.",
    ],
    no_items: [],
    endpoint_disabled: [`To send it anyway: postrider dead-letters replay --state suppressed ${delivery.id}`],
  };
  if (
    gone !== null &&
    delivery.state !== "delivered" &&
    reason !== "endpoint_deleted" &&
    reason !== "partner_deleted"
  )
    return gone;
  // A newer server may know reasons that this command does not.
  return (advice as Partial<Record<Reason, readonly string[]>>)[reason] ?? [replay];
}
