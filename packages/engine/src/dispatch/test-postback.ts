import type { RuleVerdict } from "@postrider/contract";
import { shownHeader, shownUrl } from "../core/redact.ts";
import { type AttemptTools, judgeAnswer, type Job, missingKeyError, render, sign } from "./attempt.ts";
import type { DispatchEndpoint, DispatchPartner } from "./partner.ts";

/** What one test postback did. Values of credentials in URL and headers are hidden: `core/redact.ts`. */
export interface TestPostback {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
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

/** The sample a test postback carries where its template needs data. */
export const testEvent = {
  type: "postrider.test",
  data: {
    test: true,
    click_id: "test-click",
    transaction_id: "test-transaction",
    payout: "0.00",
    currency: "USD",
    status: "test",
  },
} as const;

/**
 * Sends one postback outside of any turn, flagged `webhook-test: 1`, never counted as a delivery. It is signed and
 * rendered as a real one; a required macro that the sample event lacks is shown as the failure it would be.
 */
export async function sendTestPostback(
  partner: DispatchPartner,
  endpoint: DispatchEndpoint,
  id: string,
  tools: Pick<AttemptTools, "transport" | "clock" | "userAgent">,
): Promise<TestPostback> {
  const now = tools.clock.now();
  const job: Job = {
    partner,
    endpoint,
    n: 1,
    delivery: {
      id,
      endpointNo: endpoint.endpointNo,
      eventId: `test-${id}`,
      type: testEvent.type,
      schemaVersion: 1,
      occurredAt: new Date(now).toISOString(),
      acceptedAtMs: now,
      dataText: JSON.stringify(testEvent.data),
      dueAtMs: now,
      enqueuedAtMs: now,
      attemptsMade: 0,
      attemptsBefore: 0,
      clientErrors: 0,
      expiresAtMs: null,
      orderKey: null,
    },
  };
  if (endpoint.refusal !== null || endpoint.template === null)
    return notSent(`target_refused: ${endpoint.refusal}`);
  const missing = partner.signer.missing(endpoint.signing, now);
  if (missing !== null) return notSent(missingKeyError(missing));
  const rendered = render(job);
  if (!rendered.ok) return notSent(`${rendered.reason}: ${rendered.message}`);
  const request = sign(job, rendered, tools.userAgent, now);
  const flagged = { ...request, headers: [...request.headers, ["webhook-test", "1"] as const] };
  const exchange = await tools.transport.send(flagged);
  const { verdict, rule } = judgeAnswer(job, exchange);
  return {
    request: {
      method: flagged.method,
      url: shownUrl(flagged.url),
      headers: Object.fromEntries(flagged.headers.map(([name, value]) => [name, shownHeader(name, value)])),
      body: rendered.body,
    },
    response: {
      status: exchange.status,
      body: exchange.responseBody,
      duration_ms: Math.round(exchange.durationMs),
      failure: exchange.failure,
    },
    verdict: verdict.kind,
    rule: rule && { index: rule.index, then: rule.then, note: rule.note },
    error: verdict.kind === "accepted" ? null : verdict.error,
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
