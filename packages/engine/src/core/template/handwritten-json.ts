import { textsWithin } from "../document-texts.ts";
import type { TemplateSource } from "./compile.ts";
import { lex } from "./lex.ts";
import { macroMask } from "./url-text.ts";

/** A text that is JSON written by hand, with a macro in it. A value with a quote can add a key to it. */
export interface HandwrittenJson {
  /** Where: `body.eventValue`, `parameters[0].params.data`, `url`. */
  readonly field: string;
  /** The path of the first macro in it. */
  readonly macro: string;
}

const mostFound = 10;

const ignore = (): void => undefined;

/** An opening brace and a quote; or a name, a colon and a macro, quoted or not. */
const looksLikeJson = new RegExp(`\\{ ?"|": ?"?${macroMask}`);
const encoded = /%(?:22|7B|3A|20)/gi;

function macroInJson(text: string): string | null {
  const parts = lex(text, ignore);
  const macro = parts.find((part) => part.kind === "macro" && part.macro !== null);
  if (macro?.kind !== "macro" || macro.macro === null) return null;
  const literal = parts.map((part) => (part.kind === "literal" ? part.text : macroMask)).join("");
  const decoded = literal.replace(encoded, decodeURIComponent);
  return looksLikeJson.test(decoded) ? macro.macro.name : null;
}

/**
 * The places of a template where JSON text is written by hand beside macros, at most ten: a `{"$json": …}` node belongs
 * there, which no value can leave.
 *
 * @example findHandwrittenJson({ url, body: { e: "{{\"id\":\"{data.id}\"}}" } }) // [{ field: "body.e", macro: "data.id" }]
 */
export function findHandwrittenJson(
  source: Pick<TemplateSource, "url" | "headers" | "parameters" | "body">,
): readonly HandwrittenJson[] {
  const { url, headers = {}, parameters = [], body = "none" } = source;
  const found: HandwrittenJson[] = [];
  for (const [name, part] of Object.entries({ url, headers, parameters, body })) {
    for (const { field, text } of textsWithin(part, name)) {
      const macro = macroInJson(text);
      if (macro !== null) found.push({ field, macro });
      if (found.length === mostFound) return found;
    }
  }
  return found;
}

/**
 * What to tell of one.
 *
 * @example handwrittenJsonMessage({ field: "body.e", macro: "data.id" }) // "body.e is JSON text …"
 */
export const handwrittenJsonMessage = ({ field, macro }: HandwrittenJson): string =>
  `${field} is JSON text written by hand: a value of {${macro}} with a quote can add a key to it. Write {"$json": {…}} in its place; in a URL, move the parameter into "parameters".`;
