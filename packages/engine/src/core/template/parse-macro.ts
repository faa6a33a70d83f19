import { type AppliedFilter, type FilterDefinition, filters } from "./filters.ts";
import type { TemplateIssueCode, Words } from "./issue.ts";
import { decodeString, endOfString } from "../json-text.ts";
import { nearestName } from "../nearest.ts";
import { readRoot, type Root } from "./roots.ts";

/** What happens when the value is missing: `!` refuses to send, `?` drops the place, neither leaves it empty. */
export type Modifier = "required" | "optional" | null;

/** One macro as written. `name` is its path; `segments` are the names after the root, none for a fact. */
export interface MacroSource {
  readonly name: string;
  readonly root: Root;
  readonly segments: readonly string[];
  readonly modifier: Modifier;
  readonly filters: readonly AppliedFilter[];
}

/** Why a macro was refused, and where in the source string. */
interface MacroFailure {
  readonly code: TemplateIssueCode;
  readonly position: number;
  readonly message: Words;
}

export type ParsedMacro =
  | { readonly macro: MacroSource; readonly end: number }
  /** `end` is null when the macro could not be read to its closing brace. */
  | { readonly failure: MacroFailure; readonly end: number | null };

/** Reading position within one macro; the first failure ends the reading. */
interface Cursor {
  readonly source: string;
  readonly open: number;
  at: number;
  failure: MacroFailure | null;
}

/** The most names and indexes in one path: bounds the walk over the data. */
const deepestPath = 32;

const bareName = /[\p{L}\p{N}_$@-]+/uy;
const arrayIndex = /\d+/y;
const filterName = /[a-z_][a-z0-9_]*/iy;

function fail(cursor: Cursor, code: TemplateIssueCode, position: number, message: Words): null {
  cursor.failure ??= { code, position, message };
  return null;
}

/** Fails at the cursor with what stands there. */
function failHere(cursor: Cursor, expected: string): null {
  const { source, at, open } = cursor;
  if (at >= source.length) {
    return fail(
      cursor,
      "unclosed_macro",
      open,
      'This macro never ends: close it with "}", or write "{{" for a brace.',
    );
  }
  if (/\s/.test(source[at] as string)) {
    return fail(cursor, "invalid_macro", at, "White space is not part of a macro: remove it.");
  }
  if (source.startsWith("??", at - 1)) {
    return fail(cursor, "invalid_macro", at - 1, 'There is no "??": write |default:"text".');
  }
  const found = String.fromCodePoint(source.codePointAt(at) as number);
  return fail(cursor, "invalid_macro", at, `Expected ${expected}, found ${JSON.stringify(found)}.`);
}

function readPattern(cursor: Cursor, pattern: RegExp): string | null {
  pattern.lastIndex = cursor.at;
  const text = pattern.exec(cursor.source)?.[0];
  if (text === undefined) return null;
  cursor.at += text.length;
  return text;
}

/** Reads `"text"` with JSON's escapes. */
function readQuoted(cursor: Cursor): string | null {
  const end = endOfString(cursor.source, cursor.at);
  if (end === -1) {
    return fail(
      cursor,
      "unclosed_macro",
      cursor.at,
      'This text never ends: close it with a double quote (") and "}".',
    );
  }
  const raw = cursor.source.slice(cursor.at, end);
  let text = decodeString(raw);
  try {
    text = JSON.parse(raw) as string;
  } catch {
    return fail(
      cursor,
      "invalid_argument",
      cursor.at,
      "Not a JSON string: escape control characters and backslashes.",
    );
  }
  cursor.at = end;
  return text;
}

function readBracket(cursor: Cursor): string | null {
  cursor.at += 1;
  const segment = cursor.source[cursor.at] === '"' ? readQuoted(cursor) : readPattern(cursor, arrayIndex);
  if (segment === null) return failHere(cursor, 'an index like [0] or a name like ["a b"]');
  if (cursor.source[cursor.at] !== "]") return failHere(cursor, '"]"');
  cursor.at += 1;
  return segment;
}

/** Reads the names and indexes after the root. */
function readSegments(cursor: Cursor): string[] {
  const segments: string[] = [];
  while (cursor.failure === null) {
    const start = cursor.at;
    const next = cursor.source[start];
    if (next !== "." && next !== "[") break;
    if (segments.length === deepestPath) {
      fail(
        cursor,
        "invalid_macro",
        start,
        `A path has at most ${deepestPath} names: address an outer value.`,
      );
      break;
    }
    if (next === ".") cursor.at += 1;
    const segment = next === "." ? readPattern(cursor, bareName) : readBracket(cursor);
    if (segment === null) failHere(cursor, "a field name");
    else segments.push(segment);
  }
  return segments;
}

