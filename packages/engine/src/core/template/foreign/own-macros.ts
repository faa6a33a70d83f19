import { lex } from "../lex.ts";
import { macroMask } from "../url-text.ts";

/**
 * The text with each macro of Postrider blotted out at equal length; all else stays, also what is no good macro.
 *
 * @example maskOwnMacros("a={event_id}&b={x}") // "a=\uFDD0…&b={x}"
 */
export function maskOwnMacros(text: string): string {
  return lex(text, () => {})
    .map((part) =>
      part.kind === "macro" && part.macro !== null
        ? macroMask.repeat(part.end - part.start)
        : text.slice(part.start, part.end),
    )
    .join("");
}

/** Macros of ours by words that platforms have for something else: CJ's `{type}` is the number of an action. */
export const ambiguousNames: ReadonlySet<string> = new Set(["type", "partner", "endpoint", "attempt"]);

/**
 * The same without those whose name is ambiguous: a reader has to say that they are ours.
 *
 * @example maskSureMacros("a={event_id}&b={type}") // "a=\uFDD0…&b={type}"
 */
export function maskSureMacros(text: string): string {
  const masked = maskOwnMacros(text);
  const found = [...text.matchAll(/\{(\w{1,8})\}/g)].filter(
    ({ 1: name = "", index }) => ambiguousNames.has(name) && masked[index] === macroMask,
  );
  let result = "";
  let at = 0;
  for (const { 0: macro, index } of found) {
    result += masked.slice(at, index) + macro;
    at = index + macro.length;
  }
  return result + masked.slice(at);
}
