import type { Verdict } from "../core/classify.ts";
import { judge, type Judgement } from "../core/verdicts/index.ts";
import { type Decision, decide, finish, isExpired } from "../core/decide.ts";
import type { Reason } from "../core/delivery.ts";
import { type ItemFacts, itemOf } from "../core/fan-out.ts";
import { type Lack, lackError } from "../core/lack.ts";
import type { Mask } from "../core/mask.ts";
import type { Scheme } from "../core/missing-key.ts";
import { targetName } from "../core/target.ts";
import { retryAfterMs } from "../core/retry-after.ts";
import { type PostbackFacts, renderTemplate, type RenderedPostback } from "../core/template/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { DueDelivery } from "../ports/ledger.ts";
import type { Random } from "../ports/random.ts";
import type { Exchange, LookupWatch, PostbackRequest, Transport } from "../ports/transport.ts";
import { faultWaits, lackWaits, type OwnFaults } from "./own-faults.ts";
import type { DispatchEndpoint, DispatchPartner } from "./partner.ts";

/** A delivery with the settings it is attempted under. */
export interface Job {
  readonly delivery: DueDelivery;
  readonly partner: DispatchPartner;
  readonly endpoint: DispatchEndpoint;
  /** The number of this attempt, from 1. */
  readonly n: number;
  /** Set if the endpoint's circuit lets only a few go. */
  readonly permit?: "probe" | "ramp" | null;
}

/** What an attempt was and what becomes of the delivery. */
export interface Attempted {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Null if nothing was sent. */
  readonly exchange: Exchange | null;
  readonly verdict: Verdict | null;
  readonly decision: Decision;
  /** In words, for the ledger and the operator; null on success. */
  readonly error: string | null;
  /** True if the attempt takes no step of the delivery's ladder: a probe that failed, or nothing that could be signed. */
  readonly spendsNoStep?: boolean;
  /** True if the delivery is put back unchanged: Postrider itself could not send it. No attempt was made. */
  readonly putBack?: boolean;
}

export interface AttemptTools {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly userAgent: string;
  readonly ownFaults: OwnFaults;
  /** A target was refused when it was dialled. True if another process allows it, which the partner is left to. */
  refuse(partner: DispatchPartner, target: string): Promise<boolean>;
}

/**
 * One attempt, as one sentence: guard, render, sign, send, classify, decide. The turn has loaded the job before, and
 * records and emits the result after. Null if the process let go of the exchange: the delivery stays as it was.
 *
 * @param onSend called in the step in which a request leaves, and not if nothing is sent
 * @param watch called when the exchange starts and stops waiting for name servers
 */
export async function attempt(
  job: Job,
  tools: AttemptTools,
  signal: AbortSignal,
  onSend: () => void,
  watch?: LookupWatch,
): Promise<Attempted | null> {
  const startedAtMs = tools.clock.now();
  const refused = guard(job, startedAtMs);
  if (refused) return stopBeforeSending(job, refused, tools, startedAtMs);
  const missing = job.partner.signer.missing(job.endpoint.signing, startedAtMs);
  if (missing !== null) return waitForKey(missing, startedAtMs);
  if (job.endpoint.lack !== null) return waitForLack(job.endpoint.lack, startedAtMs);
  const rendered = render(job);
  if (!rendered.ok) return finishUnsent(rendered.reason, rendered.message, startedAtMs);
  const request = sign(job, rendered, tools.userAgent, startedAtMs);
  onSend();
  const exchange = await tools.transport.send(request, signal, watch);
  if (exchange.failure?.class === "aborted") return null;
  if (exchange.failure?.class === "local" && exchange.status === null)
    return waitForProcess(job, `local: ${exchange.failure.message}`, tools);
  const { verdict, retryAfter } = judgeAnswer(job, exchange);
  const endedAtMs = tools.clock.now();
  if (
    verdict.kind === "client_error" &&
    verdict.reason === "target_refused" &&
    (await leftToOthers(job, tools))
  )
    return putBack(job, verdict.error, endedAtMs, endedAtMs, null);
  const decision = decideFor(job, verdict, retryAfter, endedAtMs, tools.random());
  const error = verdict.kind === "accepted" ? null : verdict.error;
  const attempted = { startedAtMs, endedAtMs, exchange, verdict, decision, error };
  // Last: what the answer means is decided by what it says, and not by what is kept of it.
  return job.partner.mask === null ? attempted : masked(attempted, job.partner.mask);
}

