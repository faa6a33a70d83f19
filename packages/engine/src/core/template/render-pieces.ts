import type { Parameter, Piece } from "./plan.ts";
import { isMissing, textOf, type Value } from "./value.ts";

/**
 * Joins literal text and macro values; only the values are encoded, literal text already is.
 *
 * @param most a text that gets longer than so many characters is not finished: it is too long, and will not be sent
 */
export function joinPieces(
  pieces: readonly Piece[],
  values: readonly Value[],
  encode: (text: string) => string,
  most: number,
): string {
  let text = "";
  for (const piece of pieces) {
    text += typeof piece === "string" ? piece : encode(textOf(values[piece]));
    if (text.length > most) break;
  }
  return text;
}

/** Whether an optional macro of the parameter is missing, so that the whole parameter is left out. */
export function isDropped(parameter: Pick<Parameter, "optional">, values: readonly Value[]): boolean {
  return parameter.optional.length > 0 && parameter.optional.some((macro) => isMissing(values[macro]));
}
