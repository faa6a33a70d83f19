/** How events come into the ledger. */

export interface AcceptResult {
  readonly event_id: string;
  /** `backlog_full`: nothing was stored, because so much waits for the partner it is addressed to; send it again later. */
  readonly status: "accepted" | "duplicate" | "conflict" | "invalid" | "backlog_full";
  /** Deliveries the event has (of the first acceptance, if it is a duplicate). */
  readonly deliveries: number;
  readonly error?: string;
}

/** An event for a door. */
export interface AcceptEvent {
  readonly event_id: string;
  readonly type: string;
  /** Default 1. */
  readonly schema_version?: number;
  /** ISO 8601 with a zone. Default: the time of acceptance. A repeat that leaves it out is not compared by it. */
  readonly occurred_at?: string;
  readonly partner?: string;
  /** ISO 8601 with a zone: its deliveries are due then, not before. A past instant is now. */
  readonly not_before?: string;
  /** A duration text: its deliveries expire this long after acceptance (or `not_before`), if their endpoint's is longer. */
  readonly expires_after?: string;
  /** Deliveries with the same key to an endpoint with an order go one after the other, as they were accepted. */
  readonly order_key?: string;
  /** A JSON object as text, stored verbatim: numbers keep their digits. Default `{}`. */
  readonly data_text?: string;
}

/** The one door, for application events. */
export interface EventDoor {
  /**
   * Commits events and routes them. Results are in the order given. A shared ledger commits them in one transaction, an
   * embedded one 250 at a time: an error then leaves the first of them committed, and they are duplicates if sent again. Their form is
   * not looked at: only events without `eventIssues` may come here.
   *
   * @throws PostriderError `ledger_unavailable`
   */
  accept(
    events: readonly AcceptEvent[],
    nowMs: number,
  ): Promise<{ readonly results: readonly AcceptResult[]; readonly partnerNos: readonly number[] }>;
  /** Notifies the processes that dispatch, if this one does not. May be lost without harm: the sweep finds the work. */
  announce(partnerNos: readonly number[]): Promise<void>;
}