/** The attempt without the partner's secrets in what is stored and told of it: partners repeat requests in their answers. */
function masked(
  attempted: Attempted & { readonly exchange: Exchange; readonly verdict: Verdict },
  mask: Mask,
): Attempted {
  const { exchange, verdict, error } = attempted;
  return {
    ...attempted,
    exchange: maskedExchange(exchange, mask),
    verdict: "error" in verdict ? { ...verdict, error: mask.text(verdict.error) } : verdict,
    error: error === null ? null : mask.text(error),
  };
}

/** What came back, without the partner's secrets. */
export function maskedExchange(exchange: Exchange, mask: Mask): Exchange {
  const { responseBody, truncated, location, failure } = exchange;
  return {
    ...exchange,
    responseBody: mask.text(responseBody, truncated),
    location: location === null ? null : mask.text(location),
    failure: failure === null ? null : { ...failure, message: mask.text(failure.message) },
  };
}

/** A name that resolved to an address which this process does not allow. */
async function leftToOthers({ partner, endpoint }: Job, tools: AttemptTools): Promise<boolean> {
  return tools.refuse(partner, targetName(new URL(endpoint.template!.origin)));
}

/** Why nothing may be sent, or null. The transport checks the address again when it dials. */
function guard({ delivery, endpoint }: Job, nowMs: number): Reason | null {
  if (isExpired(endpoint.policy, delivery, nowMs)) return "expired";
  return endpoint.refusal === null ? null : "target_refused";
}

/** What a request is made of: a job, or as much of one as somebody wants to see the request of. */
export interface Renderable {
  readonly delivery: Pick<
    DueDelivery,
    "id" | "eventId" | "type" | "schemaVersion" | "occurredAt" | "acceptedAtMs" | "dataText" | "item"
  >;
  readonly partner: Pick<DispatchPartner, "id">;
  readonly endpoint: Pick<DispatchEndpoint, "id" | "template" | "fanOut">;
  readonly n: number;
}

/** The request's parts from the template, or why there are none; nothing of it is signed yet. */
export function render(job: Renderable) {
  const item = itemOf(job.endpoint.fanOut, job.delivery);
  if (item?.ok === false) return item;
  return renderTemplate(job.endpoint.template!, factsOf(job, item));
}

/** What the answer means: by the endpoint's rules if it has any, else by its status. */
export function judgeAnswer(job: Job, exchange: Exchange): Judgement {
  return judge(job.endpoint.verdicts, exchange, () => factsOf(job, null));
}

/** What macros stand for. */
function factsOf({ delivery, partner, endpoint, n }: Renderable, item: ItemFacts | null): PostbackFacts {
  const facts = {
    eventId: delivery.eventId,
    deliveryId: delivery.id,
    type: delivery.type,
    schemaVersion: delivery.schemaVersion,
    occurredAt: delivery.occurredAt,
    acceptedAt: new Date(delivery.acceptedAtMs).toISOString(),
    partner: partner.id,
    endpoint: endpoint.id,
    attempt: n,
    dataText: delivery.dataText,
  };
  return item === null ? facts : { ...facts, item };
}

// JSON first: without this header some frameworks answer errors with a page or a redirect.
const accept = ["accept", "application/json, */*;q=0.8"] as const;
// A partner's answer is kept as text: without this header any coding is allowed (RFC 9110, 12.5.3).
const acceptEncoding = ["accept-encoding", "identity"] as const;

/** The request to send: signed with the time of the attempt, so that a retry after hours is as fresh as the first. */
export function sign(
  job: Job,
  rendered: RenderedPostback,
  userAgent: string,
  nowMs: number,
): PostbackRequest {
  const { delivery, partner, endpoint } = job;
  const timestampSeconds = Math.floor(nowMs / 1_000);
  const signature = partner.signer.sign(
    delivery.id,
    timestampSeconds,
    rendered.body ?? "",
    endpoint.signing,
    nowMs,
  );
  return {
    method: endpoint.template!.method,
    url: rendered.url,
    headers: headersOf(delivery.id, rendered, { timestampSeconds, signature, userAgent }),
    body: rendered.body,
    ...endpoint.exchange,
  };
}

