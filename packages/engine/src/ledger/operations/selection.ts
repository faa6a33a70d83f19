import { PostriderError } from "../../core/errors.ts";
import { type DeliveryState, reasons } from "../../core/delivery.ts";
import type { DeliveryFilter } from "../../ports/selection.ts";
import { list, type SqlValue } from "../sql.ts";
import { idFloor, isoText } from "./instants.ts";

const endpointsSql = `case when $2::text is not null or $3::text is not null then array(
    select n.endpoint_no from postrider.endpoints n join postrider.partners p on p.partner_no = n.partner_no
     where ($2::text is null or p.id = $2) and ($3::text is null or n.id = $3)) end`;
const typesSql = "case when $6::text is not null then postrider.types_like($6) end";
const eventSql = `case when $7::text is not null then coalesce((select k.event from postrider.event_keys k where k.event_id = $7), '00000000-0000-0000-0000-000000000000') end`;

const filterSql = `$1::text::uuid[], ${endpointsSql}, $4::text::postrider.delivery_state, $5::text::postrider.reason, ${typesSql}, ${eventSql}`;

const byAcceptance = `postrider.select_deliveries(${filterSql}, $8::text::uuid, $9::text::uuid, $10::float8::bigint)`;

const byEnding = `postrider.select_ended(${filterSql}, $8::text::timestamptz,
  split_part($9::text, ' ', 1)::timestamptz, nullif(split_part($9::text, ' ', 2), '')::uuid, $10::float8::bigint)`;

/**
 * The deliveries that a filter selects, for a `from` clause; its parameters are `$1` to `$10`, from
 * {@link selectionValues}. A name stands for everybody who ever had it: history keeps deleted partners.
 */
export const selectionOf = ({ time }: DeliveryFilter): string =>
  time === "finished" ? byEnding : byAcceptance;

/** The pending deliveries of a filter, with why each is not made due; `$11` is the instant. See `select_waiting`. */
export const waitingSelection = `postrider.select_waiting(${filterSql}, $8::text::uuid, $9::text::uuid, $10::float8::bigint, $11::float8)`;

export const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The parameters of {@link selectionOf}: only what comes after the place `before` in its order (an id; by the time of
 * ending an instant and an id with a space between), at least the first `limit` of them (null: all).
 *
 * @throws PostriderError `invalid_request` for a time that is none, and for the time of ending of what did not end, or
 * was delivered
 */
export function selectionValues(
  filter: DeliveryFilter,
  before: string | null,
  limit: number | null,
): readonly SqlValue[] {
  // A reason belongs to one state: naming it lets an index find the few that were not delivered.
  const state = filter.state ?? (filter.reason === undefined ? null : reasons[filter.reason].state);
  const boundOf = filter.time === "finished" ? instantText : idFloor;
  const since = filter.since === undefined ? null : boundOf(instantMs(filter.since, "since"));
  const until = filter.until === undefined ? null : boundOf(instantMs(filter.until, "until"));
  if (filter.time === "finished") checkEnding(state);
  return [
    filter.delivery_ids === undefined ? null : list(filter.delivery_ids.filter((id) => idForm.test(id))),
    filter.partner ?? null,
    filter.endpoint ?? null,
    state,
    filter.reason ?? null,
    // All types are no filter.
    filter.type === undefined || filter.type === "*" ? null : filter.type,
    filter.event_id ?? null,
    since,
    until !== null && before !== null ? (until < before ? until : before) : (until ?? before),
    limit,
  ];
}

/**
 * The ids of deliveries accepted in a time span: from (inclusive) and before (exclusive).
 *
 * @throws PostriderError `invalid_request` for a time that is none
 */
export function acceptedBounds({
  since,
  until,
}: {
  since?: string | undefined;
  until?: string | undefined;
}): {
  readonly from: string;
  readonly before: string;
} {
  return {
    from: idFloor(since === undefined ? 0 : instantMs(since, "since")),
    before: until === undefined ? lastId : idFloor(instantMs(until, "until")),
  };
}

const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** To the microsecond, as the cursor has it, so that texts compare as instants do. */
const instantText = (ms: number): string => isoText(ms).replace("Z", "000Z");

function checkEnding(state: DeliveryState | null): void {
  if (state !== null && state !== "pending" && state !== "delivered") return;
  throw new PostriderError(
    "invalid_request",
    "With the time finished, only deliveries that ended without success can be listed.",
    {
      hint: "Name the state dead, expired, cancelled or suppressed (or a reason); for pending and delivered ones leave time out.",
      issues: [{ path: "time", message: "needs a state that is dead, expired, cancelled or suppressed" }],
    },
  );
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
      "Pending deliveries are still to be sent, so they cannot be replayed.",
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
 * What a cancellation of `filter` selects, or sending it now: pending deliveries. A filter that names nothing is
 * refused, because it would select everything that waits.
 *
 * @throws PostriderError `invalid_request`
 * @example pendingSelection({ partner: "acme" }, "cancelled") // { partner: "acme", state: "pending" }
 */
export function pendingSelection(filter: DeliveryFilter, done: "cancelled" | "sent now"): DeliveryFilter {
  const { state, time, ...keys } = filter;
  if (Object.values(keys).every((value) => value === undefined)) {
    throw new PostriderError(
      "invalid_request",
      `The filter is empty, so all waiting deliveries would be ${done}.`,
      {
        hint: "Name at least one of partner, endpoint, type, event_id, since, until and delivery_ids.",
        issues: [{ path: "filter", message: "must have at least one key besides state" }],
      },
    );
  }
  if ((state !== undefined && state !== "pending") || filter.reason !== undefined || time === "finished") {
    const key = filter.reason !== undefined ? "reason" : time === "finished" ? "time" : "state";
    throw new PostriderError("invalid_request", `Only pending deliveries can be ${done}.`, {
      hint: "Leave state, reason and time out.",
      issues: [{ path: `filter.${key}`, message: "must be left out" }],
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
