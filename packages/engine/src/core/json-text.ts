/**
 * Reads JSON text in place. What is stored and sent is what was given (`10.50`, `12345678901234567890`): a parse and a
 * stringify would lose digits, so values are found and cut out. Each value costs time in proportion to its length,
 * whatever it contains: a parse of hostile JSON costs twenty times as much (5 MiB of brackets: 300 ms).
 * Invariants: every function is total (malformed text ends early, nothing throws), linear, and not recursive.
 *
 * @packageDocumentation
 */
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

/** The index after the value that starts at `at`, or -1 if there is none or it never ends. */
export function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === quote) return endOfString(text, at);
  if (isContainer(text, at)) return passOver(text, { at, depth: 0 }, text.length) ?? -1;
  let index = at;
  while (index < text.length && !isDelimiter(text.charCodeAt(index))) index += 1;
  return index === at ? -1 : index;
}

function isDelimiter(code: number): boolean {
  return code === comma || code === closeBrace || code === closeBracket || isSpace(code);
}

/** How far an object or array has been passed over. */
interface Scan {
  at: number;
  depth: number;
}

/**
 * Passes over an object or array as far as `to`: the index after it, -1 if it never ends, null if its end is further on.
 * A loop, not a recursion: the depth is the sender's choice.
 */
function passOver(text: string, scan: Scan, to: number): number | null {
  let { at, depth } = scan;
  const stop = Math.min(to, text.length);
  for (; at < stop; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = endOfString(text, at);
      if (end === -1) return -1;
      at = end - 1;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  scan.at = at;
  scan.depth = depth;
  return null;
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

/**
 * Calls `visit` with the name (or the index) of each member of the object or array at `at`, and with the start and the
 * end of its value, in source order. A name that occurs twice is visited twice; as in `JSON.parse`, the last one counts.
 */
export function forEachMember(
  text: string,
  at: number,
  visit: (name: string, start: number, end: number) => void,
): void {
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
    if (end === -1) return;
    visit(name, index, end);
    index = skipSpace(text, end);
    if (text.charCodeAt(index) !== comma) return;
    index = skipSpace(text, index + 1);
  }
}

/**
 * The items of a list as JSON texts: the first `most` of them, and how many there are.
 *
 * @param list JSON text that begins with `[`
 * @example cutItems("[1.50, {}]", 1) // { texts: ["1.50"], count: 2 }
 */
export function cutItems(
  list: string,
  most: number,
): { readonly texts: readonly string[]; readonly count: number } {
  const texts: string[] = [];
  let count = 0;
  forEachMember(list, 0, (_, start, end) => {
    count += 1;
    if (count <= most) texts.push(list.slice(start, end));
  });
  return { texts, count };
}

/**
 * The text of an object's own member, the last one if it is repeated, as `JSON.parse` has it; null if there is
 * none. The text must be known to be JSON; in the beginning of one, what stands whole in it is found.
 *
 * @example memberText('{"data":{"a":1.50}, "b":2}', "data") // '{"a":1.50}'
 */
export function memberText(text: string, name: string): string | null {
  const at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== openBrace) return null;
  let found: string | null = null;
  forEachMember(text, at, (key, start, end) => {
    if (key === name) found = text.slice(start, end);
  });
  return found;
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

/** Elements, and characters of one of them, between two looks at the clock. */
const elementsPerLook = 256;
const charsPerLook = 128 * 1024;

/** Keys beside the list that are named, and characters of each. */
const mostOthers = 101;
const longestKey = 200;

/** Long work, cut into slices so that other work of the process gets its turn. */
export interface Slices {
  /** True if the slice that runs has used its time. Cheap: ask after every small step. */
  over(): boolean;
  /** Resolves when the next slice may run. */
  next(): Promise<void>;
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
  text: string,
  name: string,
  most: number,
  slices: Slices,
): Promise<CutList | "broken" | null> {
  const others = new Set<string>();
  let found: Pick<CutList, "texts" | "count"> | null = null;
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== openBrace) return "broken";
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === closeBrace) return endsAt(text, at + 1) ? null : "broken";
  for (;;) {
    const keyEnd = text.charCodeAt(at) === quote ? endOfString(text, at) : -1;
    const colonAt = keyEnd === -1 ? -1 : skipSpace(text, keyEnd);
    if (text.charCodeAt(colonAt) !== colon) return "broken";
    const valueAt = skipSpace(text, colonAt + 1);
    let end: number;
    if (!isKey(text, at, keyEnd, name)) {
      const ended = endOfLongValue(text, valueAt, slices);
      end = typeof ended === "number" ? ended : await ended;
      if (others.size < mostOthers) others.add(text.slice(at + 1, keyEnd - 1).slice(0, longestKey));
    } else if (text.charCodeAt(valueAt) === openBracket) {
      const cut = await cutElements(text, valueAt, most, slices);
      end = cut.end;
      found = { texts: cut.texts, count: cut.count };
    } else {
      end = endOfValue(text, valueAt);
      found = { texts: null, count: 0 };
    }
    if (end === -1) return "broken";
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === closeBrace) break;
    if (text.charCodeAt(at) !== comma) return "broken";
    at = skipSpace(text, at + 1);
    if (slices.over()) await slices.next();
  }
  if (!endsAt(text, at + 1)) return "broken";
  return found === null ? null : { ...found, others: [...others] };
}

