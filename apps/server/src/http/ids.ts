import { z } from "zod";

const idOf = (what: string) =>
  z
    .string({ error: `must be the id of ${what}` })
    .superRefine((text, context) => {
      if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(text)) return;
      const lower = text.toLowerCase();
      const hint = /^[a-z0-9][a-z0-9_-]{0,63}$/.test(lower) ? `; did you mean ${lower}?` : "";
      context.addIssue({
        code: "custom",
        message: `must be 1 to 64 lower-case letters, digits, _ and -, beginning with a letter or digit${hint}`,
      });
    })
    .meta({ pattern: "^[a-z0-9][a-z0-9_-]{0,63}$" });

/** The id of a partner. */
export const partnerId = idOf("a partner");

/** The id of an endpoint, unique within its partner. */
export const endpointId = idOf("an endpoint");
