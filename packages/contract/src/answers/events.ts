/** What became of events. */
import { z } from "zod";
import { count, instant, type Shown } from "./answer-forms.ts";
import { deliveryView } from "./deliveries.ts";
import { errorView } from "./errors.ts";

/** One result for each event, in order. */
export const acceptView = z
  .strictObject({
    results: z.array(
      z.strictObject({
        event_id: z.string(),
        status: z.enum(["accepted", "duplicate", "conflict", "invalid", "backlog_full"]),
        deliveries: count,
        error: z.string().optional(),
      }),
    ),
  })
  .meta({ id: "AcceptResults" });
/** See {@link acceptView}. */
export type AcceptResults = Shown<z.output<typeof acceptView>>;

/** A refusal of events; of a batch with one result for each. */
export const refusedEventsView = errorView
  .extend({ results: acceptView.shape.results.optional() })
  .meta({ id: "RefusedEvents" });
/** See {@link refusedEventsView}. */
export type RefusedEvents = Shown<z.output<typeof refusedEventsView>>;

/** An event and its deliveries. */
export const eventView = z
  .strictObject({
    event_id: z.string(),
    type: z.string(),
    schema_version: z.int(),
    occurred_at: instant,
    accepted_at: instant,
    partner: z.string().nullable(),
    not_before: instant.optional().describe("Only where the event has one, likewise the next two."),
    expires_after: z.string().optional(),
    order_key: z.string().optional(),
    data: z.unknown().describe("As it was accepted: numbers keep their digits."),
    data_text: z.string().describe("The text of `data`, for readers whose JSON parser changes numbers."),
    deliveries: z.array(deliveryView),
  })
  .meta({ id: "EventWithDeliveries" });
/** See {@link eventView}. */
export type EventWithDeliveries = Shown<z.output<typeof eventView>>;
