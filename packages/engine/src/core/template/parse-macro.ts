import type { Words } from "./issue.ts";
import {
  bareName,
  type Cursor,
  failHere,
  type MacroFailure,
  readPattern,
  readSegments,
} from "./macro-cursor.ts";
import type { AppliedFilter } from "./filters/filter.ts";
import { readFilters } from "./parse-filters.ts";
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

export type ParsedMacro =
  | { readonly macro: MacroSource; readonly end: number }
  /** `end` is null when the macro could not be read to its closing brace. */
  | { readonly failure: MacroFailure; readonly end: number | null };

function readModifier(cursor: Cursor): Modifier {
  const char = cursor.source[cursor.at];
  if (char !== "!" && char !== "?") return null;
  cursor.at += 1;
  return char === "!" ? "required" : "optional";
}

/** Reads the macro whose opening brace is at `open`. Never throws; work is linear in what it reads. */
export function parseMacro(source: string, open: number): ParsedMacro {
  const cursor: Cursor = { source, open, at: open + 1, failure: null, resumeAt: -1 };
  const root = readPattern(cursor, bareName);
  if (root === null) failHere(cursor, "a macro name like data.click_id");
  const segments = readSegments(cursor);
  const name = source.slice(open + 1, cursor.at);
  const modifierAt = cursor.at;
  const modifier = readModifier(cursor);
  const applied = readFilters(cursor, modifier === null ? -1 : modifierAt);
  if (cursor.failure === null && source[cursor.at] !== "}") failHere(cursor, '"}"');
  if (cursor.failure !== null) {
    const at = Math.max(cursor.at, cursor.resumeAt);
    if (source[at] === "}") return { failure: cursor.failure, end: at + 1 };
    if (cursor.resumeAt === -1) return { failure: cursor.failure, end: null };
    const close = source.indexOf("}", at);
    return { failure: cursor.failure, end: close === -1 ? source.length : close + 1 };
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
    return fault(parsed.end - 2, "A path is one path such as data.items, and nothing else.");
  if (macro.root !== "data" && macro.root !== "item") {
    return fault(0, "A list is in the event's data: write its path, such as data.items.");
  }
  if (macro.filters.length > 0) return fault(macro.name.length, "The path of a list has no filters.");
  return { path: macro };
}