/** The elements of the list whose bracket is at `listAt`, and the index after it, -1 if it has no end. */
async function cutElements(
  text: string,
  listAt: number,
  most: number,
  slices: Slices,
): Promise<{ texts: string[]; count: number; end: number }> {
  const texts: string[] = [];
  const isLong = text.length - listAt > charsPerLook;
  let count = 0;
  let at = skipSpace(text, listAt + 1);
  if (text.charCodeAt(at) === closeBracket) return { texts, count, end: at + 1 };
  for (;;) {
    const ended = isLong ? endOfLongValue(text, at, slices) : endOfValue(text, at);
    const end = typeof ended === "number" ? ended : await ended;
    if (end === -1) return { texts, count, end };
    count += 1;
    if (count <= most) texts.push(text.slice(at, end));
    at = skipSpace(text, end);
    const next = text.charCodeAt(at);
    if (next === closeBracket) return { texts, count, end: at + 1 };
    if (next !== comma) return { texts, count, end: -1 };
    at = skipSpace(text, at + 1);
    if (count % elementsPerLook === 0 && slices.over()) await slices.next();
  }
}

/**
 * As `endOfValue`, but it gives the event loop back while it passes over megabytes. A short value, which is the rule,
 * makes no promise: a body of 400,000 keys made as many.
 */
function endOfLongValue(text: string, at: number, slices: Slices): number | Promise<number> {
  if (!isContainer(text, at)) return endOfValue(text, at);
  const scan = { at, depth: 0 };
  const end = passOver(text, scan, at + charsPerLook);
  return end ?? endOfScan(text, scan, slices);
}

async function endOfScan(text: string, scan: Scan, slices: Slices): Promise<number> {
  while (scan.at < text.length) {
    if (slices.over()) await slices.next();
    const end = passOver(text, scan, scan.at + charsPerLook);
    if (end !== null) return end;
  }
  return -1;
}

/** Whether the string from `at` to `end`, quotes included, is `name`, escaped or not. */
function isKey(text: string, at: number, end: number, name: string): boolean {
  const length = end - at - 2;
  if (length === name.length) return text.startsWith(name, at + 1);
  // An escape is at most six characters a letter.
  if (length < name.length || length > name.length * 6) return false;
  return decodeString(text.slice(at, end)) === name;
}

const endsAt = (text: string, at: number): boolean => skipSpace(text, at) === text.length;
