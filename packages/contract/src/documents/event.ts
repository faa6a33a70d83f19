import { z } from "zod";
import { durationPattern } from "../duration.ts";
import { eventTypeForm, largestSchemaVersion, longestEventType, visibleAscii } from "../patterns.ts";
import { instant } from "./forms.ts";
import { partnerId } from "./ids.ts";

const ascii = z.string().regex(visibleAscii);

/** An event as an application sends it. The engine's `eventIssues` judges in its stead, so that HTTP and SQL agree; a test holds the two together. */
export const eventDocument = z
  .strictObject({
    event_id: ascii.describe(
      "Chosen by the application; the same id with the same content is accepted once. Not `.` or `..`.",
    ),
    type: z
      .string()
      .max(longestEventType)
      .regex(eventTypeForm)
      .describe("Dotted, such as conversion.approved; endpoints subscribe to it."),
    schema_version: z
      .int()
      .min(1)
      .max(largestSchemaVersion)
      .optional()
      .describe("The version of the schema of its type. Default 1."),
    occurred_at: instant
      .optional()
      .describe(
        "ISO 8601 with a zone, within the years 1 to 9999; stored in UTC with the digits given. Default: the time of acceptance.",
      ),
    data: z
      .custom<Record<string, unknown>>()
      .meta({ type: "object" })
      .optional()
      .describe("What happened, in the application's own words; stored verbatim. Default {}."),
    partner: partnerId
      .optional()
      .describe("Addresses one partner; without it every endpoint subscribed to the type gets the event."),
    not_before: instant
      .optional()
      .describe("Nothing is sent before; a past instant is now. Expiry counts from it."),
    expires_after: z
      .string()
      .meta({ pattern: durationPattern })
      .optional()
      .describe("Its deliveries expire this long after acceptance, if their endpoint's time is longer."),
    order_key: ascii
      .optional()
      .describe(
        "Such as a transaction id: endpoints with an order send deliveries of the same key one after the other.",
      ),
  })
  .meta({ id: "Event" });
