import {
  type AcceptEvent,
  eventIssues,
  type Issue,
  instantForm,
  isInstant,
  maxEventBytes,
} from "@postrider/engine";
import { memberText } from "@postrider/engine/json-text";
import { z } from "zod";
import { partnerId } from "./ids.ts";

export { instantForm, isInstant };

/** The most events in one request. */
export const maxEvents = 1_000;

const visibleAscii = z.string().regex(/^[!-~]{1,200}$/);
const instant = z.string().meta({ format: "date-time", pattern: instantForm.source });

/** An event as an application sends it, for the API's description. The engine's `eventIssues` judges, so that both doors agree. */
export const eventDocument = z
  .strictObject({
    event_id: visibleAscii.describe(
      "Chosen by the application; the same id with the same content is accepted once. Not `.` or `..`.",
    ),
    type: z
      .string()
      .max(100)
      .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/)
      .describe("Dotted, such as conversion.approved; endpoints subscribe to it."),
    schema_version: z.int().min(1).max(999_999_999).optional().describe("Default 1."),
    occurred_at: instant
      .optional()
      .describe(
        "ISO 8601 with a zone, within the years 1 to 9999; stored in UTC with the digits given. Default: the time of acceptance.",
      ),
    data: z
      .custom<Record<string, unknown>>()
      .meta({ type: "object" })
      .optional()
      .describe("What happened, in the application's own words; stored verbatim. Default {}."),
    partner: partnerId
      .optional()
      .describe("Addresses one partner; without it every endpoint subscribed to the type gets the event."),
    not_before: instant
      .optional()
      .describe("Nothing is sent before; a past instant is now. Expiry counts from it."),
    expires_after: z
      .string()
      .meta({ pattern: "^\\d{1,11}(\\.\\d{1,3})?(ms|s|m|h|d)$" })
      .optional()
      .describe("Its deliveries expire this long after acceptance, where their endpoint's time is longer."),
    order_key: visibleAscii
      .optional()
      .describe(
        "Such as a transaction id: endpoints with an order send deliveries of the same key one after the other.",
      ),
  })
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
 * Checks a parsed event that is not too large. Its data is passed on as the text has it, so that numbers keep their
 * digits.
 *
 * @example checkEvent({ event_id: "a b", type: "x" }, text).issues // [{ path: "event_id", message: "must be 1 to 200 …" }]
 */
export function checkEvent(value: unknown, text: string): CheckedEvent {
  const issues = eventIssues(value, text);
  if (issues.length > 0) return { issues };
  const { data, ...event } = value as Omit<AcceptEvent, "data_text"> & { readonly data?: object };
  return { event: data === undefined ? event : { ...event, data_text: memberText(text, "data")! } };
}
