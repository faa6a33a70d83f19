/**
 * Reading JSON text in place. The event's data is already known to be valid JSON, and its exact text is what
 * partners must get (`10.50`, `12345678901234567890`), so values are found and cut out instead of parsed.
 * Invariants: every function is total (malformed text ends early, nothing throws), linear, and not recursive.
 */
import type { Value } from "./value.ts";

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The index of the first character at or after `at` that is no JSON white space. */
export function skipSpace(text: string, at: number): number {
  let index = at;
  while (isSpace(text.charCodeAt(index))) index += 1;
  return index;
}

/** The index after the string that opens at `at`, or -1 when it never closes. */
export function endOfString(text: string, at: number): number {
  let close = text.indexOf('"', at + 1);
  while (close !== -1) {
    let before = close - 1;
    while (text.charCodeAt(before) === backslash) before -= 1;
    if ((close - before) % 2 === 1) return close + 1;
    close = text.indexOf('"', close + 1);
  }
  return -1;
}

function endOfContainer(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      const end = endOfString(text, index);
      if (end === -1) return text.length;
      index = end - 1;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return text.length;
}

/** The index after the value that starts at `at`. */
export function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === quote) {
    const end = endOfString(text, at);
    return end === -1 ? text.length : end;
  }
  if (first === openBrace || first === openBracket) return endOfContainer(text, at);
  let index = at;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === comma || code === closeBrace || code === closeBracket || isSpace(code)) break;
    index += 1;
  }
  return index;
}

/** Whether an object or array starts at `at`. */
export function isContainer(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  return first === openBrace || first === openBracket;
}

/** The string whose source, quotes included, is `source`. */
export function decodeString(source: string): string {
  if (!source.includes("\\")) return source.slice(1, -1);
  try {
    return JSON.parse(source) as string;
  } catch {
    return source.slice(1, -1);
  }
}

/** The value that starts at `at`: strings decoded, everything else as its source text. */
export function valueAt(text: string, at: number): Value {
  const end = endOfValue(text, at);
  if (end === at) return undefined;
  const source = text.slice(at, end);
  return source.charCodeAt(0) === quote ? decodeString(source) : { json: source };
}

/**
 * Calls `visit` with the name (or the index) and the start of the value of each member of the object or array
 * at `at`, in source order. A name that occurs twice is visited twice; as in `JSON.parse`, the last one counts.
 */
export function forEachMember(text: string, at: number, visit: (name: string, start: number) => void): void {
  const named = text.charCodeAt(at) === openBrace;
  let index = skipSpace(text, at + 1);
  for (let count = 0; index < text.length; count += 1) {
    let name = String(count);
    if (named) {
      if (text.charCodeAt(index) !== quote) return;
      const nameEnd = endOfString(text, index);
      if (nameEnd === -1) return;
      name = decodeString(text.slice(index, nameEnd));
      index = skipSpace(text, nameEnd);
      if (text.charCodeAt(index) !== colon) return;
      index = skipSpace(text, index + 1);
    }
    const end = endOfValue(text, index);
    if (end === index) return;
    visit(name, index);
    index = skipSpace(text, end);
    if (text.charCodeAt(index) !== comma) return;
    index = skipSpace(text, index + 1);
  }
}

/** The same JSON without white space between its tokens. */
export function compactJson(text: string): string {
  let compact = "";
  let from = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      const end = endOfString(text, index);
      if (end === -1) break;
      index = end - 1;
    } else if (isSpace(code)) {
      compact += text.slice(from, index);
      index = skipSpace(text, index) - 1;
      from = index + 1;
    }
  }
  return from === 0 ? text : compact + text.slice(from);
}
