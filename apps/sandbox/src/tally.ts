import type { Verdict } from "./verification.ts";

/** Exact counts of one partner since the last clear; they go on when old requests are dropped. */
export interface Tally {
  requests: number;
  duplicates: number;
  /** Every `webhook-id` seen, some 100 bytes each: what exact counts of distinct ids and duplicates cost. */
  ids: Set<string>;
  verdicts: Record<Verdict, number>;
}

/** One partner's line of the summary. */
export interface PartnerSummary {
  requests: number;
  /** Distinct `webhook-id`s. */
  deliveries: number;
  /** Requests whose `webhook-id` was seen before. */
  duplicates: number;
  verified: number;
  failed: number;
  unsigned: number;
  unchecked: number;
}

/** All zero. */
export function newTally(): Tally {
  return {
    requests: 0,
    duplicates: 0,
    ids: new Set(),
    verdicts: { verified: 0, failed: 0, unsigned: 0, unchecked: 0 },
  };
}

/** Counts a request; the answer is whether its id was seen before. */
export function count(tally: Tally, webhookId: string | undefined): boolean {
  tally.requests += 1;
  if (webhookId === undefined) return false;
  const before = tally.ids.size;
  const duplicate = tally.ids.add(webhookId).size === before;
  if (duplicate) tally.duplicates += 1;
  return duplicate;
}

/** The counts as they are shown; settle the verdicts first. */
export function summarize(tally: Tally): PartnerSummary {
  const { requests, ids, duplicates, verdicts } = tally;
  return { requests, deliveries: ids.size, duplicates, ...verdicts };
}
