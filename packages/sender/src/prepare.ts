import { closestMatch } from "leven";
import type { Catalogue } from "./catalogue.ts";
import type { Now } from "./clock.ts";
import { droppedKeys } from "./dropped-keys.ts";
import { type Issue, SenderError } from "./errors.ts";
import type { AnyEvent, EventDocument } from "./event.ts";

/** What fills in and checks events before they go anywhere. */
export interface Preparation {
  readonly catalogue: Catalogue | undefined;
  readonly now: Now;
  readonly newEventId: () => string;
}

/** A checked event and its JSON text, which is made once and sent as it is. */
export interface PreparedEvent {
  readonly document: EventDocument;
  readonly text: string;
}

/** One event, checked. @throws SenderError `invalid_event` */
export async function prepareEvent(event: AnyEvent, preparation: Preparation): Promise<PreparedEvent> {
  const issues: Issue[] = [];
  const prepared = await prepare(event, preparation, (path, message) => issues.push({ path, message }));
  return refuse(issues) ?? (prepared as PreparedEvent);
}

/** All events or none: issues of every event are collected. @throws SenderError `invalid_event` */
export async function prepareEvents(
  events: readonly AnyEvent[],
  preparation: Preparation,
): Promise<PreparedEvent[]> {
  const issues: Issue[] = [];
  const prepared: PreparedEvent[] = [];
  for (const [index, event] of events.entries()) {
    const report: Report = (path, message) =>
      issues.push({ path: path === "" ? `events[${index}]` : `events[${index}].${path}`, message });
    const one = await prepare(event, preparation, report);
    if (one !== undefined) prepared.push(one);
  }
  return refuse(issues) ?? prepared;
}

type Report = (path: string, message: string) => void;

// Types bind only callers who have them: every field is looked at as if it could be anything.
async function prepare(
  event: AnyEvent,
  preparation: Preparation,
  report: Report,
): Promise<PreparedEvent | undefined> {
  if (typeof event !== "object" || event === null) {
    report("", "must be an event object");
    return undefined;
  }
  let wrong = false;
  const found: Report = (path, message) => {
    wrong = true;
    report(path, message);
  };
  for (const key of Object.keys(event)) if (!isField(key)) unknownField(event, key, found);
  const { type, schema_version = 1, partner } = event;
  if (typeof type !== "string" || type === "") found("type", "must be text, not empty");
  if (!Number.isSafeInteger(schema_version) || schema_version < 1)
    found("schema_version", "must be a whole number from 1");
  if (partner !== undefined && (typeof partner !== "string" || partner === ""))
    found("partner", "must be a partner's id, not empty");
  const event_id = event.event_id ?? preparation.newEventId();
  if (typeof event_id !== "string" || event_id === "") found("event_id", "must be text, not empty");
  // The ledger does not compare a time that was not given: a repeat of the caller's id stays a duplicate.
  const happened =
    event.occurred_at ?? (event.event_id === undefined ? new Date(preparation.now()) : undefined);
  const time = happened === undefined ? {} : { occurred_at: timeText("occurred_at", happened, found) };
  const timing = timingOf(event, found);
  if (wrong) return undefined;
  const data = await checkData(event.data, type, schema_version, preparation.catalogue, found);
  if (data === undefined) return undefined;
  const document = {
    event_id,
    type,
    schema_version,
    ...time,
    data,
    ...(partner === undefined ? {} : { partner }),
    ...timing,
  };
  const text = jsonText(document, found);
  return wrong ? undefined : { document, text };
}

const fields = [
  "event_id",
  "type",
  "schema_version",
  "occurred_at",
  "data",
  "partner",
  "not_before",
  "expires_after",
  "order_key",
] as const satisfies readonly (keyof AnyEvent)[];

const isField = (key: string) => (fields as readonly string[]).includes(key);

/** A field that nobody reads would be lost silently; with a misspelt event_id, sending again would not be safe. */
function unknownField(event: object, key: string, found: Report): void {
  if ((event as Record<string, unknown>)[key] === undefined) return;
  const snake = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const near = closestMatch(snake.slice(0, 60), fields, { maxDistance: 3 });
  found(key, `is not known; ${near === undefined ? `known are ${list(fields)}` : `did you mean ${near}?`}`);
}

