import { type HeaderPrefix, isProtocolError, readHeaders } from "@postrider/protocol";
import { diagnose, type Finding, verify } from "@postrider/receiver";
import { CliError } from "../exit.ts";
import type { LabelledSecret } from "./secrets.ts";

/** A received request, and what to hold it against. */
export interface Captured {
  readonly body: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
  readonly secrets: readonly LabelledSecret[];
  readonly knownSecrets: Readonly<Record<string, string>>;
  readonly now: Date;
  readonly toleranceSeconds: number;
  readonly headerPrefix: HeaderPrefix;
}

/** What is said of it, in the form of `--json`. Holds no secret and no signature. */
export type Verdict =
  | {
      readonly valid: true;
      readonly id: string;
      readonly signed_at: string;
      readonly scheme: "v1" | "v1a";
      /** The label of the secret that fitted. */
      readonly secret: string;
    }
  | { readonly valid: false; readonly findings: readonly Finding[] };

/** Verifies, and where that fails asks the doctor why. */
export async function verdictOn(captured: Captured): Promise<Verdict> {
  const { body, headers, now, toleranceSeconds, headerPrefix, knownSecrets } = captured;
  const options = {
    secrets: captured.secrets.map(({ text }) => text),
    now,
    toleranceSeconds,
    headerPrefix,
  };
  const diagnosis = await diagnose(body, headers, { ...options, knownSecrets });
  if (!diagnosis.verified)
    return { valid: false, findings: diagnosis.findings.map((finding) => named(finding, captured.secrets)) };
  const { id, timestampSeconds, scheme, secretIndex } = await verify(body, headers, options);
  const signedAt = new Date(timestampSeconds * 1000).toISOString();
  return { valid: true, id, signed_at: signedAt, scheme, secret: captured.secrets[secretIndex]?.label ?? "" };
}

/** The doctor calls secrets by their place; here they have names. */
function named(finding: Finding, secrets: readonly LabelledSecret[]): Finding {
  const inWords = (text: string): string =>
    text.replace(/secrets\[(\d+)\]/g, (all, index) => secrets[Number(index)]?.label ?? all);
  const { label } = finding.details;
  return {
    ...finding,
    message: inWords(finding.message),
    details: typeof label === "string" ? { ...finding.details, label: inWords(label) } : finding.details,
  };
}

/**
 * The time to verify at: now, the one named, or that of the message itself.
 *
 * @throws CliError `usage`
 */
export function momentOf(
  at: string | undefined,
  nowMs: number,
  headers: Captured["headers"],
  headerPrefix: HeaderPrefix,
): Date {
  if (at === undefined) return new Date(nowMs);
  if (at === "signed") return signedAt(headers, headerPrefix) ?? new Date(nowMs);
  const seconds = /^\d{9,11}$/.test(at) ? Number(at) * 1000 : Date.parse(at);
  if (Number.isNaN(seconds))
    throw new CliError("usage", `--at ${at} is not a time.`, {
      hint: "Write 2026-01-31T10:00:00Z, seconds since 1970, or signed.",
    });
  return new Date(seconds);
}

/** Undefined where the headers do not tell: the doctor then says why. */
function signedAt(headers: Captured["headers"], headerPrefix: HeaderPrefix): Date | undefined {
  try {
    return new Date(readHeaders(headers, headerPrefix).timestampSeconds * 1000);
  } catch (error) {
    if (isProtocolError(error)) return undefined;
    throw error;
  }
}
