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
  /** Nothing is sent before: a `Date`, or RFC 3339 text with a zone. A past one is now. Default: at once. */
  readonly not_before?: string | Date;
  /**
   * How long the event is worth delivering, such as `90s` or `7d`, counted from acceptance or `not_before`; at most
   * 365d. Default, and most: what the endpoint says.
   */
  readonly expires_after?: string;
  /**
   * A transaction id or the like, 1 to 200 visible ASCII characters: endpoints with an order send the events of one
   * key one after the other, as they were accepted. Default: in no order.
   */
  readonly order_key?: string;
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
  readonly not_before?: string;
  readonly expires_after?: string;
  readonly order_key?: string;
}
