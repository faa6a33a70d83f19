/**
 * Cuts values out of a JSON text as they stand, so that what is stored is what was sent: a number keeps all its digits,
 * which a parse and a stringify would lose. Each value costs time in proportion to its length, whatever it contains: a
 * parse of hostile JSON costs twenty times as much (5 MiB of brackets: 300 ms).
 */
import type { Slices } from "./processor-slices.ts";

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Elements, and characters of one of them, between two looks at the clock. */
const elementsPerLook = 256;
const charsPerLook = 128 * 1024;

/**
 * The text of an object's own member, the last one if it is repeated, as `JSON.parse` has it; null if there is
 * none. The text must be known to be JSON; in the beginning of one, what stands whole in it is found.
 *
 * @example memberText('{"data":{"a":1.50}, "b":2}', "data") // '{"a":1.50}'
 */
export function memberText(json: string, name: string): string | null {
  let found: string | null = null;
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (json.charCodeAt(at) === quote) {
    const keyEnd = stringEnd(json, at);
    const valueAt = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = valueEnd(json, valueAt);
    if (end === -1) return found;
    if (isKey(json, at, keyEnd, name)) found = json.slice(valueAt, end);
    at = skipSpace(json, end);
    if (json.charCodeAt(at) === comma) at = skipSpace(json, at + 1);
  }
  return found;
}

/** The list under one key of an object, cut into its elements. */
export interface CutList {
  /** The texts of the first elements, at most as many as asked for; null if the value is no list. Not checked to be JSON. */
  readonly texts: readonly string[] | null;
  /** How many elements there are. */
  readonly count: number;
  /** Other keys of the object, as they are written, each once: the first few. */
  readonly others: readonly string[];
}

/**
 * Cuts the list under `name` in a JSON object into the texts of its elements, without parsing them. The text is JSON
 * exactly if each element is. Null if the object has no such key; `broken` if the text cannot be JSON.
 *
 * @example await cutList('{"events":[{"a":1.50}, 2]}', "events", 1_000, slices) // { texts: ['{"a":1.50}', '2'], … }
 */
export async function cutList(
  json: string,
  name: string,
  most: number,
  slices: Slices,
): Promise<CutList | "broken" | null> {
  const others = new Set<string>();
  let found: Pick<CutList, "texts" | "count"> | null = null;
  let at = skipSpace(json, 0);
  if (json.charCodeAt(at) !== openBrace) return "broken";
  at = skipSpace(json, at + 1);
  if (json.charCodeAt(at) === closeBrace) return endsAt(json, at + 1) ? null : "broken";
  for (;;) {
    const keyEnd = json.charCodeAt(at) === quote ? stringEnd(json, at) : -1;
    const colonAt = keyEnd === -1 ? -1 : skipSpace(json, keyEnd);
    if (json.charCodeAt(colonAt) !== colon) return "broken";
    const valueAt = skipSpace(json, colonAt + 1);
    let end: number;
    if (!isKey(json, at, keyEnd, name)) {
      const ended = longValueEnd(json, valueAt, slices);
      end = typeof ended === "number" ? ended : await ended;
      if (others.size < mostOthers) others.add(json.slice(at + 1, keyEnd - 1).slice(0, longestKey));
    } else if (json.charCodeAt(valueAt) === openBracket) {
      const cut = await cutElements(json, valueAt, most, slices);
      end = cut.end;
      found = { texts: cut.texts, count: cut.count };
    } else {
      end = valueEnd(json, valueAt);
      found = { texts: null, count: 0 };
    }
    if (end === -1) return "broken";
    at = skipSpace(json, end);
    if (json.charCodeAt(at) === closeBrace) break;
    if (json.charCodeAt(at) !== comma) return "broken";
    at = skipSpace(json, at + 1);
    if (slices.over()) await slices.next();
  }
  if (!endsAt(json, at + 1)) return "broken";
  return found === null ? null : { ...found, others: [...others] };
}

const mostOthers = 101;
const longestKey = 200;

