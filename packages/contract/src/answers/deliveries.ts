/** Deliveries, one by one and in groups, as they are shown. */
import { z } from "zod";
import { count, instant, reason, state, type Shown } from "./answer-forms.ts";

/** One exchange for a delivery. */
export const attemptView = z
  .strictObject({
    n: count,
    endpoint_version: count.describe("The version of the endpoint's document that it used."),
    at: instant,
    duration_ms: z.number(),
    status: z.int().nullable(),
    error: z.string().optional(),
    response_body: z.string().optional(),
  })
  .meta({ id: "Attempt" });
/** See {@link attemptView}. */
export type Attempt = Shown<z.output<typeof attemptView>>;

/** Only if it is so. */
const deletedFlags = {
  endpoint_deleted: z
    .literal(true)
    .optional()
    .describe("Its endpoint was deleted; a new one may have the id now."),
  partner_deleted: z
    .literal(true)
    .optional()
    .describe("Its partner was deleted; a new one may have the id now."),
};

/** A delivery. */
export const deliveryView = z
  .strictObject({
    id: z.string(),
    event_id: z.string(),
    type: z.string(),
    partner: z.string(),
    endpoint: z.string(),
    state,
    reason: reason.nullable(),
    attempts_made: count,
    next_attempt_at: instant.nullable(),
    accepted_at: instant,
    finished_at: instant.nullable(),
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
    ...deletedFlags,
    item: count
      .optional()
      .describe("Of an endpoint with fan_out: for which item of the event's list it is, from 1."),
    items: count.optional().describe("How many items the list has."),
    waits_for: z
      .string()
      .optional()
      .describe("Of a single delivery that waits behind another of its order key: that one's id."),
    data_text: z.string().optional().describe("Of a single delivery: the text of its event's data."),
    attempts: z.array(attemptView).optional(),
  })
  .meta({ id: "Delivery" });
/** See {@link deliveryView}. */
export type Delivery = Shown<z.output<typeof deliveryView>>;

/** Why a filter found nothing. */
export const note = z
  .string()
  .optional()
  .describe(
    "Where nothing was found: no event of the filter's type is in the ledger; names the nearest type.",
  );

/** A page of deliveries. */
export const deliveriesView = z
  .strictObject({ deliveries: z.array(deliveryView), next_cursor: z.string().optional(), note })
  .meta({ id: "Deliveries" });
/** See {@link deliveriesView}. */
export type DeliveriesPage = Shown<z.output<typeof deliveriesView>>;

/** Deliveries that are alike, counted. */
export const groupView = z
  .strictObject({
    partner: z.string(),
    endpoint: z.string(),
    state,
    reason: reason.nullable(),
    last_error: z.string().nullable(),
    last_status: z.int().nullable(),
    ...deletedFlags,
    count,
    oldest_accepted_at: instant,
    newest_accepted_at: instant,
  })
  .meta({ id: "DeliveryGroup" });
/** See {@link groupView}. */
export type DeliveryGroup = Shown<z.output<typeof groupView>>;

/** All groups of a filter, the largest first. */
export const groupsView = z
  .strictObject({ matched: count, groups: z.array(groupView), note })
  .meta({ id: "DeliveryGroups" });
/** See {@link groupsView}. */
export type DeliveryGroups = Shown<z.output<typeof groupsView>>;
