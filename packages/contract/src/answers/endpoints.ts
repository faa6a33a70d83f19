/** Endpoints, as they are shown. */
import { z } from "zod";
import { count, instant, type Shown } from "./answer-forms.ts";
import { endpointDocument } from "../documents/endpoint.ts";
import { completeShape } from "./complete-shape.ts";
import { ruleVerdicts } from "../documents/verdicts.ts";
import { shownRequestView } from "./previews.ts";

/** An endpoint. */
export const endpointView = z
  .strictObject({
    ...completeShape(endpointDocument.shape),
    // It follows from the method if the document does not name it, and is always shown.
    body: endpointDocument.shape.body.unwrap().describe("What is sent."),
    id: z.string(),
    partner: z.string(),
    version: count,
    state: z.enum(["active", "paused", "held", "disabled"]),
    held_until: instant.nullable(),
    note: z.string().nullable(),
    circuit: z.strictObject({
      state: z
        .enum(["closed", "open", "half_open"])
        .describe("half_open: the next delivery, or the one in flight, is a probe."),
      since: instant.nullable().describe("When it opened, or closed again."),
      failing_since: instant.nullable().describe("The first failure after the last success."),
      failures: count.describe("Failures in a row."),
      next_probe_at: instant.nullable(),
      in_flight_limit: count.nullable().describe("Requests in flight at most while it comes back."),
      disabled_at: instant.nullable().describe("When it is paused if it goes on failing."),
      refusing_since: instant
        .nullable()
        .describe(
          "The first of the refusals, where it refuses whatever it is sent, with a 4xx or by a verdict rule.",
        ),
      refusals: count.describe("Refusals (4xx, or by a verdict rule) since the last success."),
    }),
  })
  .meta({ id: "Endpoint" });
/** See {@link endpointView}. */
export type Endpoint = Shown<z.output<typeof endpointView>>;

/** The endpoints of a partner. */
export const endpointsView = z.strictObject({ endpoints: z.array(endpointView) }).meta({ id: "Endpoints" });
/** See {@link endpointsView}. */
export type Endpoints = Shown<z.output<typeof endpointsView>>;

const endpointWarnings = z.array(
  z.strictObject({
    partner: z.string(),
    endpoint: z.string(),
    code: z
      .enum(["unfilled_macro", "open_credential", "handwritten_json", "secret_missing", "personal_data", "personal_literal"])
      .describe(
        "`unfilled_macro`: no recent event had a value for a data macro. `open_credential`: a credential stands in the document as it is. `handwritten_json`: JSON text with a macro in it, to which a value could add a key. `secret_missing`: a secret that it uses was never set, so nothing is sent. `personal_data`: recent events would not be sent, because of what a macro holds. `personal_literal`: an e-mail address, a phone or a card number stands in the document as it is.",
      ),
    macro: z
      .string()
      .nullable()
      .describe("The macro it is about, or the one to write in the place of a credential."),
    nearest: z.string().nullable().describe("The nearest path that recent events have."),
    message: z.string(),
  }),
);

/** An endpoint that was just stored, with what is most likely wrong with it. */
export const storedEndpointView = z
  .strictObject({ ...endpointView.shape, warnings: endpointWarnings.describe("Stored all the same.") })
  .meta({ id: "StoredEndpoint" });
/** See {@link storedEndpointView}. */
export type StoredEndpoint = Shown<z.output<typeof storedEndpointView>>;

/** What is most likely wrong with the endpoints of a ledger. */
export const endpointWarningsView = z
  .strictObject({
    checked: count,
    more: z.boolean().describe("There are endpoints that were not looked at."),
    warnings: endpointWarnings,
  })
  .meta({ id: "EndpointWarnings" });
/** See {@link endpointWarningsView}. */
export type EndpointWarnings = Shown<z.output<typeof endpointWarningsView>>;

/** A test postback: what was sent and answered. */
export const testPostbackView = z
  .strictObject({
    request: shownRequestView,
    response: z.strictObject({
      status: z.int().nullable(),
      body: z.string(),
      duration_ms: z.number(),
      failure: z.strictObject({ class: z.string(), message: z.string() }).nullable(),
    }),
    verdict: z.enum(["accepted", "retryable", "busy", "client_error", "refused", "gone"]),
    rule: z
      .strictObject({
        index: count.describe("Its place in `verdicts`, from 0."),
        then: z.enum(ruleVerdicts),
        note: z.string().nullable(),
      })
      .nullable()
      .describe("The rule that decided; null if the status did, or no rule knew the answer."),
    error: z.string().nullable(),
  })
  .meta({ id: "TestPostback" });
/** See {@link testPostbackView}. */
export type TestPostback = Shown<z.output<typeof testPostbackView>>;

/** A deletion that still cancels what waits. */
export const cancellingView = z
  .strictObject({
    cancelling: z.literal(true).describe("Waiting deliveries are being cancelled, some 10,000 a second."),
  })
  .meta({ id: "Cancelling" });
/** See {@link cancellingView}. */
export type Cancelling = Shown<z.output<typeof cancellingView>>;