function readModifier(cursor: Cursor): Modifier {
  const char = cursor.source[cursor.at];
  if (char !== "!" && char !== "?") return null;
  cursor.at += 1;
  return char === "!" ? "required" : "optional";
}

function readArguments(cursor: Cursor, definition: FilterDefinition): string[] {
  const args: string[] = [];
  for (const kind of definition.args) {
    const separator = args.length === 0 ? ":" : ",";
    if (cursor.source[cursor.at] !== separator || cursor.source[cursor.at + 1] !== '"') {
      fail(
        cursor,
        "invalid_argument",
        cursor.at,
        `This filter takes ${kind} in double quotes: ${definition.usage}.`,
      );
      return args;
    }
    cursor.at += 1;
    const text = readQuoted(cursor);
    if (text === null) return args;
    args.push(text);
  }
  return args;
}

function unknownFilter(name: string): string {
  const near = nearestName(name, filters.keys());
  const remedy = near === null ? `known: ${[...filters.keys()].join(", ")}.` : `did you mean "${near}"?`;
  return `Unknown filter "${name.slice(0, 40)}": ${remedy}`;
}

function readFilter(cursor: Cursor): AppliedFilter | null {
  cursor.at += 1;
  const start = cursor.at;
  const name = readPattern(cursor, filterName);
  if (name === null) return failHere(cursor, "a filter name");
  const definition = filters.get(name);
  if (definition === undefined) {
    return fail(cursor, "unknown_filter", start, () => unknownFilter(name));
  }
  return { definition, args: readArguments(cursor, definition) };
}

function readFilters(cursor: Cursor, modifier: Modifier, modifierAt: number): AppliedFilter[] {
  const applied: AppliedFilter[] = [];
  while (cursor.failure === null && cursor.source[cursor.at] === "|") {
    const filter = readFilter(cursor);
    if (filter === null) break;
    applied.push(filter);
  }
  if (modifier !== null && applied.some((filter) => filter.definition.fillsMissing)) {
    const sign = modifier === "required" ? "!" : "?";
    fail(
      cursor,
      "modifier_conflict",
      modifierAt,
      `"${sign}" never acts beside a default: keep one of the two.`,
    );
  }
  return applied;
}

/** Reads the macro whose opening brace is at `open`. Never throws; work is linear in what it reads. */
export function parseMacro(source: string, open: number): ParsedMacro {
  const cursor: Cursor = { source, open, at: open + 1, failure: null };
  const root = readPattern(cursor, bareName);
  if (root === null) failHere(cursor, "a macro name like data.click_id");
  const segments = readSegments(cursor);
  const name = source.slice(open + 1, cursor.at);
  const modifierAt = cursor.at;
  const modifier = readModifier(cursor);
  const applied = readFilters(cursor, modifier, modifierAt);
  if (cursor.failure === null && source[cursor.at] !== "}") failHere(cursor, '"}"');
  if (cursor.failure !== null) {
    return { failure: cursor.failure, end: source[cursor.at] === "}" ? cursor.at + 1 : null };
  }
  const read = readRoot(root as string, segments, name);
  if (typeof read === "object") {
    return { failure: { ...read, position: open + 1 }, end: cursor.at + 1 };
  }
  return { macro: { name, root: read, segments, modifier, filters: applied }, end: cursor.at + 1 };
}

/** The path of a list, as `$each`, `each` and `fan_out` have it, or why it is none. */
export type ParsedPath = { readonly path: MacroSource } | { readonly failure: MacroFailure };

/**
 * Reads a path that stands alone, without braces: `data.items`, `data.order["line items"]!`. It begins with `data`, or
 * with `item` within an item, and has no filters.
 */
export function parsePath(text: string): ParsedPath {
  const fault = (position: number, message: Words): ParsedPath => ({
    failure: { code: "invalid_macro", position, message },
  });
  if (text.startsWith("{")) {
    return fault(0, "A path stands here without braces: data.items.");
  }
  const parsed = parseMacro(`{${text}}`, 0);
  if ("failure" in parsed) {
    const { code, position, message } = parsed.failure;
    return { failure: { code, position: Math.min(Math.max(position - 1, 0), text.length), message } };
  }
  const { macro } = parsed;
  if (parsed.end !== text.length + 2)
    return fault(0, "A path is one path such as data.items, and nothing else.");
  if (macro.root !== "data" && macro.root !== "item") {
    return fault(0, "A list is in the event's data: write its path, such as data.items.");
  }
  if (macro.filters.length > 0) return fault(macro.name.length, "The path of a list has no filters.");
  return { path: macro };
}
