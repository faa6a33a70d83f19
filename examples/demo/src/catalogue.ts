import { defineCatalogue, type EventOf } from "@postrider/sender";
import { z } from "zod";
import { githubDefinitions } from "./github-payloads.ts";

const conversion = <Status extends string>(status: Status) => ({
  1: z.object({
    conversion_id: z.string(),
    click_id: z.string().min(1),
    status: z.literal(status),
    /** A decimal text: money is never a binary fraction. */
    payout: z
      .string()
      .regex(/^-?\d+(\.\d+)?$/)
      .optional(),
    currency: z.string().length(3).optional(),
    offer: z.object({ id: z.string(), name: z.string() }).optional(),
    goal: z.string().optional(),
    geo: z.string().length(2).optional(),
    sub1: z.string().optional(),
    sub2: z.string().nullable().optional(),
    customer: z.object({ first_name: z.string(), returning: z.boolean() }).optional(),
    note: z.string().optional(),
    items: z.array(z.object({ sku: z.string(), quantity: z.int().positive() })).optional(),
  }),
});

/** Whatever GitHub says, by its name for it. */
const githubTypes: Record<`github.${string}`, { readonly 1: z.ZodType<object, object> }> = Object.fromEntries(
  githubDefinitions().map(({ name }) => [`github.${name}`, { 1: z.looseObject({}) }]),
);

const conversionTypes = {
  "conversion.pending": conversion("pending"),
  "conversion.approved": conversion("approved"),
  "conversion.rejected": conversion("rejected"),
  "conversion.hold": conversion("hold"),
  "conversion.reversed": conversion("reversed"),
};

/** Every event type of this application, with the schema of its data. */
export const catalogue = defineCatalogue(Object.assign({}, githubTypes, conversionTypes));

/** An event that fits the catalogue. */
export type DemoEvent = EventOf<typeof catalogue> & { readonly event_id: string };
