/** What a refusal says. */
import { z } from "zod";
import { count, type Shown } from "./answer-forms.ts";

/** A refusal. Codes are stable. */
export const errorView = z
  .strictObject({
    error: z.strictObject({
      code: z.string().describe("Stable; listed in docs/reference/errors.md."),
      message: z.string(),
      hint: z.string().optional(),
      issues: z
        .array(
          z.strictObject({
            path: z.string(),
            message: z.string(),
            position: count.optional(),
            code: z.string().optional(),
          }),
        )
        .optional(),
    }),
  })
  .meta({ id: "Error" });
/** See {@link errorView}. */
export type ErrorAnswer = Shown<z.output<typeof errorView>>;
