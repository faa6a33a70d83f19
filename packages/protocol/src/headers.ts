import { ProtocolError } from "./errors.ts";
import { duplicated, parseSignatureHeader, type ReceivedSignatures } from "./signature-header.ts";
import { firstImplausibleSecond, idMalformed, isSafeId, timestampInMilliseconds } from "./signing-input.ts";

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

const plainSeconds = /^(?:0|[1-9]\d{0,13})$/;

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
  const found = collect(source, names);
  const id = single(found[0], names[0]);
  const timestamp = single(found[1], names[1]);
  const signature = single(found[2], names[2]);
  if (!isSafeId(id) || !plainSeconds.test(timestamp)) throw malformed(id, timestamp, names);
  const timestampSeconds = Number(timestamp);
  if (timestampSeconds >= firstImplausibleSecond) throw timestampInMilliseconds();
  return { id, timestampSeconds, signatures: parseSignatureHeader(signature, names[2]) };
}

/** Which it is: looked at only where one of the two is wrong, because each look at a header costs every message. */
function malformed(id: string, timestamp: string, names: Names): ProtocolError {
  if (id.includes(",")) return duplicated(names[0]);
  if (timestamp.includes(",")) return duplicated(names[1]);
  if (!isSafeId(id)) return idMalformed();
  return new ProtocolError(
    "timestamp_malformed",
    {},
    "The webhook-timestamp must be plain digits: whole seconds since 1970.",
  );
}

type Names = readonly [id: string, timestamp: string, signature: string];

const namesOf: Readonly<Record<HeaderPrefix, Names>> = {
  "webhook-": [idHeader, timestampHeader, signatureHeader],
  "svix-": ["svix-id", "svix-timestamp", "svix-signature"],
};

/** What was found under one name: nothing, one value, or a list with more. */
type Found = string | string[] | undefined;

/** What was found under each name, in their order. */
function collect(source: HeaderSource, names: Names): Found[] {
  if (typeof source !== "object" || source === null) throw unreadable();
  const found: Found[] = [undefined, undefined, undefined];
  if (!(Symbol.iterator in source)) {
    // Not over `Object.keys`, which would make a list for each request.
    for (const name in source) {
      if (mayBeOneOf(names, name) && Object.hasOwn(source, name)) take(found, names, name, source[name]);
    }
  } else if (isHeaders(source)) {
    // Asking for three names costs a tenth of walking over a Headers, which sorts them; both join duplicates.
    return names.map((name) => source.get(name) ?? undefined);
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
  return (name.charCodeAt(0) | 0x20) === names[0].charCodeAt(0);
}

function take(found: Found[], names: Names, name: string, value: unknown): void {
  const lower = name.toLowerCase();
  if (lower === names[0]) found[0] = added(found[0], value);
  else if (lower === names[1]) found[1] = added(found[1], value);
  else if (lower === names[2]) found[2] = added(found[2], value);
}

function added(before: Found, value: unknown): Found {
  if (value === undefined) return before;
  if (before === undefined && typeof value === "string") return value;
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  if (!texts.every((text) => typeof text === "string")) throw unreadable();
  return [before ?? [], texts].flat();
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
    "The headers must be a Headers object, a record or pairs of strings.",
  );
}
