import { isEscapedBrace, type LiteralPart, type Part } from "./lex.ts";

/** The most characters a URL may have, as template and as rendered; what proxies and servers commonly accept. */
export const longestUrl = 8000;

/** A path segment that a WHATWG URL parser would resolve instead of send. */
export const dotSegment = /^(?:\.|%2e){1,2}$/i;

/** Stand-ins for a macro and an escaped brace: noncharacters, which Unicode keeps for internal use. */
export const macroMask = "\uFDD0";
export const braceMask = "\uFDD1";

/**
 * The source with each macro and escaped brace blotted out at equal length, so that the structure of a URL can be
 * read from its literal text alone while positions stay those of the source.
 */
export function maskParts(parts: readonly Part[]): string {
  let masked = "";
  for (const part of parts) {
    if (part.kind === "macro") masked += macroMask.repeat(part.end - part.start);
    else masked += isEscapedBrace(part) ? braceMask.repeat(2) : part.text;
  }
  return masked;
}

function cut(part: LiteralPart, from: number, to: number): LiteralPart {
  const text = part.text.slice(from - part.start, to - part.start);
  return { kind: "literal", text, start: from, end: to };
}

/** The parts between two positions; literal text is cut at them. */
export function partsBetween(parts: readonly Part[], from: number, to: number): readonly Part[] {
  const between: Part[] = [];
  for (const part of parts) {
    const start = Math.max(part.start, from);
    const end = Math.min(part.end, to);
    if (start >= end) continue;
    between.push(part.kind === "macro" || isEscapedBrace(part) ? part : cut(part, start, end));
  }
  return between;
}

/** The parts between the occurrences of `delimiter` (one character) in literal text. */
export function splitParts(parts: readonly Part[], delimiter: string): readonly (readonly Part[])[] {
  let current: Part[] = [];
  const groups = [current];
  for (const part of parts) {
    if (part.kind === "macro" || isEscapedBrace(part)) {
      current.push(part);
      continue;
    }
    let from = part.start;
    for (const [count, text] of part.text.split(delimiter).entries()) {
      if (count > 0) groups.push((current = []));
      if (text !== "") current.push(cut(part, from, from + text.length));
      from += text.length + 1;
    }
  }
  return groups;
}
