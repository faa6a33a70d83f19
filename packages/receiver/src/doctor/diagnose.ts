import {
  checkFreshness,
  type HeaderPrefix,
  type HeaderSource,
  isProtocolError,
  type RawBody,
  readHeaders,
} from "@postrider/protocol";
import { systemNow } from "../clock.ts";
import type { SecretInput } from "../key-source.ts";
import { verify, type VerifyOptions } from "../verify.ts";
import { diagnoseBody, type Fits } from "./body-findings.ts";
import type { Diagnosis, Finding } from "./finding.ts";
import { inspectHeaders } from "./header-findings.ts";
import { inspectSecrets, type NamedSecret } from "./secret-findings.ts";

/** What the doctor may know besides. */
export interface DiagnoseOptions extends VerifyOptions {
  /** Other secrets of yours by a label to print, for example per endpoint: tells which one was used. */
  knownSecrets?: Readonly<Record<string, SecretInput>>;
}

const anyAgeSeconds = 1e12;

/**
 * Says why a message does not verify, and what to change. For support, tests and test mode; not for the hot path:
 * it tries up to some thousand ways in which a body may have been changed.
 *
 * Findings hold no secret, no signature and nothing of the body. Never rejects for what was received.
 *
 * @param rawBody what you gave to `verify`, whatever it is
 * @example
 * ```ts
 * const { findings } = await diagnose(rawBody, headers, { secrets, knownSecrets: { staging } });
 * findings[0]?.message; // The body was parsed and written again: it differs in whitespace, …
 * ```
 */
export async function diagnose(
  rawBody: unknown,
  headers: HeaderSource,
  options: DiagnoseOptions,
): Promise<Diagnosis> {
  const { now = systemNow(), headerPrefix = "webhook-" } = options;
  const given = Array.isArray(options.secrets)
    ? (options.secrets as readonly SecretInput[])
    : [options.secrets as SecretInput];
  const own = await inspectSecrets(
    given.map((input, index) => [`secrets[${index}]`, input] as const),
    now,
  );
  const others = await inspectSecrets(Object.entries(options.knownSecrets ?? {}), now);
  const header = inspectHeaders(headers, headerPrefix);

  const fits: Fits = (body) =>
    firstFit(body, header.usable, [...own.named, ...others.named], now, headerPrefix);
  const signature: Finding[] = [];
  if (header.usable !== undefined) {
    const body = await diagnoseBody(rawBody, headers, fits);
    signature.push(...body.findings);
    if (body.fit !== undefined && !own.named.includes(body.fit))
      signature.push(anotherSecret(body.fit.label));
    const scheme = schemeFinding(header.usable, headerPrefix, [...own.named, ...others.named]);
    if (scheme !== undefined) signature.splice(0, signature.length, scheme);
    signature.push(...clockFindings(header.usable, options, now));
  } else if (typeof rawBody !== "string" && !(rawBody instanceof Uint8Array)) {
    signature.push(...(await diagnoseBody(rawBody, headers, fits)).findings);
  }
  const findings = [...own.findings, ...header.findings, ...signature];
  return {
    verified: findings.length === 0,
    findings: own.findings.length > 0 ? withoutGuess(findings) : findings,
  };
}

/** Where a secret cannot even be read, "no signature matches" says nothing more. */
function withoutGuess(findings: readonly Finding[]): Finding[] {
  const guesses = new Set<string>(["signature_mismatch", "body_empty", "secret_of_another_endpoint"]);
  return findings.filter(({ cause }) => !guesses.has(cause));
}

async function firstFit(
  body: RawBody,
  headers: HeaderSource | undefined,
  named: readonly NamedSecret[],
  now: Date,
  headerPrefix: HeaderPrefix,
): Promise<NamedSecret | undefined> {
  if (headers === undefined || named.length === 0) return undefined;
  const secrets = named.map(({ secret }) => secret);
  try {
    const { secretIndex } = await verify(body, headers, {
      secrets,
      now,
      toleranceSeconds: anyAgeSeconds,
      headerPrefix,
    });
    return named[secretIndex];
  } catch (error) {
    if (isProtocolError(error)) return undefined;
    throw error;
  }
}

function anotherSecret(label: string): Finding {
  const message = `The signature was made with the secret "${label}", which is not among those given: it is another endpoint's, another environment's, or one from before a rotation.`;
  return { cause: "secret_of_another_endpoint", message, details: { label } };
}

function schemeFinding(
  headers: HeaderSource,
  prefix: HeaderPrefix,
  named: readonly NamedSecret[],
): Finding | undefined {
  const { offered } = readHeaders(headers, prefix).signatures;
  const checkable = [...new Set(named.map(({ secret }) => secret.scheme as string))];
  if (checkable.length === 0 || offered.some((scheme) => checkable.includes(scheme))) return undefined;
  const message = `The message is signed as ${offered.join(", ")} and the secrets check ${checkable.join(", ")}: v1 needs a whsec_, v1a needs a whpk_.`;
  return { cause: "signature_scheme_unmatched", message, details: { offered, checkable } };
}

function clockFindings(headers: HeaderSource, options: DiagnoseOptions, now: Date): Finding[] {
  const { toleranceSeconds = 300 } = options;
  try {
    checkFreshness(readHeaders(headers, options.headerPrefix).timestampSeconds, { now, toleranceSeconds });
    return [];
  } catch (error) {
    if (!isProtocolError(error) || (error.code !== "timestamp_too_old" && error.code !== "timestamp_too_new"))
      throw error;
    const { skewSeconds } = error.fields;
    const words =
      error.code === "timestamp_too_old"
        ? `This machine's clock is ${skewSeconds} s ahead of the timestamp: it runs fast, the sender's runs slow, or the request was held or replayed`
        : `This machine's clock is ${skewSeconds} s behind the timestamp: it runs slow, or the sender's runs fast`;
    const message = `${words}. Set clocks by NTP; the tolerance is ${toleranceSeconds} s.`;
    return [
      { cause: "clock_off", message, details: { skewSeconds, toleranceSeconds, direction: error.code } },
    ];
  }
}
