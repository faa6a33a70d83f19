/** Partners and their signing keys, as they are shown. */
import { z } from "zod";
import { count, instant, type Shown } from "./answer-forms.ts";
import { signatureScheme } from "../documents/forms.ts";
import { partnerDocument } from "../documents/partner.ts";
import { completeShape } from "./complete-shape.ts";

/** A partner. */
export const partnerView = z
  .strictObject({
    ...completeShape(partnerDocument.shape),
    id: z.string(),
    state: z.enum(["active", "paused"]),
    endpoints: z.strictObject({
      total: count,
      paused: count.describe("By a 410 or disable_after."),
      open: count.describe("Their circuit is open, or being probed."),
      refusing: count.describe("They refuse whatever they are sent."),
      failing: count.describe("The last answer was a failure, or they are coming back."),
    }),
    missing_master_keys: z
      .array(z.string())
      .optional()
      .describe(
        "Of a single partner, and only while no process that dispatches can open its signing keys and secrets: the ids of the master keys that they lack. Nothing is sent to it.",
      ),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: "Partner" });
/** See {@link partnerView}. */
export type Partner = Shown<z.output<typeof partnerView>>;

const given = z
  .literal(true)
  .optional()
  .describe("Only if the request gave the secret, which is not shown again.");

/** A partner that was just created: its secret is shown this once. */
export const createdPartnerView = z
  .strictObject({
    ...partnerView.shape,
    signing_secret: z.string().optional().describe("Shown once, when the partner is created."),
    signing_secret_given: given,
  })
  .meta({ id: "CreatedPartner" });
/** See {@link createdPartnerView}. */
export type CreatedPartner = Shown<z.output<typeof createdPartnerView>>;

/** A page of partners, by id. */
export const partnersView = z
  .strictObject({ partners: z.array(partnerView), next_cursor: z.string().optional() })
  .meta({ id: "Partners" });
/** See {@link partnersView}. */
export type PartnersPage = Shown<z.output<typeof partnersView>>;

/** A signing key without its secret. */
export const signingKeyView = z
  .strictObject({
    id: z.string(),
    scheme: signatureScheme,
    public_key: z.string().nullable(),
    created_at: instant,
    retires_at: instant.nullable(),
  })
  .meta({ id: "SigningKey" });
/** See {@link signingKeyView}. */
export type SigningKey = Shown<z.output<typeof signingKeyView>>;

/** The signing keys of a partner. */
export const keysView = z.strictObject({ keys: z.array(signingKeyView) }).meta({ id: "SigningKeys" });
/** See {@link keysView}. */
export type SigningKeys = Shown<z.output<typeof keysView>>;

/** A secret of a partner, without its value. */
export const secretView = z
  .strictObject({
    name: z.string(),
    set_at: instant
      .nullable()
      .describe("When its value was set last; null: an endpoint uses it, and it was never set."),
    endpoints: z.array(z.string()).describe("The endpoints that use it."),
  })
  .meta({ id: "Secret" });
/** See {@link secretView}. */
export type Secret = Shown<z.output<typeof secretView>>;

/** The secrets of a partner. */
export const secretsView = z.strictObject({ secrets: z.array(secretView) }).meta({ id: "Secrets" });
/** See {@link secretsView}. */
export type Secrets = Shown<z.output<typeof secretsView>>;

/** The next signing key. */
export const rotatedView = z
  .strictObject({
    signing_secret: z
      .string()
      .nullable()
      .describe(
        "Shown once; null for one that was given, and for v1a, whose private key never leaves the server.",
      ),
    signing_secret_given: given,
    public_key: z.string().nullable(),
    keys: z.array(signingKeyView),
  })
  .meta({ id: "RotatedSecret" });
/** See {@link rotatedView}. */
export type RotatedSecret = Shown<z.output<typeof rotatedView>>;
