/** What calls take beside the documents. */
import { z } from "zod";
import { durationText, signatureScheme } from "./forms.ts";
import { partnerDocument } from "./partner.ts";

/** Checked by the engine, which never repeats it in an error. */
const signingSecret = z
  .string({ error: "must be a text such as whsec_…" })
  .max(200, "must have at most 200 characters");

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