/** The elements of the list whose bracket is at `listAt`, and the index after it, -1 if it has no end. */
async function cutElements(
  json: string,
  listAt: number,
  most: number,
  slices: Slices,
): Promise<{ texts: string[]; count: number; end: number }> {
  const texts: string[] = [];
  const isLong = json.length - listAt > charsPerLook;
  let count = 0;
  let at = skipSpace(json, listAt + 1);
  if (json.charCodeAt(at) === closeBracket) return { texts, count, end: at + 1 };
  for (;;) {
    const ended = isLong ? longValueEnd(json, at, slices) : valueEnd(json, at);
    const end = typeof ended === "number" ? ended : await ended;
    if (end === -1) return { texts, count, end };
    count += 1;
    if (count <= most) texts.push(json.slice(at, end));
    at = skipSpace(json, end);
    const next = json.charCodeAt(at);
    if (next === closeBracket) return { texts, count, end: at + 1 };
    if (next !== comma) return { texts, count, end: -1 };
    at = skipSpace(json, at + 1);
    if (count % elementsPerLook === 0 && slices.over()) await slices.next();
  }
}

/** The index after the value that begins at `at`, -1 if there is none. */
function valueEnd(json: string, at: number): number {
  const scan = beginScan(json, at);
  return scan.end ?? goOn(json, scan, json.length) ?? -1;
}

/**
 * Likewise, giving the event loop back while a value of megabytes is passed over. A short value, which is the rule, makes
 * no promise: a body of 400,000 keys made as many.
 */
function longValueEnd(json: string, at: number, slices: Slices): number | Promise<number> {
  const scan = beginScan(json, at);
  if (scan.end === null) goOn(json, scan, scan.at + charsPerLook);
  if (scan.end !== null) return scan.end;
  return scan.at < json.length ? restOfValueEnd(json, scan, slices) : -1;
}

async function restOfValueEnd(json: string, scan: Scan, slices: Slices): Promise<number> {
  while (scan.end === null && scan.at < json.length) {
    if (slices.over()) await slices.next();
    goOn(json, scan, scan.at + charsPerLook);
  }
  return scan.end ?? -1;
}

/** A value that is being passed over. */
interface Scan {
  at: number;
  depth: number;
  /** The index after the value; null as long as it is not known. */
  end: number | null;
}

function beginScan(json: string, at: number): Scan {
  const first = json.charCodeAt(at);
  if (first === openBrace || first === openBracket) return { at, depth: 0, end: null };
  if (first === quote) return { at, depth: 0, end: stringEnd(json, at) };
  let end = at;
  while (end < json.length && !isDelimiter(json.charCodeAt(end))) end += 1;
  return { at, depth: 0, end: end === at ? -1 : end };
}

/** Passes over an object or a list as far as `to`. A loop, not a recursion: depth is the sender's choice. */
function goOn(json: string, scan: Scan, to: number): number | null {
  let { at, depth } = scan;
  const stop = Math.min(to, json.length);
  for (; at < stop; at += 1) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      const end = stringEnd(json, at);
      if (end === -1) return (scan.end = -1);
      at = end - 1;
    } else if (code === openBrace || code === openBracket) depth += 1;
    else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth === 0) return (scan.end = at + 1);
    }
  }
  scan.at = at;
  scan.depth = depth;
  return null;
}

/** The index after the string whose opening quote is at `at`, -1 if it has no end. */
function stringEnd(json: string, at: number): number {
  const next = json.indexOf('"', at + 1);
  if (next === -1 || json.charCodeAt(next - 1) !== backslash) return next === -1 ? -1 : next + 1;
  for (let i = at + 1; i < json.length; i += 1) {
    const code = json.charCodeAt(i);
    if (code === quote) return i + 1;
    if (code === backslash) i += 1;
  }
  return -1;
}

/** Whether the string from `at` to `end`, quotes included, is `name`, escaped or not. */
function isKey(json: string, at: number, end: number, name: string): boolean {
  const length = end - at - 2;
  if (length === name.length) return json.startsWith(name, at + 1);
  // An escape is at most six characters a letter.
  if (length < name.length || length > name.length * 6) return false;
  const text = json.slice(at, end);
  if (!text.includes("\\")) return false;
  try {
    return JSON.parse(text) === name;
  } catch {
    return false;
  }
}

function isDelimiter(code: number): boolean {
  return code === comma || code === closeBracket || code === closeBrace || isSpace(code);
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

function skipSpace(json: string, at: number): number {
  let next = at;
  while (isSpace(json.charCodeAt(next))) next += 1;
  return next;
}

const endsAt = (json: string, at: number): boolean => skipSpace(json, at) === json.length;
