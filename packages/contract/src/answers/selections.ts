/** What a filter selected, and what was done with it: replays, cancellations, retries. */
import { z } from "zod";
import { count, instant, reason, type Shown, state } from "./answer-forms.ts";
import { groupView, note } from "./deliveries.ts";

/** The keys that select deliveries. */
export const filterView = z
  .strictObject({
    state,
    partner: z.string(),
    endpoint: z.string(),
    type: z.string().describe("An event type, `prefix.*`, or `*` for every type."),
    reason,
    event_id: z.string(),
    time: z.enum(["accepted", "finished"]).describe("What `since` and `until` mean."),
    since: instant.describe("Inclusive."),
    until: instant.describe("Exclusive."),
    delivery_ids: z.array(z.string()),
  })
  .partial();
/** See {@link filterView}. */
export type DeliveryFilter = Shown<z.output<typeof filterView>>;

/** What a cancellation selected and ended. */
export const cancellationView = z
  .strictObject({
    matched: count.describe("Waiting when it was asked for."),
    cancelled: count.describe("0 for a dry run; less than matched where some ended meanwhile."),
    groups: z.array(groupView).describe("Of what was matched."),
    note,
  })
  .meta({ id: "Cancellation" });
/** See {@link cancellationView}. */
export type Cancellation = Shown<z.output<typeof cancellationView>>;

const skippedView = z
  .array(
    z.strictObject({
      cause: z.enum([
        "partner_deleted",
        "endpoint_deleted",
        "already_pending",
        "past_retention",
        "already_due",
        "not_before",
        "behind_order_key",
      ]),
      count,
    }),
  )
  .describe("Left as they are, by cause.");

const waitingView = z.array(
  z.strictObject({
    cause: z.enum([
      "partner_paused",
      "endpoint_disabled",
      "endpoint_paused",
      "circuit_open",
      "endpoint_held",
    ]),
    count,
  }),
);

const selectionShape = {
  matched: count.describe("Put back, or made due; the groups are of these."),
  groups: z.array(groupView),
  skipped: skippedView,
  waiting: waitingView.describe("Of those matched, not sent before the cause has ended."),
  note,
};

/** What a replay selected. */
export const createdReplayView = z
  .strictObject({ replay_id: z.string().nullable().describe("null for a dry run."), ...selectionShape })
  .meta({ id: "CreatedReplay" });
/** See {@link createdReplayView}. */
export type CreatedReplay = Shown<z.output<typeof createdReplayView>>;

/** What sending now selected. */
export const retriedView = z
  .strictObject({
    ...selectionShape,
    due_waiting: waitingView.describe("Of those that are due already, not sent before the cause has ended."),
    retried: count.describe("Made due; 0 for a dry run."),
  })
  .meta({ id: "Retried" });
/** See {@link retriedView}. */
export type Retried = Shown<z.output<typeof retriedView>>;

/** A replay and its progress. */
export const replayView = z
  .strictObject({
    replay_id: z.string(),
    state: z.enum(["running", "done", "cancelled"]),
    filter: filterView,
    rate_per_second: z.number().nullable(),
    requested_by: z.string(),
    created_at: instant,
    finished_at: instant.nullable(),
    matched: count,
    replayed: count,
    skipped: count.describe("Of those matched, no longer replayable when their turn came."),
    skipped_causes: skippedView,
  })
  .meta({ id: "Replay" });
/** See {@link replayView}. */
export type Replay = Shown<z.output<typeof replayView>>;

/** Replays, newest first. */
export const replaysView = z.strictObject({ replays: z.array(replayView) }).meta({ id: "Replays" });
/** See {@link replaysView}. */
export type Replays = Shown<z.output<typeof replaysView>>;
