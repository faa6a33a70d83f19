import type { DeliveryState, Reason } from "../../core/delivery.ts";
import { formatDurationMs } from "@postrider/contract";
import type { AttemptView, DeliveryOperations, DeliveryView, EventView } from "../../ports/operations.ts";
import type { DeliveryFilter, DeliveryGroup } from "../../ports/selection.ts";
import type { OperationsContext } from "./context.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { idTimeMs, isoText, isoTextOrNull } from "./instants.ts";
import { checkNames, noteOnType } from "./names.ts";
import { idForm, selectionOf, selectionValues } from "./selection.ts";

/** Reading events and deliveries: one statement each, and two for one with what belongs to it. */
export function deliveryOperations({ reads }: OperationsContext): DeliveryOperations {
  return {
    async getEvent(eventId, signal) {
      const sql = reads(signal);
      const [row] = await sql.query<EventRow>(eventSql, [eventId]);
      if (!row) return null;
      const deliveries = await sql.query<DeliveryRow>(deliveriesSql({}, true), [
        ...selectionValues({ event_id: eventId }, null, null),
        null,
      ]);
      return eventView(row, deliveries.map(deliveryView));
    },

    async getDelivery(id, signal) {
      if (!idForm.test(id)) return null;
      const sql = reads(signal);
      const [row] = await sql.query<DeliveryRow>(deliveriesSql({}, true), [
        ...selectionValues({ delivery_ids: [id] }, null, 1),
        1,
      ]);
      if (!row) return null;
      const [event] = await sql.query<EventRow>(eventSql, [row.event_id]);
      return { ...deliveryView(row), ...(event ? { data_text: event.data } : {}) };
    },

    async listDeliveries(filter, { limit, cursor }, signal) {
      const before =
        cursor === undefined ? null : decodeCursor(cursor, filter.time === "finished" ? endedForm : idForm);
      const names = reads(signal);
      await checkNames(names, filter);
      const rows = await reads(signal, "any").query<DeliveryRow>(deliveriesSql(filter, false), [
        ...selectionValues(filter, before, limit + 1),
        limit + 1,
      ]);
      const deliveries = rows.slice(0, limit).map(deliveryView);
      const last = rows[limit - 1];
      if (rows.length === 0 && cursor === undefined)
        return { deliveries, ...(await noteOnType(names, filter)) };
      if (rows.length <= limit || !last) return { deliveries };
      const place = filter.time === "finished" ? `${last.ended} ${last.id}` : last.id;
      return { deliveries, next_cursor: encodeCursor(place) };
    },

    async groupDeliveries(filter, signal) {
      const values = selectionValues(filter, null, null);
      const names = reads(signal);
      await checkNames(names, filter);
      const sql = reads(signal, readsAll(filter) ? "whole" : "any");
      const rows = await sql.query<GroupRow>(groupsOf(selectionOf(filter)), values);
      if (rows.length === 0) return { matched: 0, groups: [], ...(await noteOnType(names, filter)) };
      return { matched: rows[0]?.matched ?? 0, groups: rows.map(deliveryGroup) };
    },
  };
}

/** True if nothing in the filter bounds what is read. */
const readsAll = ({ partner, since, event_id, delivery_ids }: DeliveryFilter): boolean =>
  (partner ?? since ?? event_id ?? delivery_ids) === undefined;

/** A place in the order of ending: an instant to the microsecond, and an id. */
const endedForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface EventRow {
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly occurred_at: string;
  readonly accepted_ms: number;
  readonly partner: string | null;
  readonly data: string;
  readonly not_before_ms: number | null;
  readonly expires_after_ms: number | null;
  readonly order_key: string | null;
}

const eventSql = `select e.event_id, e.type, e.schema_version, e.occurred_at, extract(epoch from e.accepted_at)::float8 * 1000 as accepted_ms,
  e.partner, e.data::text as data, extract(epoch from e.not_before)::float8 * 1000 as not_before_ms, e.expires_after_ms, e.order_key
  from postrider.event_keys k join postrider.events e on e.id = k.event where k.event_id = $1`;

function eventView(row: EventRow, deliveries: readonly DeliveryView[]): EventView {
  const { accepted_ms, data, not_before_ms, expires_after_ms, order_key, ...same } = row;
  return {
    ...same,
    accepted_at: isoText(accepted_ms),
    ...(not_before_ms === null ? {} : { not_before: isoText(not_before_ms) }),
    ...(expires_after_ms === null ? {} : { expires_after: formatDurationMs(expires_after_ms) }),
    ...(order_key === null ? {} : { order_key }),
    data: JSON.parse(data) as unknown,
    data_text: data,
    deliveries,
  };
}

interface DeliveryRow {
  readonly id: string;
  readonly event_id: string;
  readonly type: string;
  readonly partner: string;
  readonly endpoint: string;
  readonly state: DeliveryState;
  readonly reason: Reason | null;
  readonly attempts_made: number;
  readonly next_ms: number | null;
  readonly finished_ms: number | null;
  /** When it ended, to the microsecond: {@link endedForm}. */
  readonly ended: string | null;
  readonly endpoint_deleted: boolean;
  readonly partner_deleted: boolean;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly item: number | null;
  readonly items: number | null;
  readonly waits_for: string | null;
  readonly attempts: readonly AttemptRow[] | null;
}

interface AttemptRow {
  readonly n: number;
  readonly version: number;
  readonly at_ms: number;
  readonly duration_ms: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly response_body: string | null;
}

