import type { RuleVerdict } from "@postrider/contract";
import { firstItem } from "../core/fan-out.ts";
import { lackError } from "../core/lack.ts";
import { type EventFacts, sampleFacts } from "../core/sample-event.ts";
import {
  type AttemptTools,
  judgeAnswer,
  type Job,
  maskedExchange,
  missingKeyError,
  render,
  sign,
} from "./attempt.ts";
import type { DispatchEndpoint, DispatchPartner } from "./partner.ts";
import { type ShownRequest, shownRequest } from "./shown-request.ts";

/** What one test postback did. Values of credentials in URL and headers are hidden: `core/redact.ts`; secrets
 * of the partner stand as `{secret.name}` wherever they are. */
export interface TestPostback {
  readonly request: ShownRequest;
  readonly response: {
    readonly status: number | null;
    readonly body: string;
    readonly duration_ms: number;
    readonly failure: { readonly class: string; readonly message: string } | null;
  };
  /** Whether it would have counted as delivered, and if not, why. */
  readonly verdict: "accepted" | "retryable" | "busy" | "client_error" | "refused" | "gone";
  /** The verdict rule of the endpoint that decided; null if its status did, or no rule knew the answer. */
  readonly rule: { readonly index: number; readonly then: RuleVerdict; readonly note: string | null } | null;
  readonly error: string | null;
}

/**
 * Sends one postback outside of any turn, flagged `webhook-test: 1`, never counted as a delivery. It is signed and
 * rendered as a real one; a required macro that the event lacks is shown as the failure it would be.
 *
 * @param id the `webhook-id`
 * @param event what it is about. Default: the sample event.
 */
export async function sendTestPostback(
  partner: DispatchPartner,
  endpoint: DispatchEndpoint,
  id: string,
  tools: Pick<AttemptTools, "transport" | "clock" | "userAgent">,
  event: EventFacts = sampleFacts({}, `test-${id}`, tools.clock.now()),
): Promise<TestPostback> {
  const now = tools.clock.now();
  const job: Job = {
    partner,
    endpoint,
    n: 1,
    delivery: {
      ...event,
      id,
      endpointNo: endpoint.endpointNo,
      dueAtMs: now,
      enqueuedAtMs: now,
      attemptsMade: 0,
      attemptsBefore: 0,
      clientErrors: 0,
      expiresAtMs: null,
      orderKey: null,
      item: firstItem(endpoint.fanOut, event.dataText),
    },
  };
  if (endpoint.refusal !== null || endpoint.template === null)
    return notSent(`target_refused: ${endpoint.refusal}`);
  const missing = partner.signer.missing(endpoint.signing, now);
  if (missing !== null) return notSent(missingKeyError(missing));
  if (endpoint.lack !== null) return notSent(lackError(endpoint.lack));
  const rendered = render(job);
  if (!rendered.ok) return notSent(`${rendered.reason}: ${rendered.message}`);
  const request = sign(job, rendered, tools.userAgent, now);
  const flagged = { ...request, headers: [...request.headers, ["webhook-test", "1"] as const] };
  const answered = await tools.transport.send(flagged);
  const { verdict, rule } = judgeAnswer(job, answered);
  const { mask } = partner;
  const exchange = mask === null ? answered : maskedExchange(answered, mask);
  const shown = (text: string) => (mask === null ? text : mask.text(text));
  return {
    request: shownRequest(flagged, rendered.body, mask),
    response: {
      status: exchange.status,
      body: exchange.responseBody,
      duration_ms: Math.round(exchange.durationMs),
      failure: exchange.failure,
    },
    verdict: verdict.kind,
    rule: rule && { index: rule.index, then: rule.then, note: rule.note },
    error: verdict.kind === "accepted" ? null : shown(verdict.error),
  };
}

function notSent(error: string): TestPostback {
  return {
    request: { method: "", url: "", headers: {}, body: null },
    response: { status: null, body: "", duration_ms: 0, failure: null },
    verdict: "client_error",
    rule: null,
    error: `nothing was sent: ${error}`,
  };
}
