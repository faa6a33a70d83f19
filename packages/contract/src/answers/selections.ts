/** What a filter selected, and what was done with it: replays, cancellations, retries. */
import { z } from "zod";
import { count, instant } from "./common.ts";
import { groupView, note } from "./deliveries.ts";

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
export type Cancellation = z.output<typeof cancellationView>;

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
export type CreatedReplay = z.output<typeof createdReplayView>;

/** What sending now selected. */
export const retriedView = z
  .strictObject({
    ...selectionShape,
    due_waiting: waitingView.describe("Of those that are due already, not sent before the cause has ended."),
    retried: count.describe("Made due; 0 for a dry run."),
  })
  .meta({ id: "Retried" });
/** See {@link retriedView}. */
export type Retried = z.output<typeof retriedView>;

/** A replay and its progress. */
export const replayView = z
  .strictObject({
    replay_id: z.string(),
    state: z.enum(["running", "done", "cancelled"]),
    filter: z.record(z.string(), z.unknown()),
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
export type ReplayAnswer = z.output<typeof replayView>;

/** Replays, newest first. */
export const replaysView = z.strictObject({ replays: z.array(replayView) }).meta({ id: "Replays" });
/** See {@link replaysView}. */
export type Replays = z.output<typeof replaysView>;
