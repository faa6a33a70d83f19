import type { CauseCount, DueWaiting, ReplaySelection, SkipCause, WaitCause } from "@postrider/engine";
import { grouped } from "./text.ts";

const skips: Readonly<Record<SkipCause, string>> = {
  partner_deleted: "of a deleted partner",
  endpoint_deleted: "of a deleted endpoint",
  already_pending: "already pending",
  past_retention: "past retention",
  already_due: "due already",
  not_before: "before the event's own not_before",
  behind_order_key: "behind another of their order key",
};

const waits: Readonly<Record<WaitCause, string>> = {
  partner_paused: "until the partner is resumed (postrider partners resume)",
  endpoint_disabled: "until the endpoint is enabled (postrider endpoints put … --enable)",
  endpoint_paused: "until the endpoint is resumed (postrider endpoints resume)",
  circuit_open:
    "until a probe of the endpoint succeeds, or its circuit is closed (postrider endpoints resume)",
  endpoint_held: "until the wait that the partner asked for is over (postrider endpoints resume)",
};

/** `5 of a deleted endpoint, 1 past retention`; empty for none. A newer server may know causes that this command does not. */
export const skippedText = (skipped: readonly CauseCount<SkipCause>[] = []): string =>
  skipped
    .map(({ cause, count }) => `${grouped(count)} ${(skips as Partial<typeof skips>)[cause] ?? cause}`)
    .join(", ");

const waitText = (cause: WaitCause): string => (waits as Partial<typeof waits>)[cause] ?? `(${cause})`;

/** What of the deliveries that are due already will wait: one line each. An older server does not say. */
export const dueLines = ({ due_waiting: waiting = [] }: Partial<DueWaiting>): readonly string[] =>
  waiting.map(({ cause, count }) => `${grouped(count)} of those due already will wait ${waitText(cause)}.`);

/** What is left out, and what will wait: one line each. */
export function selectionLines({
  skipped,
  waiting,
}: Partial<Pick<ReplaySelection, "skipped" | "waiting">>): readonly string[] {
  const left = skippedText(skipped);
  return [
    ...(left === "" ? [] : [`Left out: ${left}.`]),
    ...(waiting ?? []).map(({ cause, count }) => `${grouped(count)} of them will wait ${waitText(cause)}.`),
  ];
}
