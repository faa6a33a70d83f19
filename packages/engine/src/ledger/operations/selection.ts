import { PostriderError } from "../../core/errors.ts";
import { reasons } from "../../core/delivery.ts";
import type { DeliveryFilter } from "../../ports/operations.ts";
import { list, type SqlValue } from "../sql.ts";
import { idFloor } from "./instants.ts";

/**
 * The deliveries that a filter selects, for a `from` clause; its parameters are `$1` to `$10`, from
 * {@link selectionValues}. A name stands for everybody who ever had it: history keeps deleted partners.
 */
export const selection = `postrider.select_deliveries($1::text::uuid[],
  case when $2::text is not null or $3::text is not null then array(
    select n.endpoint_no from postrider.endpoints n join postrider.partners p on p.partner_no = n.partner_no
     where ($2::text is null or p.id = $2) and ($3::text is null or n.id = $3)) end,
  $4::text::postrider.delivery_state, $5::text::postrider.reason, $6::text,
  case when $7::text is not null then coalesce((select k.event from postrider.event_keys k where k.event_id = $7), '00000000-0000-0000-0000-000000000000') end,
  $8::text::uuid, $9::text::uuid, $10::float8::bigint)`;

export const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The parameters of {@link selection}: only ids before `beforeId`, at least the newest `limit` of them (null: all). */
export function selectionValues(
  filter: DeliveryFilter,
  beforeId: string | null,
  limit: number | null,
): readonly SqlValue[] {
  const until = filter.until === undefined ? null : idFloor(instantMs(filter.until, "until"));
  const before =
    until !== null && beforeId !== null ? (until < beforeId ? until : beforeId) : (until ?? beforeId);
  return [
    filter.delivery_ids === undefined ? null : list(filter.delivery_ids.filter((id) => idForm.test(id))),
    filter.partner ?? null,
    filter.endpoint ?? null,
    // A reason belongs to one state: naming it lets an index find the few that were not delivered.
    filter.state ?? (filter.reason === undefined ? null : reasons[filter.reason].state),
    filter.reason ?? null,
    filter.type ?? null,
    filter.event_id ?? null,
    filter.since === undefined ? null : idFloor(instantMs(filter.since, "since")),
    before,
    limit,
  ];
}

/**
 * What a replay of `filter` selects: without a state, a reason (which belongs to one state) or ids, dead letters.
 * Pending deliveries never are: leave them out of what comes back where the filter has ids.
 *
 * @throws PostriderError `invalid_request` where the filter asks for pending deliveries
 * @example replaySelection({ partner: "acme" }) // { partner: "acme", state: "dead" }
 */
export function replaySelection(filter: DeliveryFilter): DeliveryFilter {
  if (filter.state === "pending") {
    throw new PostriderError(
      "invalid_request",
      "Pending deliveries are under way already, and are never replayed.",
      {
        hint: "Choose a state that deliveries end in, or leave it out for dead letters.",
        issues: [{ path: "filter.state", message: "must be a terminal state" }],
      },
    );
  }
  if (filter.state !== undefined || filter.reason !== undefined || filter.delivery_ids !== undefined)
    return filter;
  return { ...filter, state: "dead" };
}

/**
 * What a cancellation of `filter` selects: pending deliveries. A filter that names nothing is refused, because it
 * would select everything that waits.
 *
 * @throws PostriderError `invalid_request`
 * @example cancellationSelection({ partner: "acme" }) // { partner: "acme", state: "pending" }
 */
export function cancellationSelection(filter: DeliveryFilter): DeliveryFilter {
  const { state, ...keys } = filter;
  if (Object.values(keys).every((value) => value === undefined)) {
    throw new PostriderError("invalid_request", "The filter names nothing: it would cancel all that waits.", {
      hint: "Name at least one of partner, endpoint, type, event_id, since, until and delivery_ids.",
      issues: [{ path: "filter", message: "must have at least one key besides state" }],
    });
  }
  if ((state !== undefined && state !== "pending") || filter.reason !== undefined) {
    throw new PostriderError("invalid_request", "Only pending deliveries can be cancelled.", {
      hint: "Leave state and reason out.",
      issues: [
        { path: filter.reason === undefined ? "filter.state" : "filter.reason", message: "must be left out" },
      ],
    });
  }
  return { ...keys, state: "pending" };
}

function instantMs(text: string, path: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new PostriderError("invalid_request", `${path} is not an instant.`, {
      hint: "Write an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z.",
      issues: [{ path, message: "must be an ISO 8601 instant with a zone" }],
    });
  }
  return ms;
}
