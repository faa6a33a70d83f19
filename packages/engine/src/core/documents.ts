/** The documents that operators write, as they are stored. What they hold is declared in the contract, once. */
import { type BodyDocument, completeEndpoint, type EndpointDocument } from "@postrider/contract";
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
  const document = completeEndpoint(JSON.parse(text) as { url: string });
  if (typeof document.body !== "object") return document;
  // Only the body: elsewhere numbers are settings, with which the code calculates.
  return { ...document, body: (parseExactJson(text) as { body: BodyDocument }).body };
}
