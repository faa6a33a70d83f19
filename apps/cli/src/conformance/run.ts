import type { Check, Judgement, Probe, Severity } from "./check.ts";
import { checks, validCheck } from "./checks/index.ts";

/** One line of the report. */
export interface CheckResult {
  readonly id: string;
  readonly outcome: "pass" | "fail" | "skipped";
  readonly severity: Severity;
  readonly sent: string;
  readonly expected: string;
  readonly came: string;
  readonly fix?: string;
}

/** A whole run, in the form of `--json`. */
export interface Conformance {
  readonly url: string;
  readonly method: string;
  /** False if anything that must hold does not. */
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly checks: readonly CheckResult[];
}

/** Nobody listens there: nothing can be said of the endpoint. */
export interface Unreachable {
  readonly unreachable: string;
}

const noListener = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b/;

/** Runs every check, one after the other; calls back after each. Ends at once where nobody listens. */
export async function runChecks(
  target: { readonly url: string; readonly method: string },
  probe: Probe,
  onResult: (result: CheckResult) => void,
): Promise<Conformance | Unreachable> {
  const results: CheckResult[] = [];
  const add = (result: CheckResult): void => {
    results.push(result);
    onResult(result);
  };
  const first = await probe.send(await probe.message());
  if (first.fault !== null && noListener.test(first.fault)) return { unreachable: first.fault };
  add(resultOf(validCheck, validCheck.judge(first)));
  const refusesAll = results[0]?.outcome === "fail";
  for (const check of checks) {
    const skipped = refusesAll
      ? "the valid message was not accepted, so this check would prove nothing"
      : check.needsBody === true && target.method === "GET"
        ? "a GET has no body"
        : undefined;
    add(skipped === undefined ? resultOf(check, await check.run(probe)) : skippedResult(check, skipped));
  }
  const count = (outcome: CheckResult["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  return {
    url: target.url,
    method: target.method,
    ok: !results.some(({ outcome, severity }) => outcome === "fail" && severity === "must"),
    passed: count("pass"),
    failed: count("fail"),
    skipped: count("skipped"),
    checks: results,
  };
}

function resultOf(check: Omit<Check, "run">, judgement: Judgement): CheckResult {
  const { id, sent, expected } = check;
  const severity = judgement.severity ?? check.severity;
  const { outcome, came, fix } = judgement;
  return {
    id,
    outcome,
    severity,
    sent,
    expected,
    came,
    ...(outcome === "fail" && fix !== undefined && { fix }),
  };
}

function skippedResult({ id, severity, sent, expected }: Check, reason: string): CheckResult {
  return { id, outcome: "skipped", severity, sent, expected, came: reason };
}
