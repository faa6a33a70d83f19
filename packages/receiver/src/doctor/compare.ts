import { type JsonNode, jsonTokens, readJson } from "./json-text.ts";

/** A kind of difference between two bodies. */
export type BodyDifference =
  | "whitespace"
  | "key_order"
  | "escapes"
  | "number_format"
  | "trailing_newline"
  | "content";

/**
 * How the body received differs from the one sent, where both are JSON text. Empty if they are the same.
 *
 * For a sender who knows what it sent, and for the doctor when it has found what must have been sent.
 *
 * @example
 * ```ts
 * compareBodies('{"b":1.10,"a":"ü"}', '{ "a": "\\u00fc", "b": 1.1 }'); // whitespace, key_order, escapes, number_format
 * ```
 */
export function compareBodies(sent: string, received: string): BodyDifference[] {
  if (sent === received) return [];
  if (sent.trimEnd() === received.trimEnd()) return ["trailing_newline"];
  const [left, right] = [readJson(sent), readJson(received)];
  if (left === undefined || right === undefined) return ["content"];
  const found = new Set<BodyDifference>();
  compareNodes(left, right, found);
  const [leftTexts, rightTexts] = [strings(sent), strings(received)];
  if (leftTexts !== rightTexts && !found.has("content")) found.add("escapes");
  if (layout(sent) !== layout(received)) found.add("whitespace");
  if (trailing(sent) !== trailing(received)) found.add("trailing_newline");
  if (found.size === 0) found.add("content");
  return [...found];
}

function compareNodes(left: JsonNode, right: JsonNode, found: Set<BodyDifference>): void {
  if (left.kind === "object" && right.kind === "object")
    return compareObjects(left.entries, right.entries, found);
  if (left.kind === "array" && right.kind === "array") {
    if (left.items.length !== right.items.length) return void found.add("content");
    return left.items.forEach((item, index) => compareNodes(item, right.items[index] ?? item, found));
  }
  if (left.kind === "number" && right.kind === "number") {
    if (left.text === right.text) return;
    // The same double: 1.10 and 1.1, and also a long integer that lost its last digits.
    return void found.add(Number(left.text) === Number(right.text) ? "number_format" : "content");
  }
  if (left.kind !== right.kind || JSON.stringify(left) !== JSON.stringify(right)) found.add("content");
}

type Entries = ReadonlyArray<readonly [string, JsonNode]>;

function compareObjects(left: Entries, right: Entries, found: Set<BodyDifference>): void {
  const rest = new Map(right);
  if (left.length !== right.length || left.some(([key]) => !rest.has(key))) return void found.add("content");
  if (left.some(([key], index) => right[index]?.[0] !== key)) found.add("key_order");
  for (const [key, value] of left) compareNodes(value, rest.get(key) ?? value, found);
}

/** All string tokens as written, in an order that does not depend on the order of keys. */
function strings(text: string): string {
  const texts = (jsonTokens(text) ?? []).map((token) => token.text).filter((token) => token.startsWith('"'));
  return texts.sort().join();
}

/** The kinds of white space used, apart from what follows the document. */
function layout(text: string): string {
  const tokens = jsonTokens(text.trimEnd()) ?? [];
  return [...new Set(tokens.map(({ gap, text: own }) => (gap === "" ? "" : `${gap}${own.slice(0, 1)}`)))]
    .map((gap) => gap.replace(/\S$/, ""))
    .sort()
    .join("|");
}

const trailing = (text: string): string => text.slice(text.trimEnd().length);
