/**
 * Partners and endpoints as they are in files and in a ledger: without keys, state and counters.
 *
 * @packageDocumentation
 */
import {
  completeEndpoint,
  completePartner,
  type EndpointDocument,
  endpointDefaults,
  endpointDocument,
  isObject,
  partnerDefaults,
  type PartnerDocument,
  partnerDocument,
} from "@postrider/contract";
import { isRawNumber } from "@postrider/contract/exact-json";

/** A partner with its endpoints, complete: each key is there. */
export interface PartnerSettings {
  readonly id: string;
  readonly document: PartnerDocument;
  readonly endpoints: ReadonlyMap<string, EndpointDocument>;
}

type Json = Readonly<Record<string, unknown>>;

/** Whether a value has keys of its own: a number that keeps its digits has none. */
export const hasKeys = (value: unknown): value is Json => isObject(value) && !isRawNumber(value);

/** The document of a partner as the API shows it. */
export function partnerOf(shown: object): PartnerDocument {
  return completePartner(documentIn(shown, partnerDocument.shape) as { name: string });
}

/** The document of an endpoint as the API shows it. Numbers in its body keep their digits. */
export function endpointOf(shown: object): EndpointDocument {
  return completeEndpoint(documentIn(shown, endpointDocument.shape) as { url: string });
}

/** What is shown beside the document is left out. */
const documentIn = (shown: object, keys: object): object =>
  Object.fromEntries(Object.entries(shown).filter(([key]) => Object.hasOwn(keys, key)));

/**
 * Whether two values are the same JSON. The order of keys has no meaning, apart from a body, which is sent as it is
 * written: compare those as texts.
 */
export function same(one: unknown, other: unknown): boolean {
  if (hasKeys(one) && hasKeys(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]))
    );
  }
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether two documents of a partner, or of an endpoint, are the same. */
export function sameDocument(one: Json, other: Json): boolean {
  return same(one, other) && JSON.stringify(one["body"]) === JSON.stringify(other["body"]);
}

/** The keys of a partner that do not have their default, in the order of the contract. */
export function chosenOfPartner(document: PartnerDocument): Json {
  return chosen(document, partnerDefaults, Object.keys(partnerDocument.shape));
}

/** The keys of an endpoint that do not have their default, in the order of the contract. */
export function chosenOfEndpoint(document: EndpointDocument): Json {
  const defaults = { ...endpointDefaults, body: document.method === "GET" ? "none" : "envelope" };
  return chosen(document, defaults, Object.keys(endpointDocument.shape));
}

function chosen(document: Json, defaults: Json, names: readonly string[]): Json {
  const kept: [string, unknown][] = [];
  for (const name of new Set([...names, ...Object.keys(document)])) {
    const value = document[name];
    const fallback = defaults[name];
    if (value === undefined || same(value, fallback)) continue;
    const within = hasKeys(value) && hasKeys(fallback);
    kept.push([name, within ? chosen(value, fallback, Object.keys(fallback)) : value]);
  }
  return Object.fromEntries(kept);
}
