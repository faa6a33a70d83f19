/**
 * The form of an event document: what may be stored, and what is wrong with the rest, in words. The ledger judges what
 * comes in by SQL with the same rules (`ledger/routines/event.sql`); the ledger suite holds the two together.
 */
import {
  eventTypeForm,
  idForm,
  isInstant,
  isObject,
  largestSchemaVersion,
  longestEventType,
  nearestName,
  visibleAscii,
} from "@postrider/contract";
import { parseDurationMs } from "./duration.ts";
import type { Issue } from "./errors.ts";
import { endOfString } from "./json-text.ts";

/** The largest event, in bytes of its JSON text. */
export const maxEventBytes = 256 * 1024;
/** The deepest nesting of an event's JSON text, the event's own braces included. */
export const maxEventDepth = 100;
/** Unknown keys that are named; the rest are counted. Only the first gets the nearest known name, because that costs most. */
const namedKeys = 5;
const longestNamedKey = 60;

/** True for the text of a duration that an event can live for. */
function isLifetime(text: string): boolean {
  try {
    return parseDurationMs(text) >= 1;
  } catch {
    return false;
  }
}

/** What is wrong with the value of a field, or null. */
type Judge = (value: unknown) => string | null;

/** A judge of texts; `kind` is the message for a value that is not a text. */
const text =
  (kind: string, wrong: (value: string) => string | null): Judge =>
  (value) =>
    typeof value === "string" ? wrong(value) : kind;

const unless = (good: (value: string) => boolean, words: string) => (value: string) =>
  good(value) ? null : words;

const instantWords = "must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z";
const asciiKind = "must be a text of 1 to 200 visible ASCII characters";
const asciiWords = "must be 1 to 200 visible ASCII characters, without spaces";

function wrongId(value: string): string | null {
  if (!visibleAscii.test(value)) return asciiWords;
  return value === "." || value === ".." ? "must not be . or .., which no URL path can name" : null;
}

function wrongType(value: string): string | null {
  if (value.length > longestEventType) return `must have at most ${longestEventType} characters`;
  return eventTypeForm.test(value)
    ? null
    : "must be words of letters, digits, _ and - with dots between them";
}

function wrongVersion(value: unknown): string | null {
  const good = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= largestSchemaVersion;
  return good ? null : "must be a whole number from 1 to 999999999";
}

function wrongPartner(value: string): string | null {
  if (idForm.test(value)) return null;
  const lower = /^[A-Za-z0-9_-]+$/.test(value) ? value.toLowerCase() : "";
  const hint = idForm.test(lower) ? `; did you mean ${lower}?` : "";
  return `must be 1 to 64 lower-case letters, digits, _ and -, beginning with a letter or digit${hint}`;
}

/** In the order in which what is wrong is named. */
const judges = {
  event_id: text(asciiKind, wrongId),
  type: text("must be a text such as conversion.approved", wrongType),
  schema_version: wrongVersion,
  occurred_at: text(instantWords, unless(isInstant, instantWords)),
  data: (value) => (isObject(value) ? null : "must be an object"),
  partner: text("must be the id of a partner", wrongPartner),
  not_before: text(instantWords, unless(isInstant, instantWords)),
  expires_after: text(
    "must be a duration text with a unit, such as 90s or 7d",
    unless(isLifetime, "must be a duration with a unit, such as 90s or 7d, from 1ms to 365d"),
  ),
  order_key: text(
    asciiKind,
    unless((value) => visibleAscii.test(value), asciiWords),
  ),
} as const satisfies Record<string, Judge>;

const fieldNames = Object.keys(judges) as (keyof typeof judges)[];
const required: ReadonlySet<string> = new Set(["event_id", "type"]);

/**
 * What is wrong with an event document; nothing for one that can be stored. The same rules hold for `postrider.accept`.
 *
 * @param document the parsed document
 * @param json its JSON text, which says how large and how deep it is
 * @returns one issue per wrong place, at most a handful of unknown keys by name
 * @example eventIssues({ event_id: "a b", type: "x" }, text) // [{ path: "event_id", message: "must be 1 to 200 …" }]
 */
export function eventIssues(document: unknown, json: string): readonly Issue[] {
  if (isLarger(json, maxEventBytes))
    return [{ path: "", message: `is larger than ${maxEventBytes} bytes`, code: "payload_too_large" }];
  if (!isObject(document)) return [{ path: "", message: "must be an object" }];
  const issues: Issue[] = [];
  let known = 0;
  for (const name of fieldNames) {
    const given = Object.hasOwn(document, name);
    if (given) known += 1;
    else if (!required.has(name)) continue;
    const message = judges[name](document[name]);
    if (message !== null) issues.push({ path: name, message });
  }
  const keys = Object.keys(document);
  if (keys.length > known) issues.push(...unknownKeys(keys.filter((key) => !Object.hasOwn(judges, key))));
  if (issues.length === 0 && isDeep(json))
    return [{ path: "", message: `is nested more than ${maxEventDepth} levels deep` }];
  return issues;
}

function unknownKeys(keys: readonly string[]): Issue[] {
  const near = nearestName(keys[0]!, fieldNames, longestNamedKey);
  const hint = near === null ? `; known are ${fieldNames.join(", ")}` : `; did you mean ${near}?`;
  const issues: Issue[] = keys.slice(0, namedKeys).map((key, index) => ({
    path: shownKey(key),
    message: `is not known${index === 0 ? hint : ""}`,
  }));
  const more = keys.length - namedKeys;
  return more > 0 ? [...issues, { path: "", message: `has ${more} more keys that are not known` }] : issues;
}

/** A key that fits in a line: cut, and with JSON's escapes for characters that cannot be seen. */
function shownKey(key: string): string {
  if (/^\w{1,60}$/.test(key)) return key;
  const shown = JSON.stringify(key.slice(0, longestNamedKey)).slice(1, -1);
  return key === "" ? '""' : key.length > longestNamedKey ? `${shown}…` : shown;
}

/** True if the UTF-8 of `json` has more than `bytes` bytes. A letter has one to three. */
function isLarger(json: string, bytes: number): boolean {
  return json.length > bytes / 3 && Buffer.byteLength(json) > bytes;
}

/**
 * Deep nesting is refused because later readers (the ledger's JSON parser is one) recurse, and they read
 * the text, with keys that are repeated. Most texts have fewer brackets than levels are allowed, which is cheap to see.
 */
function isDeep(json: string): boolean {
  return (
    (hasMore(json, "{", maxEventDepth / 2) || hasMore(json, "[", maxEventDepth / 2)) &&
    isDeeper(json, maxEventDepth)
  );
}

/** True if `json` has `letter` at least `times` times. */
function hasMore(json: string, letter: string, times: number): boolean {
  let at = -1;
  for (let found = 0; found < times; found += 1) {
    at = json.indexOf(letter, at + 1);
    if (at === -1) return false;
  }
  return true;
}

function isDeeper(json: string, levels: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const letter = json[at];
    if (letter === '"') {
      const end = endOfString(json, at);
      if (end === -1) return false;
      at = end - 1;
    } else if (letter === "{" || letter === "[") {
      depth += 1;
      if (depth > levels) return true;
    } else if (letter === "}" || letter === "]") depth -= 1;
  }
  return false;
}
