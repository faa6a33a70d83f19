import type { DeliveryFilter, DeliveryState } from "@postrider/engine";
import type { OptionDefinition } from "./command.ts";
import { CliError } from "./exit.ts";

/** Every state, for `--state`. */
export const states = [
  "pending",
  "delivered",
  "dead",
  "expired",
  "cancelled",
  "suppressed",
] as const satisfies readonly DeliveryState[];

/** The flags that select deliveries, for listing and replaying alike. */
export const filterOptions = {
  partner: { kind: "text", value: "id", summary: "of this partner" },
  endpoint: { kind: "text", value: "id", summary: "of this endpoint" },
  type: { kind: "text", value: "type", summary: "of this event type" },
  reason: { kind: "text", value: "reason", summary: "that ended with this reason, e.g. retries_exhausted" },
  eventId: { kind: "text", value: "id", summary: "of this event" },
  since: { kind: "text", value: "time", summary: "accepted at or after: a time, or a duration ago like 2h" },
  until: { kind: "text", value: "time", summary: "accepted before: a time, or a duration ago like 10m" },
} as const satisfies Record<string, OptionDefinition>;

type FilterFlags = { readonly [K in keyof typeof filterOptions]: string | undefined };

/**
 * The flags as the API's filter.
 *
 * @throws CliError `usage` for a time that is none
 */
export function toFilter(flags: FilterFlags, nowMs: number): DeliveryFilter {
  return {
    ...(flags.partner === undefined ? {} : { partner: flags.partner }),
    ...(flags.endpoint === undefined ? {} : { endpoint: flags.endpoint }),
    ...(flags.type === undefined ? {} : { type: flags.type }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason as NonNullable<DeliveryFilter["reason"]> }),
    ...(flags.eventId === undefined ? {} : { event_id: flags.eventId }),
    ...(flags.since === undefined ? {} : { since: toTime("--since", flags.since, nowMs) }),
    ...(flags.until === undefined ? {} : { until: toTime("--until", flags.until, nowMs) }),
  };
}

/** A filter as the query of the list calls, which take no ids. */
export function toQuery(filter: DeliveryFilter): Record<string, string> {
  const { delivery_ids: _ids, ...keys } = filter;
  return keys;
}

/** A filter as flags, to be pasted after a command. */
export function toFlags(filter: DeliveryFilter): string {
  return Object.entries(toQuery(filter))
    .filter(([key]) => key !== "state")
    .map(
      ([key, value]) =>
        ` --${key.replace("_", "-")} ${/^[\w.:@+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`}`,
    )
    .join("");
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function toTime(flag: string, text: string, nowMs: number): string {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  const atMs = ago
    ? nowMs - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0)
    : /^\d{4}-\d{2}-\d{2}/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw new CliError("usage", `${flag} ${text} is not a time.`, {
      hint: "Like 2026-01-31T10:00:00Z, or a duration ago: 30s, 10m, 2h, 3d.",
    });
  }
  return new Date(atMs).toISOString();
}
