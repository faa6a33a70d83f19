import type { Value } from "./value.ts";

/**
 * What one attempt knows about its event and delivery: everything a macro can stand for.
 *
 * `occurredAt` and `acceptedAt` are RFC 3339 texts in UTC, rendered as they are. `attempt` counts from 1.
 * `dataText` is the event's data as the JSON text that was accepted; it must be valid JSON, and so must `item.text`.
 */
export interface PostbackFacts {
  readonly eventId: string;
  readonly deliveryId: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly occurredAt: string;
  readonly acceptedAt: string;
  readonly partner: string;
  readonly endpoint: string;
  readonly attempt: number;
  readonly dataText: string;
  /** Of a request for one item of a list: the item's JSON text, and its number from 1. */
  readonly item?: { readonly text: string; readonly n: number };
}

/** How each root that is a fact is read. */
const readers = {
  event_id: (facts: PostbackFacts): Value => facts.eventId,
  delivery_id: (facts: PostbackFacts): Value => facts.deliveryId,
  type: (facts: PostbackFacts): Value => facts.type,
  schema_version: (facts: PostbackFacts): Value => ({ json: String(facts.schemaVersion) }),
  occurred_at: (facts: PostbackFacts): Value => facts.occurredAt,
  accepted_at: (facts: PostbackFacts): Value => facts.acceptedAt,
  partner: (facts: PostbackFacts): Value => facts.partner,
  endpoint: (facts: PostbackFacts): Value => facts.endpoint,
  attempt: (facts: PostbackFacts): Value => ({ json: String(facts.attempt) }),
} as const;

export type FactRoot = keyof typeof readers;

/** The roots that are facts of the event and the delivery. */
export const factRoots: readonly string[] = Object.keys(readers);

/** Whether `name` is a root that is a fact. */
export function isFactRoot(name: string): name is FactRoot {
  return Object.hasOwn(readers, name);
}

/** The value of a root that is a fact. */
export function readFact(root: FactRoot, facts: PostbackFacts): Value {
  return readers[root](facts);
}
