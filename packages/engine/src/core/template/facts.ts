import type { Value } from "./value.ts";

/**
 * What one attempt knows about its event and delivery: everything a macro can stand for.
 *
 * `occurredAt` and `acceptedAt` are RFC 3339 texts in UTC, rendered as they are. `attempt` counts from 1.
 * `dataText` is the event's data as the JSON text that was accepted; it must be valid JSON.
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
}

/** How each root but `data` is read from the facts. */
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

/** The first names a macro may start with; only `data` goes deeper. */
export const macroRoots: readonly string[] = [...Object.keys(readers), "data"];

/** Whether `name` is a root other than `data`. */
export function isFactRoot(name: string): name is FactRoot {
  return Object.hasOwn(readers, name);
}

/** The value of a root other than `data`. */
export function readFact(root: FactRoot, facts: PostbackFacts): Value {
  return readers[root](facts);
}