/** All headers of a request. `signature` null: it has none. */
export function headersOf(
  deliveryId: string,
  rendered: RenderedPostback,
  own: { readonly timestampSeconds: number; readonly signature: string | null; readonly userAgent: string },
): PostbackRequest["headers"] {
  const { timestampSeconds, signature, userAgent } = own;
  const headers: (readonly [string, string])[] = [
    ["webhook-id", deliveryId],
    ["webhook-timestamp", String(timestampSeconds)],
  ];
  if (signature !== null) headers.push(["webhook-signature", signature]);
  if (rendered.contentType !== null) headers.push(["content-type", rendered.contentType]);
  const chosen = rendered.headers;
  if (!isSet(chosen, "user-agent")) headers.push(["user-agent", userAgent]);
  if (!isSet(chosen, "accept")) headers.push(accept);
  if (!isSet(chosen, "accept-encoding")) headers.push(acceptEncoding);
  for (const header of chosen) headers.push(header);
  return headers;
}

function isSet(headers: readonly (readonly [string, string])[], name: string): boolean {
  for (const header of headers) if (header[0] === name) return true;
  return false;
}

function decideFor(
  { delivery, endpoint }: Job,
  verdict: Verdict,
  retryAfter: string | null,
  nowMs: number,
  random: number,
): Decision {
  return decide(endpoint.policy, delivery, verdict, retryAfterMs(retryAfter, nowMs), nowMs, random);
}

/** A delivery that the guard stopped: expired for good, or a refused target, which somebody may mend. */
function stopBeforeSending(job: Job, reason: Reason, tools: AttemptTools, nowMs: number): Attempted {
  if (reason === "expired") return finishUnsent("expired", "its time ran out before it could be sent", nowMs);
  const error = `target_refused: ${job.endpoint.refusal}`;
  const verdict: Verdict = { kind: "client_error", reason: "target_refused", error };
  return {
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    exchange: null,
    verdict,
    decision: decideFor(job, verdict, null, nowMs, tools.random()),
    error,
  };
}

/**
 * A delivery that cannot be signed as its endpoint asks. It waits: no step of its ladder is spent, and the endpoint is
 * paused until the partner has a key. With fewer signatures it would look forged, or be accepted unchecked.
 */
function waitForKey(scheme: Scheme, nowMs: number): Attempted {
  const error = missingKeyError(scheme);
  const verdict: Verdict = { kind: "unsignable", scheme, error };
  const decision: Decision = { kind: "pause_endpoint", dueAtMs: nowMs };
  const times = { startedAtMs: nowMs, endedAtMs: nowMs };
  return { ...times, exchange: null, verdict, decision, error, spendsNoStep: true };
}

/**
 * A delivery whose endpoint uses a secret or constant that its partner does not have. It waits as one without a key does.
 */
function waitForLack(lack: Lack, nowMs: number): Attempted {
  const error = lackError(lack);
  const verdict: Verdict = { kind: "lacking", lack, error };
  const decision: Decision = { kind: "pause_endpoint", dueAtMs: nowMs };
  const times = { startedAtMs: nowMs, endedAtMs: nowMs };
  return { ...times, exchange: null, verdict, decision, error, spendsNoStep: true };
}

/** Why nothing is sent to an endpoint whose scheme has no live key. */
export const missingKeyError = (scheme: Scheme): string =>
  `signing_key_missing: the endpoint asks for ${scheme} and the partner has no live ${scheme} key`;

function finishUnsent(reason: Reason, message: string, nowMs: number): Attempted {
  return {
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    exchange: null,
    verdict: null,
    decision: finish(reason),
    error: `${reason}: ${message}`,
  };
}

/** Nothing could be sent, because this process lacks something: the endpoint waits, and no step of a ladder is spent. */
function waitForProcess(job: Job, error: string, { clock, ownFaults }: AttemptTools): Attempted {
  const now = clock.now();
  return putBack(job, error, now, now, now + ownFaults.report(error, lackWaits));
}

/**
 * An attempt that a fault in Postrider itself broke. Only this delivery waits: the next one may be good, and this one
 * ends with its expiry at the latest.
 */
export function putBackBroken(job: Job, error: unknown, { clock, ownFaults }: AttemptTools): Attempted {
  const now = clock.now();
  const dueAtMs = now + ownFaults.report("a fault in Postrider", faultWaits, error);
  return putBack(job, "internal: a fault in Postrider; its log has the details", now, dueAtMs, null);
}

function putBack(
  { delivery }: Job,
  error: string,
  nowMs: number,
  dueAtMs: number,
  holdEndpointUntilMs: number | null,
): Attempted {
  return {
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    exchange: null,
    verdict: null,
    decision: { kind: "retry", dueAtMs, clientErrors: delivery.clientErrors, holdEndpointUntilMs },
    error,
    putBack: true,
  };
}