const attemptsSql = `coalesce((select json_agg(json_build_object('n', a.n, 'version', a.endpoint_version, 'at_ms', extract(epoch from a.at) * 1000, 'duration_ms', a.duration_ms,
    'status', a.status, 'error', a.error, 'response_body', a.response_body) order by a.n, a.at)
   from postrider.attempts a where a.delivery = d.id), '[]')`;

const waitsForSql = `(select b.id from postrider.pending q join postrider.pending b
    on b.endpoint_no = q.endpoint_no and b.order_key = q.order_key and b.order_no < q.order_no
  where q.id = d.id order by b.order_no desc limit 1)`;

/** The event is looked up from a fence (`offset 0`): one probe per row shown, whatever the planner thinks of events. */
const deliveriesSql = (
  filter: DeliveryFilter,
  withAttempts: boolean,
) => `select d.id, e.event_id, e.type, p.id as partner, n.id as endpoint, d.state, d.reason, d.attempts_made,
  case when isfinite(d.next_attempt_at) then extract(epoch from d.next_attempt_at)::float8 * 1000 end as next_ms, extract(epoch from d.finished_at)::float8 * 1000 as finished_ms,
  to_char(d.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ended, n.deleted_at is not null as endpoint_deleted, p.deleted_at is not null as partner_deleted,
  d.last_status, d.last_error, d.item, d.items, ${withAttempts ? waitsForSql : "null"} as waits_for, ${withAttempts ? attemptsSql : "null"} as attempts
  from (select d.* from ${selectionOf(filter)} d order by ${orderOf(filter)} limit $11::float8::bigint) d
  join postrider.partners p on p.partner_no = d.partner_no
  join postrider.endpoints n on n.endpoint_no = d.endpoint_no
 cross join lateral (select e.event_id, e.type from postrider.events e where e.id = d.event offset 0) e
 order by ${orderOf(filter)}`;

const orderOf = ({ time }: DeliveryFilter): string =>
  time === "finished" ? "d.finished_at desc, d.id desc" : "d.id desc";

function deliveryView(row: DeliveryRow): DeliveryView {
  return {
    id: row.id,
    event_id: row.event_id,
    type: row.type,
    partner: row.partner,
    endpoint: row.endpoint,
    state: row.state,
    reason: row.reason,
    attempts_made: row.attempts_made,
    next_attempt_at: isoTextOrNull(row.next_ms),
    // The id of a delivery holds the instant of its event's acceptance.
    accepted_at: isoText(idTimeMs(row.id)),
    finished_at: isoTextOrNull(row.finished_ms),
    last_status: row.last_status,
    last_error: row.last_error,
    ...deletedFlags(row),
    ...(row.item === null ? {} : { item: row.item, items: row.items! }),
    ...(row.waits_for === null ? {} : { waits_for: row.waits_for }),
    ...(row.attempts === null ? {} : { attempts: row.attempts.map(attemptView) }),
  };
}

/** Only if it is so: the id may belong to a new endpoint or partner by now. */
const deletedFlags = ({
  endpoint_deleted,
  partner_deleted,
}: Pick<DeliveryRow, "endpoint_deleted" | "partner_deleted">) => ({
  ...(endpoint_deleted ? ({ endpoint_deleted: true } as const) : {}),
  ...(partner_deleted ? ({ partner_deleted: true } as const) : {}),
});

function attemptView({
  n,
  version,
  at_ms,
  duration_ms,
  status,
  error,
  response_body,
}: AttemptRow): AttemptView {
  return {
    n,
    endpoint_version: version,
    at: isoText(at_ms),
    duration_ms,
    status,
    ...(error === null ? {} : { error }),
    ...(response_body === null ? {} : { response_body }),
  };
}

/** A row of {@link groupColumns}. */
export interface GroupRow {
  readonly matched: number;
  readonly partner: string;
  readonly endpoint: string;
  readonly state: DeliveryState;
  readonly reason: Reason | null;
  readonly last_error: string | null;
  readonly last_status: number | null;
  readonly endpoint_deleted: boolean;
  readonly partner_deleted: boolean;
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
}

/** Groups shown; what was matched is counted over all of them. */
const groupLimit = 200;

/**
 * Groups of the deliveries in `chosen`, largest first. First by number, then by name: those deleted under one name are
 * one group, and never one with what has the name now.
 */
export const groupsOf = (
  chosen: string,
): string => `select (sum(sum(g.n)) over ())::float8 as matched, p.id as partner, n.id as endpoint,
  g.state, g.reason, g.last_error, g.last_status, n.deleted_at is not null as endpoint_deleted, p.deleted_at is not null as partner_deleted,
  sum(g.n)::float8 as count, min(g.oldest) as oldest, max(g.newest) as newest
  from (select d.endpoint_no, d.state, d.reason, d.last_error, d.last_status, count(*) as n,
               min(d.id::text collate "C") as oldest, max(d.id::text collate "C") as newest
          from ${chosen} d group by 1, 2, 3, 4, 5) g
  join postrider.endpoints n on n.endpoint_no = g.endpoint_no
  join postrider.partners p on p.partner_no = n.partner_no
 group by 2, 3, 4, 5, 6, 7, 8, 9 order by 10 desc, 2, 3, 4, 5, 6, 7, 8, 9 limit ${groupLimit}`;

export function deliveryGroup(row: GroupRow): DeliveryGroup {
  const { matched: _matched, oldest, newest, endpoint_deleted: _e, partner_deleted: _p, ...same } = row;
  return {
    ...same,
    ...deletedFlags(row),
    oldest_accepted_at: isoText(idTimeMs(oldest)),
    newest_accepted_at: isoText(idTimeMs(newest)),
  };
}
