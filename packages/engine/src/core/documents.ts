/** The documents that operators write, as they are stored. What they hold is declared in the contract, once. */
import { completeEndpoint, type EndpointDocument, withExactNumbers } from "@postrider/contract";
import { parseExactJson } from "@postrider/contract/exact-json";

export {
  type BreakerDocument,
  type EndpointDocument,
  endpointDefaults,
  type PartnerDocument,
  partnerDefaults,
  type RetryDocument,
} from "@postrider/contract";

/**
 * An endpoint document from its JSON text, as the ledger stores it. Numbers in its body and parameters keep their digits; keys that
 * were unknown when it was stored have their default. The body's depth must have been checked, as `checkEndpoint` does.
 *
 * @example parseEndpointDocument('{"url":"https://a.example/","body":{"rate":10.50},…}')
 */
export function parseEndpointDocument(text: string): EndpointDocument {
  const document = completeEndpoint(JSON.parse(text) as { url: string });
  const hasJson = typeof document.body === "object" || document.parameters.length > 0;
  if (!hasJson && document.verdicts.every(({ when }) => when.json === undefined)) return document;
  return withExactNumbers(document, parseExactJson(text) as object);
}
