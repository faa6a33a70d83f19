import { ProtocolError } from "./errors.ts";
import { duplicated, parseSignatureHeader, type ReceivedSignatures } from "./signature-header.ts";
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
  const names = namesOf[prefix];
  const values = collect(source, names);
  const id = single(values.id, names.id);
  const timestamp = single(values.timestamp, names.timestamp);
  const signature = single(values.signature, names.signature);
  if (id.includes(",")) throw duplicated(names.id);
  if (timestamp.includes(",")) throw duplicated(names.timestamp);
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
      "The webhook-timestamp must be plain digits: whole seconds since 1970.",
    );
  }
  const timestampSeconds = Number(text);
  if (timestampSeconds >= firstImplausibleSecond) throw timestampInMilliseconds();
  return timestampSeconds;
}

type Names = Readonly<Record<"id" | "timestamp" | "signature", string>>;

const namesOf: Readonly<Record<HeaderPrefix, Names>> = {
  "webhook-": { id: idHeader, timestamp: timestampHeader, signature: signatureHeader },
  "svix-": { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" },
};

/** What was found under one name: nothing, one value, or a list with more. */
type Found = string | string[] | undefined;

function collect(source: HeaderSource, names: Names): Record<keyof Names, Found> {
  if (typeof source !== "object" || source === null) throw unreadable();
  const found: Record<keyof Names, Found> = { id: undefined, timestamp: undefined, signature: undefined };
  if (!(Symbol.iterator in source)) {
    // Not over `Object.keys`, which would make a list for each request.
    for (const name in source) {
      if (mayBeOneOf(names, name) && Object.hasOwn(source, name)) take(found, names, name, source[name]);
    }
  } else if (isHeaders(source)) {
    // Asking for three names costs a tenth of walking over a Headers, which sorts them; both join duplicates.
    found.id = source.get(names.id) ?? undefined;
    found.timestamp = source.get(names.timestamp) ?? undefined;
    found.signature = source.get(names.signature) ?? undefined;
  } else {
    for (const pair of source as Iterable<unknown>) {
      if (!Array.isArray(pair) || pair.length !== 2) throw unreadable();
      const [name, value] = pair as unknown[];
      if (typeof name !== "string") throw unreadable();
      if (mayBeOneOf(names, name)) take(found, names, name, value);
    }
  }
  return found;
}

function isHeaders(source: object): source is Headers {
  return Object.prototype.toString.call(source) === "[object Headers]";
}

/** By the first letter: a request carries many headers, and few are worth a copy in lower case. */
function mayBeOneOf(names: Names, name: string): boolean {
  return (name.charCodeAt(0) | 0x20) === names.id.charCodeAt(0);
}

function take(found: Record<keyof Names, Found>, names: Names, name: string, value: unknown): void {
  const lower = name.toLowerCase();
  if (lower === names.id) found.id = added(found.id, value);
  else if (lower === names.timestamp) found.timestamp = added(found.timestamp, value);
  else if (lower === names.signature) found.signature = added(found.signature, value);
}

function added(before: Found, value: unknown): Found {
  if (value === undefined) return before;
  if (before === undefined && typeof value === "string") return value;
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  if (!texts.every((text) => typeof text === "string")) throw unreadable();
  return before === undefined ? texts : [before, texts].flat();
}

function single(found: string | readonly string[] | undefined, name: string): string {
  if (typeof found === "object" && found.length > 1) throw duplicated(name);
  const value = typeof found === "object" ? found[0] : found;
  if (value === undefined || value === "") {
    throw new ProtocolError(
      "header_missing",
      { header: name },
      `The header ${name} is missing or empty: check that no proxy drops or renames it.`,
    );
  }
  return value;
}

function unreadable(): ProtocolError<"headers_unreadable"> {
  return new ProtocolError(
    "headers_unreadable",
    {},
    "The headers must be a Headers, a record or pairs of strings.",
  );
}
