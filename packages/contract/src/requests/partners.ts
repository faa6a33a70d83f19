/** What calls about partners, their keys and their secrets take. */
import { z } from "zod";
import { durationText, signatureScheme } from "../documents/forms.ts";
import { partnerDocument } from "../documents/partner.ts";

/** Checked by the engine, which never repeats it in an error. */
const signingSecret = z
  .string({ error: "must be a text such as whsec_…" })
  .max(200, "must have at most 200 characters");

/** In bytes of UTF-8. */
const longestSecret = 8_192;
/** A shorter one could not be told from other text in a partner's answer, so it could not be masked there. */
const shortestSecret = 4;

/** What PUT of a secret takes. */
export const secretRequest = z
  .strictObject(
    {
      value: z
        .string({ error: "must be a text" })
        .superRefine((text, context) => {
          const message = secretFault(text);
          if (message !== null) context.addIssue({ code: "custom", message });
        })
        .meta({ minLength: shortestSecret, maxLength: longestSecret })
        .describe("The secret itself, at most 8 KiB. It is stored encrypted and never shown again."),
    },
    { error: 'must be an object such as {"value": "…"}' },
  )
  .meta({ id: "SecretRequest" });
/** See {@link secretRequest}. */
export type SecretRequest = Readonly<z.output<typeof secretRequest>>;

function secretFault(text: string): string | null {
  if (text.length < shortestSecret)
    return `must have at least ${shortestSecret} characters: a shorter one cannot be masked in what partners answer. If it is no secret, make it a constant of the partner`;
  if (text.trim() !== text) return "must not begin or end with white space";
  const tooLong = new TextEncoder().encode(text).length > longestSecret;
  return tooLong ? `must have at most ${longestSecret} bytes` : null;
}

/** What PUT of a partner takes: the document, and for a new partner a secret. */
export const partnerRequest = z
  .strictObject(
    {
      ...partnerDocument.shape,
      signing_secret: signingSecret
        .optional()
        .describe(
          "Only if the partner does not exist yet: a secret to sign with, instead of a new one. Never shown again.",
        ),
    },
    { error: "must be an object" },
  )
  .meta({ id: "PartnerRequest" });

/** What `rotate-secret` takes. */
export const rotateRequest = z
  .strictObject(
    {
      overlap: durationText(0, 30 * 86_400_000, "at most 30d")
        .default("24h")
        .describe("How long the older keys go on signing."),
      scheme: signatureScheme.default("v1"),
      signing_secret: signingSecret
        .optional()
        .describe(
          "A secret to sign with from now on, instead of a new one: whsec_ and base64, or whsk_ for v1a. Never shown again.",
        ),
    },
    { error: "must be an object" },
  )
  .prefault({})
  .meta({ id: "RotateRequest" });
/** See {@link rotateRequest}. */
export type RotateRequest = Readonly<z.output<typeof rotateRequest>>;
