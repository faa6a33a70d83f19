import { type AcceptEvent, type Issue, readDurationMs } from "@postrider/engine";
import { z } from "zod";
import { issuesOf, type Remedies } from "./issues.ts";
import { memberText } from "./json-slices.ts";
import { partnerId } from "./ids.ts";

/** The largest event, in bytes of its JSON text. */
export const maxEventBytes = 256 * 1024;
/** The most events in one request. */
export const maxEvents = 1_000;
/** The deepest nesting of an event's JSON. */
export const maxEventDepth = 100;

const words = (message: string) => ({ error: message });

/** An ISO 8601 instant with a zone: the ledger reads the same form (`postrider.is_instant`). */
export const instantForm =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;

/** True for an instant that exists: `2026-02-30` does not. */
export function isInstant(text: string): boolean {
  if (!instantForm.test(text) || text.startsWith("0000")) return false;
  const day = Number(text.slice(8, 10));
  // Day 0 of the next month is the last of this one.
  return (
    day <= 28 || day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate()
  );
}

const yearMs = 365 * 86_400_000;

/** True for the text of a duration that an event can live for. */
function isLifetime(text: string): boolean {
  const ms = readDurationMs(text);
  return ms !== null && ms >= 1 && ms <= yearMs;
}

/** True for a JSON object. */
const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An event as an application sends it. */
export const eventDocument = z
  .strictObject(
    {
      event_id: z
        .string(words("must be a text of 1 to 200 visible ASCII characters"))
        .regex(/^[!-~]{1,200}$/, words("must be 1 to 200 visible ASCII characters, without spaces"))
        .regex(/[^.]/, words("must not consist of dots alone: as a part of a URL it would be dropped"))
        .describe("Chosen by the application; the same id with the same content is accepted once."),
      type: z
        .string(words("must be a text such as conversion.approved"))
        .max(100, words("must have at most 100 characters"))
        .regex(
          /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
          words("must be words of letters, digits, _ and - with dots between them"),
        )
        .describe("Dotted, such as conversion.approved; endpoints subscribe to it."),
      schema_version: z
        .int(words("must be a positive whole number"))
        .min(1, words("must be a positive whole number"))
        .max(999_999_999, words("must be at most 999999999"))
        .optional()
        .describe("Default 1."),
      occurred_at: z
        .string(words("must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z"))
        .refine(isInstant, words("must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z"))
        .meta({ format: "date-time" })
        .optional()
        .describe("ISO 8601 with a zone; stored in UTC. Default: the time of acceptance."),
      data: z
        .custom<Record<string, unknown>>(isObject, words("must be an object"))
        .meta({ type: "object" })
        .optional()
        .describe("What happened, in the application's own words; stored verbatim. Default {}."),
      partner: partnerId
        .optional()
        .describe("Addresses one partner; without it every endpoint subscribed to the type gets the event."),
      not_before: z
        .string(words("must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z"))
        .refine(isInstant, words("must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z"))
        .meta({ format: "date-time" })
        .optional()
        .describe("Nothing is sent before; a past instant is now. Expiry counts from it."),
      expires_after: z
        .string(words("must be a duration text with a unit, such as 90s or 7d"))
        .refine(isLifetime, words("must be a duration with a unit, such as 90s or 7d, from 1ms to 365d"))
        .meta({ pattern: "^\\d{1,11}(\\.\\d{1,3})?(ms|s|m|h|d)$" })
        .optional()
        .describe("Its deliveries expire this long after acceptance, where their endpoint's time is longer."),
      order_key: z
        .string(words("must be a text of 1 to 200 visible ASCII characters"))
        .regex(/^[!-~]{1,200}$/, words("must be 1 to 200 visible ASCII characters, without spaces"))
        .optional()
        .describe(
          "Such as a transaction id: endpoints with an order send deliveries of the same key one after the other.",
        ),
    },
    words("must be an object"),
  )
  .meta({ id: "Event" });

/** An event as the ledger takes it, or what is wrong with it. */
export type CheckedEvent =
  | { readonly event: AcceptEvent; readonly issues?: never }
  | { readonly issues: readonly Issue[]; readonly event?: never };

/** Whether the text of an event is larger than an event may be. Ask before it is parsed: that bounds what a parse costs. */
export function isTooLarge(text: string): boolean {
  return text.length > maxEventBytes / 3 && Buffer.byteLength(text) > maxEventBytes;
}

/** The issue of an event that is too large. */
export const tooLarge: readonly Issue[] = [
  { path: "", message: `is larger than ${maxEventBytes} bytes`, code: "payload_too_large" },
];

/**
 * Checks a parsed event that is not too large. Its data goes on as it stands in the text, so that numbers keep their
 * digits.
 *
 * @example checkEvent({ event_id: "a b", type: "x" }, text, remedies()).issues // [{ path: "event_id", message: "must be 1 to 200 …" }]
 */
export function checkEvent(value: unknown, text: string, hints: Remedies): CheckedEvent {
  const result = eventDocument.safeParse(value);
  if (!result.success) return { issues: issuesOf(result.error, eventDocument, hints) };
  if (isTooDeep(value, text)) {
    return { issues: [{ path: "data", message: `is nested more than ${maxEventDepth} levels deep` }] };
  }
  const { data, ...event } = result.data;
  const dataText = data === undefined ? null : memberText(text, "data");
  return { event: (dataText === null ? event : { ...event, data_text: dataText }) as AcceptEvent };
}

/**
 * Deep nesting is refused because readers down the line (the ledger's JSON parser among them) recurse. Most texts
 * have fewer brackets than levels are allowed, and counting those is cheap: the walk alone cost a sixth of a call.
 */
function isTooDeep(value: unknown, text: string): boolean {
  return hasMore(text, "{", maxEventDepth / 2) || hasMore(text, "[", maxEventDepth / 2)
    ? isDeeper(value, maxEventDepth)
    : false;
}

/** True where `text` has `letter` at least `times` times. */
function hasMore(text: string, letter: string, times: number): boolean {
  let at = -1;
  for (let found = 0; found < times; found += 1) {
    at = text.indexOf(letter, at + 1);
    if (at === -1) return false;
  }
  return true;
}

/** True where a value has objects or lists within each other more than so many levels deep. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((part) => isDeeper(part, levels - 1));
}