/** Delay, expiry and order key, as far as they were given. */
function timingOf(
  { not_before, expires_after, order_key }: AnyEvent,
  found: Report,
): Pick<EventDocument, "not_before" | "expires_after" | "order_key"> {
  if (expires_after !== undefined && !(typeof expires_after === "string" && duration.test(expires_after)))
    found("expires_after", "must be a duration with a unit, such as 90s or 7d");
  if (order_key !== undefined && !(typeof order_key === "string" && /^[!-~]{1,200}$/.test(order_key)))
    found("order_key", "must be 1 to 200 visible ASCII characters");
  return {
    ...(not_before === undefined ? {} : { not_before: timeText("not_before", not_before, found) }),
    ...(expires_after === undefined ? {} : { expires_after }),
    ...(order_key === undefined ? {} : { order_key }),
  };
}

const duration = /^\d{1,11}(\.\d{1,3})?(ms|s|m|h|d)$/;

// RFC 3339 section 5.6, with the zone that makes it a moment.
const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function timeText(path: string, value: string | Date, found: Report): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (typeof value === "string" && dateTime.test(value)) return value;
  found(path, "must be a valid Date, or RFC 3339 text with a zone such as 2026-01-31T10:00:00Z");
  return "";
}

async function checkData(
  given: unknown,
  type: string,
  version: number,
  catalogue: Catalogue | undefined,
  found: Report,
): Promise<object | undefined> {
  const data = catalogue === undefined ? given : await parseData(given, type, version, catalogue, found);
  if (data === wrongData) return undefined;
  if (typeof data === "object" && data !== null && !Array.isArray(data)) return data;
  found("data", "must be an object");
}

const wrongData = Symbol("wrong data");

async function parseData(
  given: unknown,
  type: string,
  version: number,
  catalogue: Catalogue,
  found: Report,
): Promise<unknown> {
  const refuse = (path: string, message: string) => {
    found(path, message);
    return wrongData;
  };
  const versions = Object.hasOwn(catalogue, type) ? catalogue[type] : undefined;
  if (versions === undefined)
    return refuse("type", `is not in the catalogue, which has ${list(Object.keys(catalogue))}`);
  const schema = Object.hasOwn(versions, version) ? versions[version] : undefined;
  if (schema === undefined)
    return refuse("schema_version", `is not in the catalogue, which has ${list(Object.keys(versions))}`);
  const parsed = await schema["~standard"].validate(given);
  if (parsed.issues === undefined) {
    const lost = await droppedKeys(schema, given);
    for (const path of lost) found(`data${pathText(path)}`, "is not in the schema, which would drop it");
    return lost.length === 0 ? parsed.value : wrongData;
  }
  for (const { path = [], message } of parsed.issues)
    found(`data${pathText(path.map((part) => (typeof part === "object" ? part.key : part)))}`, message);
  return wrongData;
}

function jsonText(document: EventDocument, found: Report): string {
  let lost: string | null = null;
  try {
    const text = JSON.stringify(document, (key, value: unknown) => {
      if (lost === null && !isSayable(value)) lost = key;
      return value;
    });
    if (lost !== null)
      found(
        "data",
        `cannot be written as JSON: ${JSON.stringify(lost)} holds a Map, a Set, a function, NaN or the like`,
      );
    return text;
  } catch {
    found("data", "cannot be written as JSON: it holds a BigInt or a circle");
    return "";
  }
}

/** Whether JSON can hold a value. Other values become `{}`, `null` or nothing, which loses them silently. */
function isSayable(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "function" || typeof value === "symbol") return false;
  return !(value instanceof Map || value instanceof Set);
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
}

function list(names: readonly string[]): string {
  return names.length > 10
    ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more`
    : names.join(", ");
}

function refuse(issues: readonly Issue[]): undefined {
  if (issues.length === 0) return undefined;
  throw invalidEvent(issues, "Nothing was sent");
}

/** The error for events that cannot be accepted as they are. */
export function invalidEvent(
  issues: readonly Issue[],
  outcome: string,
  events: readonly EventDocument[] = [],
): SenderError<"invalid_event"> {
  const shown = issues
    .slice(0, 3)
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : "";
  const words = `${shown.join("; ")}${more}`;
  const message = `${outcome}: ${words}${words.endsWith("?") ? "" : "."}`;
  return new SenderError("invalid_event", { issues }, message, { events });
}
