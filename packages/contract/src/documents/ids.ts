import { z } from "zod";
import { idForm, nameForm } from "../patterns.ts";

const idOf = (what: string) =>
  z
    .string({ error: `must be the id of ${what}` })
    .superRefine((text, context) => {
      if (idForm.test(text)) return;
      const lower = text.toLowerCase();
      const hint = idForm.test(lower) ? `; did you mean ${lower}?` : "";
      context.addIssue({
        code: "custom",
        message: `must be 1 to 64 lower-case letters, digits, _ and -, beginning with a letter or digit${hint}`,
      });
    })
    .meta({ pattern: idForm.source });

/** The id of a partner. */
export const partnerId = idOf("a partner");

/** The name of a secret of a partner, which templates write as `{secret.name}`. */
export const secretName = z
  .string({ error: "must be the name of a secret" })
  .regex(nameForm, "must be 1 to 40 lower-case letters, digits and _");

/** The id of an endpoint, unique within its partner. */
export const endpointId = idOf("an endpoint");
