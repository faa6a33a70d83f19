import { decodeString, endOfString } from "../json-text.ts";
import type { TemplateIssueCode, Words } from "./issue.ts";

/** Why a macro was refused, and where in the source string. */
export interface MacroFailure {
  readonly code: TemplateIssueCode;
  readonly position: number;
  readonly message: Words;
}

/** Reading position within one macro; the first failure ends the reading. */
export interface Cursor {
  readonly source: string;
  readonly open: number;
  at: number;
  failure: MacroFailure | null;
  /** If the macro is refused, reading goes on here or later: what was passed over once is not passed over again. */
  resumeAt: number;
}

/** The most names and indexes in one path: bounds the walk over the data. */
const deepestPath = 32;

/** A name in a path, without quotes. */
export const bareName = /[\p{L}\p{N}_$@-]+/uy;
const arrayIndex = /\d+/y;

/** Notes why the macro is refused; the first reason counts. */
export function fail(cursor: Cursor, code: TemplateIssueCode, position: number, message: Words): null {
  cursor.failure ??= { code, position, message };
  return null;
}

/** Fails at the cursor with what stands there. */
export function failHere(cursor: Cursor, expected: string): null {
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

/** Reads what a sticky pattern matches at the cursor. */
export function readPattern(cursor: Cursor, pattern: RegExp): string | null {
  pattern.lastIndex = cursor.at;
  const text = pattern.exec(cursor.source)?.[0];
  if (text === undefined) return null;
  cursor.at += text.length;
  return text;
}

/** Reads `"text"` with JSON's escapes. */
export function readQuoted(cursor: Cursor): string | null {
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
export function readSegments(cursor: Cursor): string[] {
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
