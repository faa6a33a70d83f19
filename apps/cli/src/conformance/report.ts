import { type Output, say } from "../context.ts";
import { type Tone, tone } from "../render/colour.ts";
import { pad, plain } from "../render/text.ts";
import type { CheckResult, Conformance } from "./run.ts";

const marks: Record<CheckResult["outcome"], readonly [string, Tone]> = {
  pass: ["ok", "good"],
  fail: ["FAIL", "bad"],
  skipped: ["skip", "quiet"],
};
const idWidth = 22;

/** One check as a line, and under a failure what was sent, what was expected and what to change. */
export function sayResult(out: Output, result: CheckResult): void {
  const [mark, paint] = marks[result.outcome];
  const shown = result.outcome === "fail" && result.severity === "should" ? "warn" : mark;
  const colour: Tone = shown === "warn" ? "warning" : paint;
  const level = pad(result.severity, 6);
  say(
    out,
    `${tone(out, colour, pad(shown, 4))}  ${level}  ${pad(result.id, idWidth)}  ${plain(result.came)}`,
  );
  if (result.outcome !== "fail") return;
  say(out, `      sent: ${plain(result.sent)}; expected: ${plain(result.expected)}`);
  if (result.fix !== undefined) say(out, `      fix:  ${plain(result.fix)}`);
}

/** How it came out. */
export function saySummary(out: Output, { ok, passed, failed, skipped, checks }: Conformance): void {
  const musts = checks.filter(({ outcome, severity }) => outcome === "fail" && severity === "must").length;
  say(out);
  say(out, `${passed} passed, ${failed} failed (${musts} of them "must"), ${skipped} skipped.`);
  say(
    out,
    ok
      ? tone(out, "good", "This endpoint can receive. Check in its own records that it acts once per id.")
      : tone(out, "bad", "This endpoint is not ready: correct what is marked FAIL."),
  );
}
