/**
 * The texts of documents that operators write. Two things in a JSON string cannot go on from there: U+0000, which
 * PostgreSQL's texts cannot hold, and a lone surrogate, which UTF-8 cannot. Event data may have both, since it is
 * stored as it came.
 */
import type { Issue } from "./errors.ts";
import { isRawNumber } from "@postrider/contract/exact-json";
import { memberField } from "./template/compile-body.ts";

const forbidden = /\0|\p{Surrogate}/u;

/** Places beyond this number are not listed. */
const issueLimit = 20;

/**
 * The places in a document, keys included, whose text cannot be stored and sent: at most 20. The walk is recursive:
 * give it only values of known depth.
 *
 * @example unstorableTexts({ body: { note: "x\0y" } }) // [{ path: "body.note", position: 1, message: "holds U+0000 …" }]
 */
export function unstorableTexts(document: unknown): readonly Issue[] {
  const issues: Issue[] = [];
  walk(document, "", issues);
  return issues;
}

function walk(value: unknown, path: string, issues: Issue[]): void {
  if (issues.length >= issueLimit) return;
  if (typeof value === "string") return check(value, path, "holds", issues);
  if (typeof value !== "object" || value === null || isRawNumber(value)) return;
  if (Array.isArray(value)) return value.forEach((item, index) => walk(item, `${path}[${index}]`, issues));
  for (const [key, member] of Object.entries(value)) {
    const inner = path === "" ? key : memberField(path, key);
    check(key, inner, "has a key with", issues);
    walk(member, inner, issues);
  }
}

/** Deeper documents are refused by the compiler. */
const deepest = 64;

/**
 * The texts in a part of a document, each with its place. Keys are not among them.
 *
 * @param field the place of the part
 * @example [...textsWithin({ a: ["{data.x}"] }, "body")] // [{ field: "body.a[0]", text: "{data.x}" }]
 */
export function* textsWithin(
  value: unknown,
  field: string,
  depth = 1,
): Generator<{ readonly field: string; readonly text: string }> {
  if (typeof value === "string") yield { field, text: value };
  if (typeof value !== "object" || value === null || isRawNumber(value) || depth > deepest) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* textsWithin(item, `${field}[${index}]`, depth + 1);
    return;
  }
  for (const [name, member] of Object.entries(value))
    yield* textsWithin(member, memberField(field, name), depth + 1);
}

/**
 * The first thing in a text that cannot be stored and sent, in words that follow "holds"; null for a good text.
 *
 * @example unstorableText("x\0y") // { position: 1, words: "U+0000, which cannot be stored: remove it" }
 */
export function unstorableText(text: string): { readonly position: number; readonly words: string } | null {
  const position = text.search(forbidden);
  if (position === -1) return null;
  const words =
    text[position] === "\0"
      ? "U+0000, which cannot be stored: remove it"
      : "half of a surrogate pair, which is no character: write both halves, or remove it";
  return { position, words };
}

function check(text: string, path: string, holds: string, issues: Issue[]): void {
  const fault = unstorableText(text);
  if (fault === null || issues.length >= issueLimit) return;
  issues.push({
    path,
    position: fault.position,
    code: "forbidden_character",
    message: `${holds} ${fault.words}`,
  });
}
