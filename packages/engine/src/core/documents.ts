/** The documents that operators write, as they are stored. What they hold is declared in the contract, once. */
import {
  type BodyDocument,
  completeEndpoint,
  type EndpointDocument,
  type VerdictRule,
} from "@postrider/contract";
import { parseExactJson } from "./exact-json.ts";

export {
  type BreakerDocument,
  type EndpointDocument,
  endpointDefaults,
  type PartnerDocument,
  partnerDefaults,
  type RetryDocument,
} from "@postrider/contract";

/**
 * An endpoint document from its JSON text, as the ledger stores it. Numbers in its body keep their digits; keys that
 * were unknown when it was stored have their default. The body's depth must have been checked, as `checkEndpoint` does.
 *
 * @example parseEndpointDocument('{"url":"https://a.example/","body":{"rate":10.50},…}')
 */
export function parseEndpointDocument(text: string): EndpointDocument {
  return withExactNumbers(completeEndpoint(JSON.parse(text) as { url: string }), text);
}

/**
 * The document whose JSON text is given, with all digits of the numbers in its body and in what its verdict rules
 * expect of JSON. Elsewhere numbers are settings, with which the code calculates. The body's depth must have been checked.
 */
export function withExactNumbers<
  Document extends { readonly body?: BodyDocument | undefined; readonly verdicts?: readonly VerdictRule[] },
>(document: Document, text: string): Document {
  const hasBody = typeof document.body === "object";
  const verdicts = document.verdicts ?? [];
  if (!hasBody && verdicts.every(({ when }) => when.json === undefined)) return document;
  const exact = parseExactJson(text) as Document & Pick<EndpointDocument, "body" | "verdicts">;
  return {
    ...document,
    ...(hasBody ? { body: exact.body } : {}),
    ...(verdicts.length > 0 ? { verdicts: withExactRules(verdicts, exact.verdicts) } : {}),
  };
}

/** The rules with the expectations of those that were parsed with all digits. */
export function withExactRules(
  rules: readonly VerdictRule[],
  exact: readonly VerdictRule[],
): readonly VerdictRule[] {
  return rules.map((rule, index) => {
    const json = exact[index]?.when.json;
    return json === undefined ? rule : { ...rule, when: { ...rule.when, json } };
  });
}
