import { z } from "zod";
import { completed } from "./complete.ts";
import { flags } from "./flags.ts";
import { constants, durationText, number, whole, yearMs } from "./forms.ts";

/** A partner, as an operator writes it. `PUT` replaces: a missing key means its default. */
export const partnerDocument = z
  .strictObject(
    {
      name: z
        .string({ error: "must be a text" })
        .trim()
        .min(1, "must not be empty")
        .max(200, "must have at most 200 characters")
        .describe("The name people read."),
      rate_per_second: number(0.01, 100_000)
        .nullable()
        .default(null)
        .describe("Requests per second over all workers; null for no limit.")
        .register(flags, {
          name: "rate",
          form: "number",
          value: "n",
          nullWord: "none",
          counts: "requests per second",
          summary: "requests per second at most, over all workers",
        }),
      burst: whole(1, 100_000)
        .nullable()
        .default(null)
        .describe("Requests that may go at once after a quiet time; null: the rate, rounded up.")
        .register(flags, {
          form: "whole",
          value: "n",
          nullWord: "none",
          counts: "requests",
          summary: "requests that may go at once after a quiet time; none for as many as the rate",
        }),
      max_in_flight: whole(1, 1_000)
        .default(16)
        .describe("Requests in flight at most.")
        .register(flags, { form: "whole", value: "n", counts: "requests" }),
      silent_after: durationText(60_000, yearMs, "from 1m to 365d")
        .nullable()
        .default(null)
        .describe("Operators are told if nothing was delivered for so long; null: never.")
        .register(flags, {
          form: "text",
          value: "duration",
          nullWord: "never",
          summary: "tell operators when nothing was delivered for so long",
        }),
      max_backlog: whole(1, 100_000_000)
        .nullable()
        .default(null)
        .describe(
          "Waiting deliveries at which events addressed to this partner are refused; null: no ceiling. Events that go to many never are.",
        )
        .register(flags, {
          form: "whole",
          value: "n",
          nullWord: "none",
          counts: "deliveries",
          summary: "refuse events addressed to the partner once so many deliveries wait",
        }),
      constants: constants
        .default({})
        .describe(
          "Texts by their names, which templates write as {const.name}. They are no secrets: a token belongs into a secret of the partner.",
        )
        .register(flags, {
          name: "constant",
          form: "pairs",
          value: "name=value",
          summary: "a text that templates write as {const.name}; several times; an empty value removes it",
        }),
    },
    { error: "must be an object" },
  )
  .meta({ id: "PartnerDocument" });

/** A partner, complete. */
export type PartnerDocument = Readonly<z.output<typeof partnerDocument>>;

/**
 * The document with its defaults: of what an operator wrote, and of what an older server shows.
 *
 * @example completePartner({ name: "Acme" }).max_in_flight // 16
 */
export function completePartner(document: { readonly name: string }): PartnerDocument {
  return completed(partnerDocument, document) as unknown as PartnerDocument;
}

const { name: _, ...defaults } = completePartner({ name: "" });

/** What a partner has if its document names only the name. */
export const partnerDefaults: Omit<PartnerDocument, "name"> = defaults;
