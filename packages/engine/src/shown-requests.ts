/** Requests that are rendered for people: previews, and what an attempt sent. Nothing is sent or stored here. */
import type { EndpointDocument } from "./core/documents.ts";
import type { Reason } from "./core/delivery.ts";
import { PostriderError } from "./core/errors.ts";
import { type DeliveryItem, firstItem, type ItemFailure } from "./core/fan-out.ts";
import { type EventFacts, type SampleEvent, sampleFacts } from "./core/sample-event.ts";
import { type AllowedTargets, checkTargetUrl } from "./core/target.ts";
import { compileTemplate, type RenderFailure, type Template } from "./core/template/index.ts";
import { parseListPath } from "./dispatch/partner.ts";
import { renderForPeople, type ShownRequest } from "./dispatch/shown-request.ts";
import { checkConstants, checkEndpoint, goesOnWith } from "./ledger/operations/endpoint-check.ts";
import type { Clock } from "./ports/clock.ts";
import { type PreviewWarning, findPreviewWarnings } from "./preview-warnings.ts";
import type { AttemptSource, Operations } from "./ports/operations.ts";

/** Which event a request is made of: one of the ledger, one of one's own, or without both the sample event. */
export interface EventChoice {
  readonly event?: SampleEvent;
  readonly eventId?: string;
}

/** Why there is no request. */
export interface ShownFailure {
  readonly reason: Reason;
  readonly macro: string | null;
  readonly message: string;
}

type RequestOrFailure =
  | { readonly request: ShownRequest; readonly failure?: never }
  | { readonly request: null; readonly failure: ShownFailure };

/** What a document makes of an event. */
export type Preview = RequestOrFailure & { readonly warnings: readonly PreviewWarning[] };

/** Why a request may not be what was sent. */
export interface Difference {
  readonly cause: "version_gone" | "event_gone" | "values_changed" | "cannot_render";
  readonly message: string;
}

/** The request of an attempt, rendered again. */
export interface AttemptRequest {
  readonly delivery: string;
  readonly n: number;
  readonly at: string;
  readonly endpoint_version: number;
  /** True: it is what was sent, apart from the signature and from what is masked. */
  readonly exact: boolean;
  readonly differs: readonly Difference[];
  readonly request: ShownRequest | null;
  readonly failure?: ShownFailure;
}

/** Rendering for people. */
export interface ShownRequests {
  /**
   * What the stored document of an endpoint, or a draft, makes of an event. A draft may be of an endpoint that does not
   * exist yet. Null if there is no partner, or no endpoint and no draft.
   *
   * @throws PostriderError `invalid_template`, `invalid_target`, `invalid_duration` or `invalid_request` for a draft that
   * could not be stored; `not_found` for an event that is not in the ledger
   */
  preview(
    partner: string,
    endpoint: string,
    choice: EventChoice & { readonly document?: EndpointDocument },
    signal?: AbortSignal,
  ): Promise<Preview | null>;
  /**
   * The request of an attempt, rendered again from its event and its version of the endpoint's document. `n` null: of the
   * last attempt. Null if there is no such delivery or attempt.
   */
  attemptRequest(delivery: string, n: number | null, signal?: AbortSignal): Promise<AttemptRequest | null>;
}

export interface ShownRequestsParts {
  readonly operations: Pick<
    Operations,
    "getPartner" | "getEndpoint" | "getEvent" | "listKeys" | "documentWarnings" | "readAttempt"
  >;
  readonly allowedTargets: AllowedTargets;
  readonly clock: Pick<Clock, "now">;
  readonly userAgent: string;
}

/** The `webhook-id` of a preview. */
const previewDelivery = "00000000-0000-7000-8000-000000000000";

export function createShownRequests(parts: ShownRequestsParts): ShownRequests {
  const { operations, allowedTargets, clock, userAgent } = parts;
  return {
    async preview(partner, endpoint, { document: draft, ...choice }, signal) {
      const owner = await operations.getPartner(partner, signal);
      if (owner === null) return null;
      const nowMs = clock.now();
      const stored = await operations.getEndpoint(partner, endpoint, nowMs, signal);
      const document = draft ?? stored;
      if (document === null) return null;
      if (draft !== undefined) {
        const refusal = checkEndpoint(draft, allowedTargets);
        checkConstants(draft, JSON.stringify(owner.constants));
        if (refusal !== null && !goesOnWith(stored, draft)) throw refusal;
      }
      const event = await findChosenEvent(operations, choice, "test-event", nowMs, signal);
      const subject = { delivery: { ...event, id: previewDelivery, item: null }, partner, endpoint, n: 1 };
      const compiled = withTarget(templateForPeople(document, owner.constants), allowedTargets);
      const { template } = compiled;
      const of = { partner, endpoint, document, template, event, nowMs };
      const warnings = await findPreviewWarnings(operations, of, signal);
      return { ...show(subject, document, compiled, userAgent, nowMs), warnings };
    },

    async attemptRequest(delivery, n, signal) {
      const source = await operations.readAttempt(delivery, n, signal);
      return source === null ? null : requestOf(source, parts);
    },
  };
}

