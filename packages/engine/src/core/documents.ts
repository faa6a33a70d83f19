/** The documents that operators write, as they are stored. What they hold is declared in the contract, once. */
import { completeEndpoint, type EndpointDocument, withExactNumbers } from "@postrider/contract";
import { parseExactJson } from "@postrider/contract/exact-json";
import { escapeOlderBody } from "./older-body.ts";

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
  const stored = JSON.parse(text) as { readonly url: string };
  const document = completeEndpoint(stored);
  const hasJson = typeof document.body === "object" || document.parameters.length > 0;
  if (!hasJson && document.verdicts.every(({ when }) => when.json === undefined)) return document;
  const exact = withExactNumbers(document, parseExactJson(text) as object);
  // Whatever is stored has all keys of its time, and this one came with the nodes.
  const isOlder = !Object.hasOwn(stored, "parameters");
  return isOlder ? { ...exact, body: escapeOlderBody(exact.body) as EndpointDocument["body"] } : exact;
}
