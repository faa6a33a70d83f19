/** What the ledger says of one delivery. */
export interface LedgerEntry {
  readonly id: string;
  readonly event_id: string;
  readonly state: string;
  readonly attempts_made: number;
}

/** What a partner says of one request. */
export interface Arrival {
  readonly webhookId: string | null;
  /** The status it answered. */
  readonly answered: number | null;
  readonly verified: boolean;
  /** Whether its content is what the application sent for this delivery. */
  readonly right: boolean;
}

/** Both sides of one partner's story. */
export interface Sides {
  readonly partner: string;
  /** Ids of the events that the application sent to this partner. */
  readonly sent: readonly string[];
  readonly ledger: readonly LedgerEntry[];
  readonly arrivals: readonly Arrival[];
  /** How many of its deliveries were dead before the replay. */
  readonly wereDead: number;
}

/** One partner's line of the final table. */
export interface Line {
  readonly partner: string;
  readonly events: number;
  readonly delivered: number;
  readonly attempts: number;
  /** Attempts beside the first one, and the first one after the replay. */
  readonly retries: number;
  readonly replayed: number;
  readonly verified: number;
  /** Requests whose `webhook-id` had come before; each is an attempt that the ledger knows, or a problem. */
  readonly repeats: number;
  /** What is lost or cannot be explained, in words; empty where the books balance. */
  readonly problems: readonly string[];
}

/**
 * Holds the ledger against what the partner really received.
 *
 * @example reconcile(sides).problems // [] where nothing is lost or unexplained
 */
export function reconcile({ partner, sent, ledger, arrivals, wereDead }: Sides): Line {
  const arrived = Map.groupBy(arrivals, ({ webhookId }) => webhookId);
  const known = new Set<string | null>(ledger.map(({ id }) => id));
  const routed = new Set(ledger.map(({ event_id: id }) => id));
  const attempts = ledger.reduce((sum, { attempts_made: made }) => sum + made, 0);
  const counted: readonly (readonly [count: number, problem: string])[] = [
    [sent.filter((id) => !routed.has(id)).length, "events have no delivery"],
    [ledger.length - routed.size, "events have more than one delivery"],
    [ledger.filter(({ state }) => state !== "delivered").length, "deliveries are not delivered"],
    [ledger.filter(({ id }) => !wasAccepted(arrived.get(id))).length, "deliveries never reached the partner"],
    [
      ledger.filter((entry) => (arrived.get(entry.id)?.length ?? 0) > entry.attempts_made).length,
      "deliveries came more often than was attempted",
    ],
    [
      ledger.filter((entry) => (arrived.get(entry.id)?.length ?? 0) < entry.attempts_made).length,
      "deliveries came less often than was attempted",
    ],
    [[...arrived.keys()].filter((id) => !known.has(id)).length, "webhook-ids are unknown to the ledger"],
    [arrivals.filter(({ verified }) => !verified).length, "signatures do not verify"],
    [arrivals.filter(({ right }) => !right).length, "requests have other content than was sent"],
  ];
  return {
    partner,
    events: sent.length,
    delivered: ledger.filter(({ state }) => state === "delivered").length,
    attempts,
    retries: attempts - ledger.length - wereDead,
    replayed: wereDead,
    verified: arrivals.filter(({ verified }) => verified).length,
    repeats: arrivals.length - arrived.size,
    problems: counted.flatMap(([count, problem]) => (count > 0 ? `${partner}: ${count} ${problem}` : [])),
  };
}

function wasAccepted(requests: readonly Arrival[] = []): boolean {
  return requests.some(({ answered }) => answered !== null && answered >= 200 && answered < 300);
}
