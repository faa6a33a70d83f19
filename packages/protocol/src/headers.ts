import { ProtocolError } from "./errors.ts";
import { parseSignatureHeader, type ReceivedSignatures } from "./signature-header.ts";
import { checkId, firstImplausibleSecond, timestampInMilliseconds } from "./signing-input.ts";

/** Header with the message's id: the same over all retries and replays. */
export const idHeader = "webhook-id";
/** Header with the attempt's time, in whole seconds since 1970. */
export const timestampHeader = "webhook-timestamp";
/** Header with the signatures. */
export const signatureHeader = "webhook-signature";

/** The three headers of a signed message. */
export type SignedHeaders = Record<typeof idHeader | typeof timestampHeader | typeof signatureHeader, string>;

/**
 * Received headers: a `Headers`, pairs, or a record as Node's `request.headers`. Names match in any case.
 *
 * Pairs and `headersDistinct` show duplicates best; joined values are recognised by their comma.
 */
export type HeaderSource =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** `webhook-` is the standard's spelling; `svix-` is the older one of the same scheme. */
export type HeaderPrefix = "webhook-" | "svix-";

/** The three headers, checked for form; nothing is verified yet. */
export interface ReadHeaders {
  id: string;
  timestampSeconds: number;
  signatures: ReceivedSignatures;
}

/**
 * Finds and parses the three headers strictly: each exactly once, the timestamp plain digits without leading zero.
 *
 * @throws ProtocolError `headers_unreadable`, `header_missing`, `header_duplicated`, `id_malformed`,
 * `timestamp_malformed`, `timestamp_in_milliseconds`, `signature_malformed`, `signatures_too_many`
 */
export function readHeaders(source: HeaderSource, prefix: HeaderPrefix = "webhook-"): ReadHeaders {
  const names = { id: `${prefix}id`, timestamp: `${prefix}timestamp`, signature: `${prefix}signature` };
  const values = collect(source, names);
  const id = single(values.id, names.id);
  const timestamp = single(values.timestamp, names.timestamp);
  const signature = single(values.signature, names.signature);
  for (const [name, value] of [
    [names.id, id],
    [names.timestamp, timestamp],
  ] as const) {
    if (value.includes(",")) throw duplicated(name);
  }
  checkId(id);
  return {
    id,
    timestampSeconds: parseTimestamp(timestamp),
    signatures: parseSignatureHeader(signature, names.signature),
  };
}

function parseTimestamp(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,13})$/.test(text)) {
    throw new ProtocolError(
      "timestamp_malformed",
      {},
      "The webhook-timestamp must be plain digits, whole seconds since 1970: no sign, fraction, letters, spaces or leading zero.",
    );
  }
  const timestampSeconds = Number(text);
  if (timestampSeconds >= firstImplausibleSecond) throw timestampInMilliseconds();
  return timestampSeconds;
}

type Names = Readonly<{ id: string; timestamp: string; signature: string }>;
type Values = Record<keyof Names, string[]>;

function collect(source: HeaderSource, names: Names): Values {
  if (typeof source !== "object" || source === null) throw unreadable();
  const values: Values = { id: [], timestamp: [], signature: [] };
  if (Symbol.iterator in source) {
    for (const pair of source as Iterable<unknown>) {
      if (!Array.isArray(pair) || pair.length !== 2) throw unreadable();
      add(values, names, pair[0], pair[1]);
    }
  } else {
    for (const name of Object.keys(source)) add(values, names, name, source[name]);
  }
  return values;
}

function add(values: Values, names: Names, name: unknown, value: unknown): void {
  if (typeof name !== "string") throw unreadable();
  const key = keyOf(name, names);
  if (key === undefined || value === undefined) return;
  for (const text of Array.isArray(value) ? (value as unknown[]) : [value]) {
    if (typeof text !== "string") throw unreadable();
    values[key].push(text);
  }
}

// By length first: a request carries many headers, and only these three are worth a lower-case copy.
function keyOf(name: string, names: Names): keyof Names | undefined {
  for (const key of ["id", "timestamp", "signature"] as const) {
    if (name.length === names[key].length && name.toLowerCase() === names[key]) return key;
  }
  return undefined;
}

function single(values: readonly string[], name: string): string {
  const [value] = values;
  if (values.length > 1) throw duplicated(name);
  if (value === undefined || value === "") {
    throw new ProtocolError(
      "header_missing",
      { header: name },
      `The header ${name} is missing or empty: pass the request's headers unchanged, and check that no proxy drops or renames it.`,
    );
  }
  return value;
}

function duplicated(header: string): ProtocolError<"header_duplicated"> {
  return new ProtocolError(
    "header_duplicated",
    { header },
    `The header ${header} arrived more than once: let exactly one through, and check what adds the other on the way.`,
  );
}

function unreadable(): ProtocolError<"headers_unreadable"> {
  return new ProtocolError(
    "headers_unreadable",
    {},
    "The headers must be a Headers object, a record of strings, or [name, value] pairs: Node's flat rawHeaders must be paired first.",
  );
}
