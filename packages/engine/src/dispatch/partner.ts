import { checkTargetUrl, type AllowedTargets } from "../core/target.ts";
import { parseDurationMs } from "../core/duration.ts";
import { type Rate, rateOf } from "../core/rate-limit.ts";
import type { RetryDocument } from "../core/documents.ts";
import type { RetryPolicy } from "../core/retry-policy.ts";
import { compileTemplate, type Template } from "../core/template/index.ts";
import type { PartnerSettings } from "../ports/ledger.ts";
import { createSigner, type Signer } from "./signer.ts";

/** An endpoint as an attempt uses it, compiled once per version of its partner. */
export interface DispatchEndpoint {
  readonly endpointNo: number;
  readonly id: string;
  readonly version: number;
  /** Null where the stored document no longer compiles; `refusal` says why. */
  readonly template: Template | null;
  /** Why nothing may be sent to it, in words, or null. */
  readonly refusal: string | null;
  readonly policy: RetryPolicy;
  readonly timeoutMs: number;
  readonly signing: readonly ("v1" | "v1a")[];
}

/** A partner as a turn uses it. */
export interface DispatchPartner {
  readonly partnerNo: number;
  readonly id: string;
  readonly version: number;
  readonly rate: Rate | null;
  readonly maxInFlight: number;
  readonly signer: Signer;
  readonly endpoints: ReadonlyMap<number, DispatchEndpoint>;
}

/**
 * Compiles stored settings. An endpoint whose template cannot be used says so, and the others go on.
 *
 * @throws PostriderError `invalid_duration` and errors of `parseSecret`, for settings that passed no edge's check
 */
export function compilePartner(settings: PartnerSettings, allowedTargets: AllowedTargets): DispatchPartner {
  return {
    partnerNo: settings.partnerNo,
    id: settings.id,
    version: settings.version,
    rate: rateOf(settings.ratePerSecond, settings.burst),
    maxInFlight: settings.maxInFlight,
    signer: createSigner(settings.keys),
    endpoints: new Map(
      settings.endpoints.map((endpoint) => [endpoint.endpointNo, compileEndpoint(endpoint, allowedTargets)]),
    ),
  };
}

function compileEndpoint(
  { endpointNo, id, version, document }: PartnerSettings["endpoints"][number],
  allowedTargets: AllowedTargets,
): DispatchEndpoint {
  const compiled = compileTemplate(document);
  const template = compiled.ok ? compiled.template : null;
  // The list of allowed targets may have changed since the document was stored.
  const target = template && checkTargetUrl(template.origin, allowedTargets);
  return {
    endpointNo,
    id,
    version,
    template,
    refusal: compiled.ok
      ? target?.ok === false
        ? target.message
        : null
      : (compiled.issues[0]?.message ?? "the template does not compile"),
    policy: compileRetryPolicy(document.retry),
    timeoutMs: parseDurationMs(document.timeout),
    signing: document.signing,
  };
}

/** @throws PostriderError `invalid_duration` */
export function compileRetryPolicy(retry: RetryDocument): RetryPolicy {
  return {
    scheduleMs: retry.schedule.map(parseDurationMs),
    clientErrorScheduleMs: retry.client_error_schedule.map(parseDurationMs),
    jitter: retry.jitter,
    expiresAfterMs: parseDurationMs(retry.expires_after),
    retryAfterMaxMs: parseDurationMs(retry.retry_after_max),
  };
}
