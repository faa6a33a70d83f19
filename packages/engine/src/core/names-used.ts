import { parseEndpointDocument } from "./documents.ts";
import { compileTemplate } from "./template/index.ts";

/** The names of the partner's that a template uses, each once. */
export interface NamesUsed {
  readonly secrets: readonly string[];
  readonly constants: readonly string[];
}

const none: NamesUsed = { secrets: [], constants: [] };

/**
 * The secrets and constants that a stored endpoint document uses. A document that does not compile uses none: nothing is
 * sent by it.
 *
 * @param document its JSON text
 * @example namesUsed('{"url":"https://t.example/?k={secret.key}","method":"GET"}').secrets // ["key"]
 */
export function namesUsed(document: string): NamesUsed {
  if (!document.includes("secret") && !document.includes("const")) return none;
  const compiled = compileTemplate(parseEndpointDocument(document));
  return compiled.ok ? compiled.template : none;
}
