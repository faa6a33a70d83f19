import { validateHeaderName, validateHeaderValue } from "node:http";
import type { BehaviourKind } from "./behaviour.ts";

/** What a field of a step must be: `accepts` decides, `words` completes "must be …". */
export interface FieldRule {
  accepts: (value: unknown) => boolean;
  words: string;
  required?: true;
}

const longestMs = 24 * 3_600_000;

const wholeNumber = (least: number, most: number): FieldRule => ({
  accepts: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  words: `a whole number from ${least} to ${most}`,
});
const oneOf = (...values: string[]): FieldRule => ({
  accepts: (value) => typeof value === "string" && values.includes(value),
  words: values.map((value) => `"${value}"`).join(" or "),
});
const required = (rule: FieldRule): FieldRule => ({ ...rule, required: true });

const status = wholeNumber(200, 599);
const body: FieldRule = { accepts: (value) => typeof value === "string", words: "a string" };
const waitMs = wholeNumber(0, longestMs);
const headers: FieldRule = {
  accepts: isHeaders,
  words: "an object of header names and values without line breaks",
};
const answer = { status, body, headers };
const location: FieldRule = { accepts: isLocation, words: "a string that can stand in a header" };

/** The fields every step may have. */
export const reachFields: Record<string, FieldRule> = {
  times: wholeNumber(1, 1_000_000_000),
  each: oneOf("request", "delivery"),
};

/** The fields of each kind of behaviour, beside {@link reachFields}. */
export const behaviourFields: Record<BehaviourKind, Record<string, FieldRule>> = {
  ok: answer,
  status: { ...answer, status: required(status) },
  slow: { ...answer, delay_ms: required(waitMs) },
  slow_body: { status, interval_ms: wholeNumber(1, longestMs), duration_ms: waitMs },
  endless_body: { status },
  reset: {},
  reset_body: { status },
  redirect: { location: required(location), status: wholeNumber(300, 399) },
  rate_limit: {
    retry_after_ms: waitMs,
    retry_after_form: oneOf("seconds", "date"),
    per_second: wholeNumber(1, 1_000_000),
    burst: wholeNumber(1, 1_000_000),
  },
  garbage: {},
  nul_body: { status },
  hang: {},
  close: {},
};

function isLocation(value: unknown): boolean {
  return typeof value === "string" && value !== "" && passes(() => validateHeaderValue("location", value));
}

function isHeaders(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, text]) =>
      typeof text === "string" &&
      passes(() => {
        validateHeaderName(name);
        validateHeaderValue(name, text);
      }),
  );
}

function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
