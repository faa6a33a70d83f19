import { checkTargetUrl, type AllowedTargets, unlistedTargets } from "../core/target.ts";
import { parseDurationMs } from "../core/duration.ts";
import type { ListPath } from "../core/fan-out.ts";
import { type ExchangeSettings, readExchangeSettings } from "../core/exchange-settings.ts";
import { PostriderError } from "../core/errors.ts";
import type { CircuitPolicy } from "../core/breaker.ts";
import { type Rate, rateOf } from "../core/rate-limit.ts";
import { type EndpointDocument, endpointDefaults, type RetryDocument } from "../core/documents.ts";
import type { RetryPolicy } from "../core/retry-policy.ts";
import type { Lack } from "../core/lack.ts";
import { createMask, type Mask } from "../core/mask.ts";
import {
  type CompileOptions,
  type CompileResult,
  compileTemplate,
  readListPath,
  type Template,
} from "../core/template/index.ts";
import { type CompiledVerdicts, compileVerdicts } from "../core/verdicts/index.ts";
import type { PartnerSettings } from "../ports/ledger.ts";
import { createSigner, type Signer } from "./signer.ts";

const none: ReadonlySet<string> = new Set();
const noTexts: ReadonlyMap<string, string> = new Map();

/** An endpoint as an attempt uses it, compiled once per version of its partner. */
export interface DispatchEndpoint {
  readonly endpointNo: number;
  readonly id: string;
  readonly version: number;
  /** Null if the stored document no longer compiles; `refusal` says why. */
  readonly template: Template | null;
  /** Set if one request is sent for each item of this list. */
  readonly fanOut: ListPath | null;
  /** Why nothing may be sent to it, in words, or null. */
  readonly refusal: string | null;
  /** Rules on its answers; null: the status decides. */
  readonly verdicts: CompiledVerdicts | null;
  /** What it uses of its partner and the partner does not have, or null. Nothing is sent to it until that is there. */
  readonly lack: Lack | null;
  readonly policy: RetryPolicy;
  readonly exchange: ExchangeSettings;
  readonly signing: readonly ("v1" | "v1a")[];
  readonly circuitPolicy: CircuitPolicy;
  /** Moves on when an operator resumes the endpoint or its URL changes: what was known of its circuit is void then. */
  readonly circuitNo: number;
}

/** A partner as a turn uses it. */
export interface DispatchPartner {
  readonly partnerNo: number;
  readonly id: string;
  readonly version: number;
  readonly rate: Rate | null;
  readonly maxInFlight: number;
  readonly signer: Signer;
  /** Hides its secrets in what it answers. Null if it has none: then nothing has to be looked at. */
  readonly mask: Mask | null;
  readonly endpoints: ReadonlyMap<number, DispatchEndpoint>;
  /** Scheme, host and port of the enabled endpoints. */
  readonly origins: readonly string[];
  /** True if a target of theirs is refused here only because this process's list does not name it. */
  readonly unlisted: boolean;
}

/** What a process lacks by its own settings: a master key, or targets in its list of allowed ones. */
type ProcessLack =
  | { readonly key: { readonly keyId: string | null; readonly error: PostriderError } }
  | { readonly targets: readonly string[] };

/** A partner that this process cannot serve by its own settings, and leaves to others. */
export class LeftToOthers extends Error {
  readonly partner: string;
  readonly key: { readonly keyId: string | null } | undefined;
  readonly targets: readonly string[] | undefined;

  constructor(partner: string, lack: ProcessLack) {
    super(
      `The partner ${partner} is left to other processes.`,
      "key" in lack ? { cause: lack.key.error } : {},
    );
    this.partner = partner;
    this.key = "key" in lack ? { keyId: lack.key.keyId } : undefined;
    this.targets = "targets" in lack ? lack.targets : undefined;
  }
}

/**
 * Compiles stored settings. An endpoint whose template cannot be used says so, and the others go on.
 *
 * @throws PostriderError `secret_unreadable`; errors of `parseSecret`, for keys that passed no edge's check
 */
export function compilePartner(settings: PartnerSettings, allowedTargets: AllowedTargets): DispatchPartner {
  if (settings.unreadable) throw settings.unreadable.error;
  const texts = {
    secrets: settings.secrets ?? noTexts,
    constants: settings.constants === undefined ? noTexts : new Map(Object.entries(settings.constants)),
  };
  const compiled = settings.endpoints.map((endpoint) => ({
    enabled: endpoint.document.enabled,
    endpoint: compileEndpoint(endpoint, texts, settings.maxInFlight, allowedTargets),
  }));
  const origins = compiled.flatMap(({ enabled, endpoint }) => (enabled && endpoint.template?.origin) || []);
  return {
    partnerNo: settings.partnerNo,
    id: settings.id,
    version: settings.version,
    rate: rateOf(settings.ratePerSecond, settings.burst),
    maxInFlight: settings.maxInFlight,
    signer: createSigner(settings.keys),
    mask: createMask(
      texts.secrets,
      compiled.flatMap(({ endpoint }) => endpoint.template?.madeOfSecrets ?? []),
    ),
    endpoints: new Map(compiled.map(({ endpoint }) => [endpoint.endpointNo, endpoint])),
    origins,
    unlisted: unlistedTargets(origins, allowedTargets, none).length > 0,
  };
}

