/** The forms of values that several keys have, each with the words of its error. */
import { z } from "zod";
import { durationPattern, readDurationMs } from "../duration.ts";
import { isObject } from "../is-object.ts";
import { eventPatternForm, instantForm, nameForm } from "../patterns.ts";

/** A number within bounds. */
export const number = (min: number, max: number) =>
  z
    .number({ error: `must be a number from ${min} to ${max}` })
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);

/** A whole number within bounds. */
export const whole = (min: number, max: number) =>
  z
    .int({ error: `must be a whole number from ${min} to ${max}` })
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);

/** A number and a unit, however large. */
const anyDuration = /^\d+(\.\d{1,3})?(ms|s|m|h|d)$/;

/**
 * A duration text within bounds.
 *
 * @param minMs the shortest, in milliseconds
 * @param maxMs the longest, in milliseconds
 * @param bounds the two in words, for the error: "from 1s to 1h"
 */
export const durationText = (minMs: number, maxMs: number, bounds: string) =>
  z
    .string({ error: "must be a duration text with a unit, such as 250ms, 5s or 2h" })
    .superRefine((text, context) => {
      const ms = readDurationMs(text);
      if (ms !== null && ms >= minMs && ms <= maxMs) return;
      const message = anyDuration.test(text)
        ? `must be ${bounds}`
        : "must be a duration with a unit: 250ms, 5s, 10m, 2h, 3d, with at most 3 digits after the point";
      context.addIssue({ code: "custom", message });
    })
    .meta({ pattern: durationPattern });

/** A point in time, of which the engine checks more than the pattern says. */
export const instant = z.string().meta({ format: "date-time", pattern: instantForm.source });

export const yearMs = 365 * 86_400_000;

/** The wait before an attempt. */
export const wait = durationText(0, yearMs, "at most 365d");

/** Waits, one after the other. */
export const ladder = z
  .array(wait, { error: "must be a list of durations" })
  .max(50, "must have at most 50 entries");

/** The event types that an endpoint takes. */
export const eventPattern = z
  .string({ error: "must be an event type, prefix.* or *" })
  .max(100, "must have at most 100 characters")
  .regex(
    eventPatternForm,
    "must be an event type such as conversion.approved, a prefix such as conversion.*, or *",
  );

/** The schemes of `webhook-signature`. */
export const signatureScheme = z.enum(["v1", "v1a"], { error: "must be v1 or v1a" });

/** The most constants, and the most secrets, that a partner may have. */
export const mostNames = 50;

const longestConstant = 4_000;

/** Names and texts that templates write as `{const.name}`. Each key is looked at, `__proto__` too: zod's records drop it. */
export const constants = z
  .custom<Readonly<Record<string, string>>>(isObject, {
    error: "must be an object of names and texts",
  })
  .superRefine((given, context) => {
    const entries = Object.entries(given);
    if (entries.length > mostNames)
      context.addIssue({ code: "custom", message: `must have at most ${mostNames} entries` });
    for (const [name, value] of entries.slice(0, mostNames)) {
      const message = constantFault(name, value);
      if (message !== null) context.addIssue({ code: "custom", path: [name], message });
    }
  })
  .meta({
    type: "object",
    propertyNames: { pattern: nameForm.source },
    additionalProperties: { type: "string", minLength: 1, maxLength: longestConstant },
    maxProperties: mostNames,
  });

function constantFault(name: string, value: unknown): string | null {
  if (!nameForm.test(name) || name === "__proto__")
    return "must be a name of 1 to 40 lower-case letters, digits and _";
  if (typeof value !== "string") return "must be a text";
  if (value === "") return "must not be empty";
  return value.length > longestConstant ? `must have at most ${longestConstant} characters` : null;
}

/** Header names and values. Each key is looked at, `__proto__` too: zod's records drop it. */
export const headers = z
  .custom<Readonly<Record<string, string>>>(isObject, {
    error: "must be an object of header names and values",
  })
  .superRefine((given, context) => {
    const entries = Object.entries(given);
    if (entries.length > 50) context.addIssue({ code: "custom", message: "must have at most 50 entries" });
    for (const [name, value] of entries.slice(0, 50)) {
      const message = headerFault(name, value);
      if (message !== null) context.addIssue({ code: "custom", path: [name], message });
    }
  })
  .meta({ type: "object", additionalProperties: { type: "string", maxLength: 4_000 }, maxProperties: 50 });

function headerFault(name: string, value: unknown): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name)) return "must be a header name";
  if (typeof value !== "string") return "must be a text";
  return value.length > 4_000 ? "must have at most 4000 characters" : null;
}
