import { type AcceptEvent, eventIssues, type Issue, maxEventBytes } from "@postrider/engine";
import { memberText } from "@postrider/engine/json-text";

/** The most events in one request. */
export const maxEvents = 1_000;

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