function compileEndpoint(
  { endpointNo, id, version, circuitNo = 0, document }: PartnerSettings["endpoints"][number],
  texts: Required<Pick<CompileOptions, "secrets" | "constants">>,
  maxInFlight: number,
  allowedTargets: AllowedTargets,
): DispatchEndpoint {
  const { fault, ...policies } = compilePolicies(document, maxInFlight);
  const { compiled, lack } = compileWith(texts, document);
  const template = compiled.ok ? compiled.template : null;
  const verdicts = compileVerdicts(document);
  // The list of allowed targets may have changed since the document was stored.
  const target = template && checkTargetUrl(template.origin, allowedTargets);
  return {
    endpointNo,
    id,
    version,
    template,
    fanOut: parseListPath(document.fan_out),
    refusal: compiled.ok
      ? target?.ok === false
        ? target.message
        : (fault ?? (verdicts.ok ? null : (verdicts.issues[0]?.message ?? "a verdict rule does not compile")))
      : (compiled.issues[0]?.message ?? "the template does not compile"),
    verdicts: verdicts.ok ? verdicts.verdicts : null,
    lack,
    ...policies,
    signing: document.signing,
    circuitNo,
  };
}

/**
 * Where the items of an endpoint's `fan_out` stand; null without one. A path that passed no edge's check is an issue of the
 * template, and refuses the endpoint.
 */
export function parseListPath(text: string | null): ListPath | null {
  const segments = text === null ? null : readListPath(text, () => {});
  return segments && { text: text!, segments };
}

/**
 * The template with the partner's own texts, and what is missing of these. A constant that was taken out of the partner's
 * document is a lack as a secret is: somebody mends it, so it must not cost the deliveries their retries.
 */
function compileWith(
  texts: Required<Pick<CompileOptions, "secrets" | "constants">>,
  document: EndpointDocument,
): { readonly compiled: CompileResult; readonly lack: Lack | null } {
  const compiled = compileTemplate(document, texts);
  if (compiled.ok) {
    const [name] = compiled.template.missingSecrets;
    return { compiled, lack: name === undefined ? null : { kind: "secret", name } };
  }
  if (compiled.issues.some(({ code }) => code !== "unknown_constant")) return { compiled, lack: null };
  // Never rendered while it lacks something.
  const unfilled = compileTemplate(document);
  const name = unfilled.ok ? neededConstant(unfilled.template.constants, texts, document) : undefined;
  return name === undefined
    ? { compiled, lack: null }
    : { compiled: unfilled, lack: { kind: "constant", name } };
}

/** The first constant that is missing and without which the template does not compile: not one with a default. */
function neededConstant(
  used: readonly string[],
  texts: Required<Pick<CompileOptions, "secrets" | "constants">>,
  document: EndpointDocument,
): string | undefined {
  const missing = used.filter((name) => !texts.constants.has(name));
  return missing.find((name) => {
    const others = missing.filter((one) => one !== name).map((one) => [one, "any"] as const);
    return !compileTemplate(document, { ...texts, constants: new Map([...texts.constants, ...others]) }).ok;
  });
}

/** Policies of a document. A duration that passed no edge's check makes its endpoint unusable, not the whole partner. */
function compilePolicies(
  document: EndpointDocument,
  maxInFlight: number,
): Policies & { readonly fault: string | null } {
  try {
    return { ...policiesOf(document, maxInFlight), fault: null };
  } catch (error) {
    if (!(error instanceof PostriderError)) throw error;
    return { ...policiesOf(endpointDefaults, maxInFlight), fault: error.message };
  }
}

type Policies = Pick<DispatchEndpoint, "policy" | "exchange" | "circuitPolicy">;

const policiesOf = (document: Omit<EndpointDocument, "url" | "body">, maxInFlight: number): Policies => ({
  policy: compileRetryPolicy(document.retry),
  exchange: readExchangeSettings(document),
  circuitPolicy: compileCircuitPolicy(document, maxInFlight),
});

/** @throws PostriderError `invalid_duration` */
export function compileCircuitPolicy(
  { breaker, disable_after }: Pick<EndpointDocument, "breaker" | "disable_after">,
  maxInFlight: number,
): CircuitPolicy {
  return {
    breaker: breaker && {
      consecutiveFailures: breaker.consecutive_failures,
      failureRatio: breaker.failure_ratio,
      windowMs: parseDurationMs(breaker.window),
      minimum: breaker.minimum,
      firstWaitMs: parseDurationMs(breaker.first_wait),
      longestWaitMs: parseDurationMs(breaker.longest_wait),
    },
    disableAfterMs: disable_after === null ? null : parseDurationMs(disable_after),
    rampTo: maxInFlight,
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
