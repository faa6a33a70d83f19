/** Requests as they are shown to people, and the versions of endpoint documents that made them. */
import { z } from "zod";
import { completeShape } from "./complete-shape.ts";
import { count, instant, reason, type Shown } from "./answer-forms.ts";
import { endpointDocument } from "../documents/endpoint.ts";

/** A request without its signature. Secrets and what looks like a credential are masked. */
export const shownRequestView = z
  .strictObject({
    method: z.string(),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string().nullable(),
  })
  .meta({ id: "ShownRequest" });
/** See {@link shownRequestView}. */
export type ShownRequest = Shown<z.output<typeof shownRequestView>>;

/** Why there is no request. */
const failureView = z
  .strictObject({
    reason: reason.describe("What a delivery would end with."),
    macro: z.string().nullable().describe("The macro at fault, if it is one."),
    message: z.string(),
  })
  .meta({ id: "RenderFailure" });

/** What is most likely wrong with a document, or with the event that was chosen for it. */
export const previewWarningView = z
  .strictObject({
    code: z
      .string()
      .describe(
        "`unfilled_macro`: no recent event had a value. `empty_value`: this event has none. `first_item`: the endpoint has fan_out, and this is the first of several requests. `signing_key_missing`: the partner has no live key for a scheme. Else the code of a lint.",
      ),
    macro: z.string().nullable().describe("The macro that it is about, if it is one."),
    message: z.string(),
  })
  .meta({ id: "PreviewWarning" });
/** See {@link previewWarningView}. */
export type PreviewWarning = Shown<z.output<typeof previewWarningView>>;

/** What a document makes of an event. Nothing was sent or stored. */
export const previewView = z
  .strictObject({
    request: shownRequestView.nullable(),
    failure: failureView.optional().describe("Only if there is no request."),
    warnings: z.array(previewWarningView),
  })
  .meta({ id: "Preview" });
/** See {@link previewView}. */
export type Preview = Shown<z.output<typeof previewView>>;

/** The request of an attempt, rendered again. */
export const attemptRequestView = z
  .strictObject({
    delivery: z.string(),
    n: count,
    at: instant,
    endpoint_version: count.describe("The version of the endpoint's document that the attempt used."),
    exact: z
      .boolean()
      .describe("True: it is what was sent, apart from the signature and from what is masked."),
    differs: z
      .array(
        z.strictObject({
          cause: z
            .enum(["version_gone", "event_gone", "values_changed", "cannot_render"])
            .describe(
              "`version_gone`: rendered from the document of now. `event_gone`: there is nothing to render. `values_changed`: constants or secrets of the partner changed since. `cannot_render`: the request was sent, and cannot be rendered any more.",
            ),
          message: z.string(),
        }),
      )
      .describe("Why it may not be what was sent; empty if it is exact."),
    request: shownRequestView.nullable(),
    failure: failureView.optional().describe("Only if there is no request."),
  })
  .meta({ id: "AttemptRequest" });
/** See {@link attemptRequestView}. */
export type AttemptRequest = Shown<z.output<typeof attemptRequestView>>;

const versionShape = {
  version: count,
  at: instant,
  by: z
    .string()
    .nullable()
    .describe(
      "Who made it: `key:` and the beginning of the API key's digest; `local` without a key. Null: from before this was kept.",
    ),
};

/** The versions of an endpoint's document, newest first. */
export const endpointVersionsView = z
  .strictObject({
    versions: z.array(z.strictObject(versionShape).meta({ id: "EndpointVersionLine" })),
    next_cursor: z.string().optional(),
  })
  .meta({ id: "EndpointVersions" });
/** See {@link endpointVersionsView}. */
export type EndpointVersions = Shown<z.output<typeof endpointVersionsView>>;

/** One version of an endpoint's document. */
export const endpointVersionView = z
  .strictObject({
    partner: z.string(),
    endpoint: z.string(),
    ...versionShape,
    document: z
      .strictObject({
        ...completeShape(endpointDocument.shape),
        body: endpointDocument.shape.body.unwrap().describe("What is sent."),
      })
      .meta({ id: "CompleteEndpointDocument" })
      .describe("With the defaults of now for keys that were not known then."),
  })
  .meta({ id: "EndpointVersion" });
/** See {@link endpointVersionView}. */
export type EndpointVersion = Shown<z.output<typeof endpointVersionView>>;
