/** What a template reads of an event, apart from its delivery. */
export interface EventFacts {
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  /** In UTC. */
  readonly occurredAt: string;
  readonly acceptedAtMs: number;
  /** The JSON text that was accepted. */
  readonly dataText: string;
}

/** An event that somebody wants to see the request of. Its form was judged; what is missing is made up. */
export interface SampleEvent {
  readonly event_id?: string;
  readonly type?: string;
  readonly schema_version?: number;
  readonly occurred_at?: string;
  /** A JSON object as text: numbers keep their digits. */
  readonly data_text?: string;
}

/** The sample that a test postback or a preview carries if no event is chosen. */
export const sampleEvent = {
  type: "postrider.test",
  data: {
    test: true,
    click_id: "test-click",
    transaction_id: "test-transaction",
    payout: "0.00",
    currency: "USD",
    status: "test",
  },
} as const;

/**
 * A sample as templates read it, as if it were accepted now.
 *
 * @param eventId its id if it has none of its own
 */
export function sampleFacts(given: SampleEvent, eventId: string, nowMs: number): EventFacts {
  return {
    eventId: given.event_id ?? eventId,
    type: given.type ?? sampleEvent.type,
    schemaVersion: given.schema_version ?? 1,
    occurredAt: given.occurred_at === undefined ? new Date(nowMs).toISOString() : utcText(given.occurred_at),
    acceptedAtMs: nowMs,
    dataText: given.data_text ?? JSON.stringify(sampleEvent.data),
  };
}

/**
 * An instant in UTC with the digits given, as the ledger stores it (`postrider.utc_text`).
 *
 * @example utcText("2026-01-31T11:00:00.5+01:00") // "2026-01-31T10:00:00.500Z"
 */
export function utcText(instant: string): string {
  if (instant.endsWith("Z")) return instant;
  const fraction = /\.\d+/.exec(instant)?.[0] ?? ".";
  const seconds = new Date(instant.slice(0, 19) + instant.slice(-6)).toISOString().slice(0, 19);
  return `${seconds}${fraction.padEnd(4, "0")}Z`;
}
