/** Which deliveries a call is about, and which page of a list. */
import { z } from "zod";
import { deliveryStates, type Reason, reasons } from "../delivery-states.ts";
import { endpointId, partnerId } from "../documents/ids.ts";
import { isInstant } from "../instant.ts";
import { instantForm } from "../patterns.ts";

/** A point in time that exists. */
export const existingInstant = z
  .string({ error: "must be an ISO 8601 instant with a zone" })
  .refine(
    isInstant,
    "must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z (write + as %2B in a URL)",
  )
  .meta({ format: "date-time", pattern: instantForm.source });

/** The keys that select deliveries, for listing and for replaying alike. */
export const filterKeys = {
  state: z.enum(deliveryStates, { error: `must be one of ${deliveryStates.join(", ")}` }).optional(),
  partner: partnerId.optional(),
  endpoint: endpointId.optional(),
  type: z
    .string({ error: "must be an event type" })
    .min(1, "must not be empty")
    .max(102, "must have at most 102 characters")
    .regex(
      /^(\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?)$/,
      "must be an event type such as conversion.approved, a prefix such as conversion.*, or *",
    )
    .optional()
    .describe("An event type, a prefix such as conversion.*, or * for every type."),
  reason: z
    .enum(Object.keys(reasons) as [Reason, ...Reason[]], {
      error: `must be one of ${Object.keys(reasons).join(", ")}`,
    })
    .optional(),
  event_id: z
    .string({ error: "must be a text" })
    .regex(/^[!-~]{1,200}$/, "must be 1 to 200 visible ASCII characters")
    .optional(),
  time: z
    .enum(["accepted", "finished"], { error: "must be accepted or finished" })
    .optional()
    .describe(
      "What since and until mean, and lists are sorted by: when the event was accepted (default), or when the delivery ended, which needs the state dead, expired, cancelled or suppressed.",
    ),
  since: existingInstant.optional().describe("Accepted (or ended) at or after."),
  until: existingInstant.optional().describe("Accepted (or ended) before."),
} as const;

/** How many, and from where. */
export const pageKeys = {
  limit: z.coerce
    .number({ error: "must be a whole number from 1 to 500" })
    .int("must be a whole number")
    .min(1, "must be at least 1")
    .max(500, "must be at most 500")
    .default(50),
  cursor: z
    .string()
    .min(1, "must not be empty")
    .max(500, "must have at most 500 characters")
    .regex(/^[A-Za-z0-9_-]+$/, "must be next_cursor of the page before")
    .optional()
    .describe("next_cursor of the page before."),
} as const;

/** A page of a list. */
export const pageQuery = z.strictObject(pageKeys);
/** How much of a list without pages. */
export const limitQuery = z.strictObject({ limit: pageKeys.limit });
/** Which deliveries are counted in groups. */
export const groupsQuery = z.strictObject(filterKeys);
/** Which deliveries are listed, and which page of them. */
export const deliveriesQuery = z.strictObject({ ...filterKeys, ...pageKeys });

/** Which deliveries a replay selects. */
export const replayFilter = z
  .strictObject(
    {
      ...filterKeys,
      delivery_ids: z
        .array(z.string({ error: "must be a delivery id" }).min(1).max(100), {
          error: "must be a list of delivery ids",
        })
        .min(1, "must name at least one delivery; leave it out to select by the other keys")
        .max(10_000, "must have at most 10000 entries")
        .optional(),
    },
    { error: "must be an object, {} for every dead letter" },
  )
  .meta({ id: "DeliveryFilter" });

const { state: _anyState, reason: _noReason, time: _noTime, ...cancellable } = replayFilter.shape;

/** Which deliveries a cancellation or a retry now selects. What waits has no reason or end yet, and its state is known. */
export const pendingFilter = z
  .strictObject(
    { ...cancellable, state: z.literal("pending", { error: "must be pending, or left out" }).optional() },
    { error: "must be an object with at least one key" },
  )
  .refine(
    ({ state: _state, ...keys }) => Object.values(keys).some((value) => value !== undefined),
    "must have at least one key besides state: all that waits would be selected",
  )
  .meta({ id: "PendingFilter" });
