import type { AttemptView, DeliveryGroup, DeliveryView } from "@postrider/engine";
import type { Output } from "../context.ts";
import { stateTone } from "./colour.ts";
import { facts, table } from "./table.ts";
import { cut, orDash, plain } from "./text.ts";
import { clockTime, duration, fromNow } from "./time.ts";

/** The names of a delivery or group, with a mark if it was deleted, because a new one may have its id. */
const partnerName = (of: { partner: string; partner_deleted?: true }): string =>
  of.partner_deleted === true ? `${of.partner} (deleted)` : of.partner;
const endpointName = (of: { endpoint: string; endpoint_deleted?: true }): string =>
  of.endpoint_deleted === true ? `${of.endpoint} (deleted)` : of.endpoint;
/** `acme/main`, or `acme/main, item 2 of 3`. */
export const destination = (of: DeliveryView): string => {
  const item = of.item === undefined ? "" : `, item ${of.item} of ${of.items}`;
  return `${partnerName(of)}/${endpointName(of)}${item}`;
};

/** Deliveries, one a line. */
export function deliveryTable(output: Output, rows: readonly DeliveryView[], nowMs: number): string {
  return table(
    output,
    [
      { title: "DELIVERY", of: (row) => row.id },
      { title: "EVENT", of: (row) => row.event_id, elastic: true },
      { title: "TYPE", of: (row) => row.type, elastic: true },
      { title: "TO", of: destination, elastic: true },
      { title: "STATE", of: (row) => row.state, tone: (row) => stateTone(row.state) },
      { title: "REASON", of: (row) => orDash(row.reason), elastic: true },
      { title: "TRIES", of: (row) => String(row.attempts_made), align: "right" },
      { title: "LAST", of: (row) => orDash(row.last_error ?? row.last_status), elastic: true },
      { title: "ACCEPTED", of: (row) => fromNow(row.accepted_at, nowMs) },
      { title: "NEXT", of: (row) => fromNow(row.next_attempt_at, nowMs) },
    ],
    rows,
  );
}

/** Deliveries that share partner, endpoint, reason and last error, with how many they are. */
export function groupTable(output: Output, groups: readonly DeliveryGroup[], nowMs: number): string {
  return table(
    output,
    [
      { title: "PARTNER", of: partnerName },
      { title: "ENDPOINT", of: endpointName },
      { title: "REASON", of: (row) => orDash(row.reason) },
      { title: "STATUS", of: (row) => orDash(row.last_status), align: "right" },
      { title: "LAST ERROR", of: (row) => orDash(row.last_error), elastic: true },
      { title: "COUNT", of: (row) => row.count.toLocaleString("en-US"), align: "right" },
      { title: "OLDEST", of: (row) => fromNow(row.oldest_accepted_at, nowMs) },
      { title: "NEWEST", of: (row) => fromNow(row.newest_accepted_at, nowMs) },
    ],
    groups,
  );
}

/** One delivery in full, with its attempts. */
export function deliveryDetail(output: Output, delivery: DeliveryView, nowMs: number): string {
  const { last_error: error, attempts: made = [] } = delivery;
  // If nothing was sent, no attempt says why.
  const isSaid = error === null || made.some((attempt) => attempt.error === error);
  const head = facts(output, [
    ["delivery", delivery.id],
    ["event", `${delivery.event_id} (${delivery.type})`],
    ["to", destination(delivery)],
    ["state", delivery.reason === null ? delivery.state : `${delivery.state}, ${delivery.reason}`],
    ["accepted", `${clockTime(delivery.accepted_at)}, ${fromNow(delivery.accepted_at, nowMs)}`],
    [
      "finished",
      delivery.finished_at === null
        ? "-"
        : `${clockTime(delivery.finished_at)}, ${fromNow(delivery.finished_at, nowMs)}`,
    ],
    [
      "next attempt",
      delivery.next_attempt_at === null
        ? "-"
        : `${clockTime(delivery.next_attempt_at)}, ${fromNow(delivery.next_attempt_at, nowMs)}`,
    ],
    ["attempts", String(delivery.attempts_made)],
    ...(isSaid ? [] : [["error", plain(error)] as [string, string]]),
  ]);
  const attempts = delivery.attempts ?? [];
  if (attempts.length === 0) return head;
  const columns = table(
    output,
    [
      { title: "N", of: (row: AttemptView) => String(row.n), align: "right" },
      { title: "AT", of: (row) => clockTime(row.at) },
      { title: "TOOK", of: (row) => duration(row.duration_ms), align: "right" },
      { title: "STATUS", of: (row) => orDash(row.status), align: "right" },
      { title: "ERROR", of: (row) => orDash(row.error), elastic: true },
      { title: "RESPONSE", of: (row) => cut(plain(row.response_body ?? ""), 200) || "-", elastic: true },
    ],
    attempts,
  );
  return `${head}\n${columns}`;
}
