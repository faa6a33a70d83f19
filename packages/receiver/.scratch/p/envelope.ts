import { optionInvalid } from "./timestamp.ts";

/**
 * The default body of a postback: Standard Webhooks' payload with the event's id and schema version.
 *
 * Types only; check what you receive with a schema at your edge. Unknown further fields may come: ignore them.
 */
export interface Envelope<Type extends string = string, Data = unknown> {
  /** The event's id; not the `webhook-id`, which names the delivery. */
  id: string;
  /** Full-stop delimited, for example `conversion.approved`. */
  type: Type;
  /** When the event happened: RFC 3339, UTC. Not the time of the attempt. */
  timestamp: string;
  /** Version of the shape of `data`, from 1. */
  schema_version: number;
  data: Data;
}

/** The parts of an envelope to be written. */
export interface EnvelopeParts {
  eventId: string;
  type: string;
  /** RFC 3339 text, written as it is. */
  occurredAt: string;
  /** Whole number from 1. */
  schemaVersion: number;
  /** The JSON text of `data`, written as it is: `1e400`, `0.10` and long integers survive. Not checked to be JSON. */
  dataText: string;
}

/**
 * The envelope's JSON text, keys in fixed order, `data` verbatim: the same parts always give the same bytes.
 *
 * @throws ProtocolError `option_invalid` for an empty `dataText` or a `schemaVersion` that is no whole number from 1
 * @example
 * ```ts
 * serializeEnvelope({ eventId: "conv-1", type: "conversion.approved", occurredAt, schemaVersion: 1, dataText: '{"payout":1.10}' });
 * ```
 */
export function serializeEnvelope({
  eventId,
  type,
  occurredAt,
  schemaVersion,
  dataText,
}: EnvelopeParts): string {
  if (dataText === "") throw optionInvalid("dataText", "the JSON text of data, for example null");
  if (!Number.isSafeInteger(schemaVersion) || schemaVersion < 1) {
    throw optionInvalid("schemaVersion", "a whole number from 1");
  }
  const head = `{"id":${JSON.stringify(eventId)},"type":${JSON.stringify(type)},"timestamp":${JSON.stringify(occurredAt)}`;
  return `${head},"schema_version":${schemaVersion},"data":${dataText}}`;
}
