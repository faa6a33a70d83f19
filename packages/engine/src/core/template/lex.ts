import type { Report } from "./issue.ts";
import { type MacroSource, parseMacro } from "./parse-macro.ts";

/** Literal text between macros; one escaped brace is a part of its own, two source characters wide. */
export interface LiteralPart {
  readonly kind: "literal";
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A macro in its place; `macro` is null when it was refused (and reported), its place still matters. */
interface MacroPart {
  readonly kind: "macro";
  readonly macro: MacroSource | null;
  readonly start: number;
  readonly end: number;
}

export type Part = LiteralPart | MacroPart;

const brace = /[{}]/g;

function nextBrace(source: string, from: number): number {
  brace.lastIndex = from;
  return brace.exec(source)?.index ?? source.length;
}

function lexMacro(source: string, start: number, report: Report): MacroPart {
  const parsed = parseMacro(source, start);
  if ("macro" in parsed) return { kind: "macro", macro: parsed.macro, start, end: parsed.end };
  report(parsed.failure.code, parsed.failure.position, parsed.failure.message);
  // Reading goes on after the next closing brace: each character is passed over a bounded number of times.
  const close = source.indexOf("}", start);
  const end = parsed.end ?? (close === -1 ? source.length : close + 1);
  return { kind: "macro", macro: null, start, end };
}

/**
 * Splits a template string into literal text and macros, in order and without gaps. `{{` and `}}` stand for one
 * brace. Never throws; what is wrong is reported and skipped, so that all mistakes are found at once.
 */
export function lex(source: string, report: Report): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  while (at < source.length) {
    const start = nextBrace(source, at);
    if (start > at) parts.push({ kind: "literal", text: source.slice(at, start), start: at, end: start });
    if (start === source.length) break;
    const char = source[start] as string;
    if (source[start + 1] === char) {
      parts.push({ kind: "literal", text: char, start, end: start + 2 });
    } else if (char === "{") {
      parts.push(lexMacro(source, start, report));
    } else {
      report("stray_brace", start, 'No macro is open here: write "}}" for a literal brace.');
      parts.push({ kind: "literal", text: char, start, end: start + 1 });
    }
    at = (parts.at(-1) as Part).end;
  }
  return parts;
}

/** Whether the part is an escaped brace. */
export function isEscapedBrace(part: Part): boolean {
  return part.kind === "literal" && part.end - part.start > part.text.length;
}
