/** What a preview and a test of an endpoint take. */
import { z } from "zod";
import { endpointDocument } from "../documents/endpoint.ts";
import { eventDocument } from "../documents/event.ts";

/** An event of one's own: of an event document at least the data. What else is missing is made up. */
export const sampleEvent = eventDocument
  .partial()
  .required({ data: true })
  .describe("An event document, of which only `data` must be there. Numbers of the data keep their digits.")
  .meta({ id: "SampleEvent" });

const event = sampleEvent.optional().describe("An event of one's own. Default: a sample event.");
const eventId = z
  .string({ error: "must be the id of an event" })
  .min(1, "must not be empty")
  .max(200, "must have at most 200 characters")
  .optional()
  .describe("An event of the ledger, in place of `event`.");

/** What `preview` takes. */
export const previewRequest = z
  .strictObject(
    {
      document: endpointDocument
        .optional()
        .describe("A draft, as PUT takes it. Default: the document that is stored."),
      event,
      event_id: eventId,
    },
    { error: "must be an object" },
  )
  .prefault({})
  .meta({ id: "PreviewRequest" });

/** Which keys sign a test postback. */
export const testKeys = ["all", "newest"] as const;

/** What `test` takes. */
export const testRequest = z
  .strictObject(
    {
      event,
      event_id: eventId,
      keys: z
        .enum(testKeys, { error: "must be all or newest" })
        .default("all")
        .describe(
          "all: with every live key, as a delivery is signed; newest: with the newest of each scheme only, which shows whether the partner knows it already.",
        ),
    },
    { error: "must be an object" },
  )
  .prefault({})
  .meta({ id: "TestRequest" });
