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
