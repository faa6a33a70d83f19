import type { DeliveryFilter, DeliveryState } from "@postrider/engine";
import type { ApiClient } from "./api-client.ts";
import type { OptionDefinition } from "./command.ts";
import { CliError } from "./exit.ts";
import { instantHint, parseInstant } from "./instant.ts";
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
  ...spanOptions("accepted"),
} as const satisfies Record<string, OptionDefinition>;

/** `--since` and `--until`, saying which time they mean. */
export function spanOptions(which: string) {
  const form = "a time (UTC unless it names a zone), or a duration ago like";
  return {
    since: { kind: "text", value: "time", summary: `${which} at or after: ${form} 2h` },
    until: { kind: "text", value: "time", summary: `${which} before: ${form} 10m` },
  } as const;
}

/** What `--since` and `--until` mean, for commands that list what ended. */
export const timeOption = {
  kind: "text",
  value: "which",
  summary:
    "what --since and --until mean, and lists are sorted by: accepted, or finished (when it ended; for dead, expired, cancelled and suppressed ones)",
  choices: ["accepted", "finished"],
  fallback: "accepted",
} as const satisfies OptionDefinition;

type FilterFlags = { readonly [K in keyof typeof filterOptions]?: string | undefined } & {
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

/**
 * The flags as the API's filter of what waits, which has neither a reason nor an end.
 *
 * @throws CliError `usage` for a time that is none
 */
export function toPendingFilter(
  flags: FilterFlags,
  nowMs: number,
): Omit<DeliveryFilter, "state" | "reason" | "time"> {
  const { state: _state, reason: _reason, time: _time, ...filter } = toFilter(flags, nowMs);
  return filter;
}

/**
 * For a filter that found nothing: an event id that is not known is a mistake, not good news, as an unknown partner is.
 *
 * @throws CliError `notFound`
 */
export async function checkEvent(
  api: Pick<ApiClient, "event">,
  { event_id: id }: { readonly event_id?: string | undefined },
): Promise<void> {
  if (id !== undefined) await api.event(id);
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

function toTime(flag: string, text: string, nowMs: number): string {
  const ago = agoForm.exec(text);
  const atMs = ago ? nowMs - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0) : parseInstant(text);
  if (Number.isNaN(atMs)) {
    throw new CliError("usage", `${flag} ${text} is not a time.`, {
      hint: `${instantHint}, or a duration ago: 30s, 10m, 2h, 3d.`,
    });
  }
  return new Date(atMs).toISOString();
}
