/** What kept answers would have been, by other verdict rules. */
import { z } from "zod";
import { ruleVerdicts } from "../documents/verdicts.ts";
import { count, reason, type Shown, state } from "./answer-forms.ts";
import { createdReplayView } from "./selections.ts";

/** A page of ended deliveries of one endpoint, judged again by their last answers. */
export const reclassificationView = z
  .strictObject({
    judged: count.describe("Ended deliveries whose last answer was judged."),
    wrongly_delivered: count.describe("Of these, booked as delivered although the rules say otherwise."),
    groups: z
      .array(
        z.strictObject({
          state,
          reason: reason.describe("How they are booked."),
          would_be: z
            .enum([...ruleVerdicts, "unknown"])
            .describe("What the answer means by the rules; unknown: none of them can tell."),
          rule: count.nullable().describe("The rule's place in `verdicts`, from 0; null: no rule matched."),
          note: z.string().nullable().describe("Of that rule."),
          count,
          examples: z
            .array(
              z.strictObject({
                delivery_id: z.string(),
                status: z.int(),
                answer: z.string().describe("The first 120 characters."),
              }),
            )
            .describe("The newest three."),
        }),
      )
      .describe("The largest first."),
    not_judged: z
      .strictObject({
        no_answer: count.describe("Nothing was sent, or nothing came back."),
        not_kept: count.describe("The answer is no longer in the ledger."),
        cut: count.describe("The body was not kept in full, and a rule asks for it."),
      })
      .describe("Ended deliveries that are in no group."),
    next_cursor: z.string().optional().describe("There are older ones: ask again with it as `cursor`."),
    replay: createdReplayView
      .nullable()
      .describe("Of those wrongly delivered; null if none was asked for, or there are none."),
  })
  .meta({ id: "Reclassification" });
/** See {@link reclassificationView}. */
export type Reclassification = Shown<z.output<typeof reclassificationView>>;
