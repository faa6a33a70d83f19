/** What every event may carry besides its type, version and data. */
export interface EventFields {
  /** Names the fact, once and for ever: the same id and content twice is one event. Made for you if absent. */
  readonly event_id?: string;
  /**
   * When it happened: a `Date`, or RFC 3339 text with a zone, sent as written. Default: now, where the id is made for
   * you too; beside an id of yours it is left to the ledger, because a repeat with another time would be a conflict.
   */
  readonly occurred_at?: string | Date;
  /** Addresses one partner. Default: every endpoint subscribed to the type. */
  readonly partner?: string;
}

/** An event without a catalogue: the server alone judges type and data. */
export interface AnyEvent extends EventFields {
  /** Full-stop delimited, for example `conversion.approved`. */
  readonly type: string;
  /** Version of the shape of `data`, a whole number from 1. Default 1. */
  readonly schema_version?: number;
  /** An object, of anything JSON can say. */
  readonly data: object;
}

/** An event as it goes over the wire, defaults filled in. */
export interface EventDocument {
  readonly event_id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly occurred_at?: string;
  readonly data: object;
  readonly partner?: string;
}