/** The event that was chosen, as templates read it. @throws PostriderError `not_found` */
export async function findChosenEvent(
  operations: Pick<Operations, "getEvent">,
  { event, eventId }: EventChoice,
  sampleId: string,
  nowMs: number,
  signal?: AbortSignal,
): Promise<EventFacts> {
  if (eventId === undefined) return sampleFacts(event ?? {}, sampleId, nowMs);
  const found = await operations.getEvent(eventId, signal);
  if (found === null)
    throw new PostriderError("not_found", `There is no event ${eventId}.`, {
      hint: "Give an event that the ledger still has, or one of your own as event.",
    });
  return {
    eventId: found.event_id,
    type: found.type,
    schemaVersion: found.schema_version,
    occurredAt: found.occurred_at,
    acceptedAtMs: Date.parse(found.accepted_at),
    dataText: found.data_text,
  };
}

interface TemplateForPeople {
  /** With the partner's constants, and its secrets masked. Null if the document does not compile with them. */
  readonly template: Template | null;
  /** Why nothing would be sent, or null. */
  readonly refusal: ShownFailure | null;
}

function templateForPeople(
  document: EndpointDocument,
  constants: Readonly<Record<string, string>>,
): TemplateForPeople {
  const compiled = compileTemplate(document, {
    constants: new Map(Object.entries(constants)),
    maskSecrets: true,
  });
  if (compiled.ok) return { template: compiled.template, refusal: null };
  const [issue] = compiled.issues;
  const message = issue?.message ?? "The template does not compile.";
  const reason = issue?.code === "unknown_constant" ? "missing_macro" : "target_refused";
  return { template: null, refusal: { reason, macro: null, message } };
}

/** The list of allowed targets may have changed since the document was stored. */
function withTarget(
  { template, refusal }: TemplateForPeople,
  allowedTargets: AllowedTargets,
): TemplateForPeople {
  const target = template && checkTargetUrl(template.origin, allowedTargets);
  if (target?.ok !== false) return { template, refusal };
  return { template, refusal: { reason: "target_refused", macro: null, message: target.message } };
}

interface Subject {
  /** `item`: null for what is not split yet; then the first item stands for all. */
  readonly delivery: EventFacts & { readonly id: string; readonly item: DeliveryItem | null };
  readonly partner: string;
  readonly endpoint: string;
  readonly n: number;
}

function show(
  { delivery, partner, endpoint, n }: Subject,
  document: EndpointDocument,
  { template, refusal }: TemplateForPeople,
  userAgent: string,
  atMs: number,
): RequestOrFailure {
  if (refusal !== null) return { request: null, failure: refusal };
  const { signing } = document;
  const fanOut = parseListPath(document.fan_out);
  const shown = {
    // What was sent before the endpoint had a fan_out was the whole event, also if it was split later.
    delivery: {
      ...delivery,
      item: fanOut && (delivery.item ?? firstItem(fanOut, delivery.dataText)),
    },
    partner: { id: partner },
    endpoint: { id: endpoint, template, signing, fanOut },
    n,
  };
  const rendered = renderForPeople(shown, userAgent, atMs);
  return rendered.ok ? { request: rendered.request } : { request: null, failure: shownFailure(rendered) };
}

const shownFailure = (failure: RenderFailure | ItemFailure): ShownFailure => ({
  reason: failure.reason,
  macro: ("macro" in failure && failure.macro) || null,
  message: failure.message,
});

function requestOf(source: AttemptSource, { userAgent }: ShownRequestsParts): AttemptRequest {
  const { delivery, n, atMs, partner, endpoint, endpointVersion, event } = source;
  const differs: Difference[] = [];
  const answer = (shown: Pick<AttemptRequest, "request" | "failure">): AttemptRequest => ({
    delivery,
    n,
    at: new Date(atMs).toISOString(),
    endpoint_version: endpointVersion,
    exact: differs.length === 0,
    differs,
    ...shown,
  });
  if (event === null) {
    differs.push({
      cause: "event_gone",
      message: "The event is not in the ledger any more: nothing can be rendered.",
    });
    return answer({ request: null });
  }
  if (source.document === null)
    differs.push({
      cause: "version_gone",
      message: `Version ${endpointVersion} of the endpoint is not kept any more: this is rendered from its last document.`,
    });
  const document = source.document ?? source.latestDocument;
  const compiled = templateForPeople(document, source.constants);
  if (valuesChanged(source, document))
    differs.push({
      cause: "values_changed",
      message:
        "The partner's constants or secrets that it uses changed since: it may have been sent with other values.",
    });
  // The delivery may have been split after the attempt.
  const item = document.fan_out === null ? null : source.item;
  const subject = { delivery: { ...event, id: delivery, item }, partner, endpoint, n };
  const shown = show(subject, document, compiled, userAgent, atMs);
  if (shown.request === null && source.status !== null)
    differs.push({
      cause: "cannot_render",
      message: "The request was sent, and cannot be rendered any more: what may be sent has changed since.",
    });
  return answer(shown);
}

/** Whether a constant or secret that the document uses was, or may have been, another one at the time of the attempt. */
function valuesChanged(
  { atMs, constantsChangedMs, secretsSetMs }: AttemptSource,
  document: EndpointDocument,
): boolean {
  const compiled = compileTemplate(document);
  if (!compiled.ok) return false;
  const { constants, secrets } = compiled.template;
  if (constants.length > 0 && constantsChangedMs !== null && constantsChangedMs > atMs) return true;
  return secrets.some((name) => (secretsSetMs.get(name) ?? Number.POSITIVE_INFINITY) > atMs);
}
