import type { DeliveryFilter, DeliveryState } from "@postrider/engine";
import type { OptionDefinition } from "./command.ts";
import { CliError } from "./exit.ts";
import { clockTime } from "./render/time.ts";

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
  type: {
    kind: "text",
    value: "type",
    summary: "of this event type, or of those with a prefix: conversion.*",
  },
  reason: { kind: "text", value: "reason", summary: "that ended with this reason, e.g. retries_exhausted" },
  eventId: { kind: "text", value: "id", summary: "of this event" },
  since: {
    kind: "text",
    value: "time",
    summary: "accepted at or after: a time (UTC unless it names a zone), or a duration ago like 2h",
  },
  until: {
    kind: "text",
    value: "time",
    summary: "accepted before: a time (UTC unless it names a zone), or a duration ago like 10m",
  },
} as const satisfies Record<string, OptionDefinition>;

/** What `--since` and `--until` mean, for commands that list what ended. */
export const timeOption = {
  kind: "text",
  value: "which",
  summary:
    "what --since and --until mean, and lists are sorted by: accepted, or finished (when it ended; for dead, expired, cancelled and suppressed ones)",
  choices: ["accepted", "finished"],
  fallback: "accepted",
} as const satisfies OptionDefinition;

type FilterFlags = { readonly [K in keyof typeof filterOptions]: string | undefined } & {
  readonly time?: string | undefined;
};

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
    ...(flags.time === undefined ? {} : { time: flags.time as NonNullable<DeliveryFilter["time"]> }),
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

/**
 * What was asked for, as the end of a sentence that says no more than that.
 *
 * @example scopeOf({ partner: "acme", since: "10m" }, filter) // " of acme ended in the last 10m"
 */
export function scopeOf(flags: FilterFlags, filter: DeliveryFilter): string {
  const { partner, endpoint, type, reason, event_id: event, time, since, until } = filter;
  const whose = [partner, endpoint].filter((name) => name !== undefined).join("/");
  const verb = time === "finished" ? "ended" : "were accepted";
  const from =
    since === undefined
      ? ""
      : until === undefined && agoForm.test(flags.since ?? "")
        ? ` in the last ${flags.since}`
        : ` since ${clockTime(since)}`;
  const to = until === undefined ? "" : `${from === "" ? "" : " and"} before ${clockTime(until)}`;
  return [
    whose === "" ? "" : ` of ${partner === undefined ? "endpoints called " : ""}${whose}`,
    type === undefined ? "" : ` of the type ${type}`,
    event === undefined ? "" : ` of the event ${event}`,
    reason === undefined ? "" : ` with the reason ${reason}`,
    from + to === "" ? "" : ` ${verb}${from}${to}`,
  ].join("");
}

const agoForm = /^(\d{1,6})([smhd])$/;
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const timeForm = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s?(Z|[+-]\d{2}:\d{2})?)?$/i;

function toTime(flag: string, text: string, nowMs: number): string {
  const ago = agoForm.exec(text);
  // Without a zone it is UTC, as all times are that the commands write; `Date.parse` would take the zone of this machine.
  const [, date, time, zone] = timeForm.exec(text) ?? [];
  const atMs = ago
    ? nowMs - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0)
    : Date.parse(date === undefined ? "" : `${date}T${time ?? "00:00"}${zone?.toUpperCase() ?? "Z"}`);
  if (Number.isNaN(atMs)) {
    throw new CliError("usage", `${flag} ${text} is not a time.`, {
      hint: "Like 2026-01-31T10:00:00Z or 2026-01-31 10:00 (UTC unless it names a zone, such as +02:00), or a duration ago: 30s, 10m, 2h, 3d.",
    });
  }
  return new Date(atMs).toISOString();
}
