/** What the API answers, for the OpenAPI document: the shapes of the engine's `ports/operations.ts`, described. */
import { deliveryStates, type Reason, reasons } from "@postrider/engine";
import { z } from "zod";
import { endpointDocument, partnerDocument } from "@postrider/contract";

export const instant = z.string().meta({ format: "date-time" });
export const state = z.enum(deliveryStates);
export const reason = z.enum(Object.keys(reasons) as [Reason, ...Reason[]]);
export const count = z.int().min(0);

export const errorView = z
  .object({
    error: z.object({
      code: z.string().describe("Stable; listed in docs/reference/errors.md."),
      message: z.string(),
      hint: z.string().optional(),
      issues: z
        .array(
          z.object({
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

export const acceptView = z
  .object({
    results: z.array(
      z.object({
        event_id: z.string(),
        status: z.enum(["accepted", "duplicate", "conflict", "invalid", "backlog_full"]),
        deliveries: count,
        error: z.string().optional(),
      }),
    ),
  })
  .meta({ id: "AcceptResults" });

export const partnerView = z
  .object({
    ...partnerDocument.shape,
    id: z.string(),
    state: z.enum(["active", "paused"]),
    endpoints: z.object({
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
        "Of a single partner, and only while no process that dispatches can open its signing keys: the ids of the master keys that they lack. Nothing is sent to it.",
      ),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: "Partner" });

const given = z
  .literal(true)
  .optional()
  .describe("Only if the request gave the secret, which is not shown again.");

export const createdPartnerView = z
  .object({
    ...partnerView.shape,
    signing_secret: z.string().optional().describe("Shown once, when the partner is created."),
    signing_secret_given: given,
  })
  .meta({ id: "CreatedPartner" });

export const partnersView = z
  .object({ partners: z.array(partnerView), next_cursor: z.string().optional() })
  .meta({ id: "Partners" });

export const signingKeyView = z
  .object({
    id: z.string(),
    scheme: z.enum(["v1", "v1a"]),
    public_key: z.string().nullable(),
    created_at: instant,
    retires_at: instant.nullable(),
  })
  .meta({ id: "SigningKey" });

export const keysView = z.object({ keys: z.array(signingKeyView) }).meta({ id: "SigningKeys" });

export const rotatedView = z
  .object({
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

export const endpointView = z
  .object({
    ...endpointDocument.shape,
    id: z.string(),
    partner: z.string(),
    version: count,
    state: z.enum(["active", "paused", "held", "disabled"]),
    held_until: instant.nullable(),
    note: z.string().nullable(),
    circuit: z.object({
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
        .describe("The first of the refusals, where it refuses whatever it is sent with a 4xx."),
      refusals: count.describe("Refusals (4xx) since the last success."),
    }),
  })
  .meta({ id: "Endpoint" });

export const endpointsView = z.object({ endpoints: z.array(endpointView) }).meta({ id: "Endpoints" });

const endpointWarnings = z.array(
  z.object({
    partner: z.string(),
    endpoint: z.string(),
    macro: z.string().describe("A data macro that no recent event had a value for."),
    nearest: z.string().nullable().describe("The nearest path that those events have."),
    message: z.string(),
  }),
);

export const storedEndpointView = z
  .object({ ...endpointView.shape, warnings: endpointWarnings.describe("Stored all the same.") })
  .meta({ id: "StoredEndpoint" });

export const endpointWarningsView = z
  .object({
    checked: count,
    more: z.boolean().describe("There are endpoints that were not looked at."),
    warnings: endpointWarnings,
  })
  .meta({ id: "EndpointWarnings" });

export const testPostbackView = z
  .object({
    request: z.object({
      method: z.string(),
      url: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string().nullable(),
    }),
    response: z.object({
      status: z.int().nullable(),
      body: z.string(),
      duration_ms: z.number(),
      failure: z.object({ class: z.string(), message: z.string() }).nullable(),
    }),
    verdict: z.enum(["accepted", "retryable", "busy", "client_error", "gone"]),
    error: z.string().nullable(),
  })
  .meta({ id: "TestPostback" });

export const attemptView = z
  .object({
    n: count,
    at: instant,
    duration_ms: z.number(),
    status: z.int().nullable(),
    error: z.string().optional(),
    response_body: z.string().optional(),
  })
  .meta({ id: "Attempt" });

/** Only if it is so. */
const deletedFlags = {
  endpoint_deleted: z
    .literal(true)
    .optional()
    .describe("Its endpoint was deleted; a new one may have the id now."),
  partner_deleted: z
    .literal(true)
    .optional()
    .describe("Its partner was deleted; a new one may have the id now."),
};

export const deliveryView = z
  .object({
    id: z.string(),
    event_id: z.string(),
    type: z.string(),
    partner: z.string(),
    endpoint: z.string(),
    state,
    reason: reason.nullable(),
    attempts_made: count,
    next_attempt_at: instant.nullable(),
    accepted_at: instant,
    finished_at: instant.nullable(),
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
    ...deletedFlags,
    waits_for: z
      .string()
      .optional()
      .describe("Of a single delivery that waits behind another of its order key: that one's id."),
    data_text: z.string().optional().describe("Of a single delivery: the text of its event's data."),
    attempts: z.array(attemptView).optional(),
  })
  .meta({ id: "Delivery" });

const note = z
  .string()
  .optional()
  .describe(
    "Where nothing was found: no event of the filter's type is in the ledger; names the nearest type.",
  );

export const deliveriesView = z
  .object({ deliveries: z.array(deliveryView), next_cursor: z.string().optional(), note })
  .meta({ id: "Deliveries" });

export const eventView = z
  .object({
    event_id: z.string(),
    type: z.string(),
    schema_version: z.int(),
    occurred_at: instant,
    accepted_at: instant,
    partner: z.string().nullable(),
    not_before: instant.optional().describe("Only where the event has one, likewise the next two."),
    expires_after: z.string().optional(),
    order_key: z.string().optional(),
    data: z.unknown().describe("As it was accepted: numbers keep their digits."),
    data_text: z.string().describe("The text of `data`, for readers whose JSON parser changes numbers."),
    deliveries: z.array(deliveryView),
  })
  .meta({ id: "EventWithDeliveries" });

export const groupView = z
  .object({
    partner: z.string(),
    endpoint: z.string(),
    state,
    reason: reason.nullable(),
    last_error: z.string().nullable(),
    last_status: z.int().nullable(),
    ...deletedFlags,
    count,
    oldest_accepted_at: instant,
    newest_accepted_at: instant,
  })
  .meta({ id: "DeliveryGroup" });

export const groupsView = z
  .object({ matched: count, groups: z.array(groupView), note })
  .meta({ id: "DeliveryGroups" });

export const cancellationView = z
  .object({
    matched: count.describe("Waiting when it was asked for."),
    cancelled: count.describe("0 for a dry run; less than matched where some ended meanwhile."),
    groups: z.array(groupView).describe("Of what was matched."),
    note,
  })
  .meta({ id: "Cancellation" });

const skippedView = z
  .array(
    z.object({
      cause: z.enum([
        "partner_deleted",
        "endpoint_deleted",
        "already_pending",
        "past_retention",
        "already_due",
        "not_before",
        "behind_order_key",
      ]),
      count,
    }),
  )
  .describe("Left as they are, by cause.");

const waitingView = z.array(
  z.object({
    cause: z.enum([
      "partner_paused",
      "endpoint_disabled",
      "endpoint_paused",
      "circuit_open",
      "endpoint_held",
    ]),
    count,
  }),
);

const selectionShape = {
  matched: count.describe("Put back, or made due; the groups are of these."),
  groups: z.array(groupView),
  skipped: skippedView,
  waiting: waitingView.describe("Of those matched, not sent before the cause has ended."),
  note,
};

export const createdReplayView = z
  .object({ replay_id: z.string().nullable().describe("null for a dry run."), ...selectionShape })
  .meta({ id: "CreatedReplay" });

export const retriedView = z
  .object({
    ...selectionShape,
    due_waiting: waitingView.describe("Of those that are due already, not sent before the cause has ended."),
    retried: count.describe("Made due; 0 for a dry run."),
  })
  .meta({ id: "Retried" });

export const replayView = z
  .object({
    replay_id: z.string(),
    state: z.enum(["running", "done", "cancelled"]),
    filter: z.record(z.string(), z.unknown()),
    rate_per_second: z.number().nullable(),
    requested_by: z.string(),
    created_at: instant,
    finished_at: instant.nullable(),
    matched: count,
    replayed: count,
    skipped: count.describe("Of those matched, no longer replayable when their turn came."),
    skipped_causes: skippedView,
  })
  .meta({ id: "Replay" });

export const replaysView = z.object({ replays: z.array(replayView) }).meta({ id: "Replays" });

export const cancellingView = z
  .object({
    cancelling: z.literal(true).describe("Waiting deliveries are being cancelled, some 10,000 a second."),
  })
  .meta({ id: "Cancelling" });
