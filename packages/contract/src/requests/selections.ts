/** What is done with chosen deliveries: replays, cancellations, retries, judging again. */
import { z } from "zod";
import type { ReadonlyDeep } from "../documents/readonly-deep.ts";
import { verdictRules } from "../documents/verdicts.ts";
import { existingInstant, pageKeys, pendingFilter, replayFilter } from "./delivery-filter.ts";

const dryRun = z.boolean({ error: "must be true or false" }).default(false).describe("Count only.");

const replayRate = z
  .number({ error: "must be a number of deliveries per second" })
  .min(0.01, "must be at least 0.01")
  .max(100_000, "must be at most 100000")
  .nullable()
  .default(null)
  .describe("How fast deliveries are put back; null: at once. The partner's own limit holds as well.");

/** What is replayed. */
export const replayRequest = z
  .strictObject(
    {
      filter: replayFilter.describe(
        "Which deliveries; without state and ids only dead letters. Pending ones are never replayed.",
      ),
      dry_run: dryRun,
      rate_per_second: replayRate,
    },
    { error: "must be an object" },
  )
  .meta({ id: "ReplayRequest" });
/** See {@link replayRequest}. */
export type ReplayRequest = ReadonlyDeep<z.input<typeof replayRequest>>;

const pendingKeys = {
  filter: pendingFilter.describe("Which pending deliveries; at least one key."),
  dry_run: dryRun,
};

/** Which waiting deliveries are cancelled. */
export const cancellationRequest = z
  .strictObject(pendingKeys, { error: "must be an object" })
  .meta({ id: "CancellationRequest" });

/** Which waiting deliveries are sent now. */
export const retryRequest = z
  .strictObject(pendingKeys, { error: "must be an object" })
  .meta({ id: "RetryRequest" });
/** Which waiting deliveries are cancelled, or sent now. */
export type PendingRequest = ReadonlyDeep<z.input<typeof retryRequest>>;

/** Which kept answers are judged again, and whether what was wrongly booked is replayed. */
export const reclassifyRequest = z
  .strictObject(
    {
      verdicts: verdictRules.optional().describe("Rules to try. Default: those of the endpoint."),
      since: existingInstant.optional().describe("Accepted at or after."),
      until: existingInstant.optional().describe("Accepted before."),
      limit: z
        .int({ error: "must be a whole number from 1 to 10000" })
        .min(1, "must be at least 1")
        .max(10_000, "must be at most 10000")
        .default(10_000)
        .describe("Ended deliveries to look at, the newest first. A call reads for 15 s at most."),
      cursor: pageKeys.cursor,
      replay: z
        .boolean({ error: "must be true or false" })
        .default(false)
        .describe("True: those wrongly delivered are replayed. False: count only."),
      rate_per_second: replayRate,
    },
    { error: "must be an object" },
  )
  .prefault({})
  .meta({ id: "ReclassifyRequest" });
/** See {@link reclassifyRequest}. */
export type ReclassifyRequest = ReadonlyDeep<NonNullable<z.input<typeof reclassifyRequest>>>;
