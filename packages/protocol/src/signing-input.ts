import { ProtocolError } from "./errors.ts";

/** A body as it is on the wire. A string stands for its UTF-8 bytes; other encodings must come as bytes. */
export type RawBody = Uint8Array | string;

/** Longest `webhook-id` signed or accepted, in characters. */
export const maxIdLength = 256;

/** `now` and timestamps from here on (the year 5138) can only be milliseconds. */
export const firstImplausibleSecond = 100_000_000_000;

const encoder = new TextEncoder();
// Visible ASCII without "," (how HTTP folds repeated headers) and "." (what separates the signed parts).
const safeId = /^[!-+\-/-~]+$/;

/**
 * What is signed before the body: `id.timestamp.`. Feed it and then the body to an incremental HMAC to sign
 * without copying the body.
 *
 * @param timestampSeconds whole seconds since 1970, of the attempt, not of the event
 * @throws ProtocolError `id_malformed`, `timestamp_malformed`, `timestamp_in_milliseconds`
 * @example
 * ```ts
 * createHmac("sha256", key).update(signingPrefix(id, seconds)).update(body).digest("base64");
 * ```
 */
export function signingPrefix(id: string, timestampSeconds: number): string {
  if (!isSafeId(id)) throw idMalformed();
  checkTimestampSeconds(timestampSeconds);
  return `${id}.${timestampSeconds}.`;
}

/**
 * The exact bytes both schemes sign: `id.timestamp.body`. Bytes of the body are taken as they are, never decoded.
 *
 * @throws ProtocolError as {@link signingPrefix}, and `body_not_raw`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function signingInput(id: string, timestampSeconds: number, body: RawBody): Uint8Array<ArrayBuffer> {
  return prefixed(signingPrefix(id, timestampSeconds), body);
}

/** Bytes of an ASCII prefix and the body. @throws ProtocolError `body_not_raw` */
export function prefixed(prefix: string, body: RawBody): Uint8Array<ArrayBuffer> {
  const bytes = bodyBytes(body);
  const input = new Uint8Array(prefix.length + bytes.byteLength);
  encoder.encodeInto(prefix, input);
  input.set(bytes, prefix.length);
  return input;
}

/**
 * The bytes a body is on the wire: a string as UTF-8, bytes as they are and not copied.
 *
 * @throws ProtocolError `body_not_raw`
 * @example
 * ```ts
 * hmac.update(signingPrefix(id, seconds)).update(bodyBytes(body));
 * ```
 */
export function bodyBytes(body: RawBody): Uint8Array {
  if (typeof body === "string") return encoder.encode(body);
  if (!isBytes(body)) throw bodyNotRaw();
  return body;
}

/** Whether `id` is 1 to 256 visible ASCII characters without `.` and `,`. */
export function isSafeId(id: string): boolean {
  return typeof id === "string" && id.length <= maxIdLength && safeId.test(id);
}

/** The error for any other. */
export function idMalformed(): ProtocolError<"id_malformed"> {
  return new ProtocolError(
    "id_malformed",
    {},
    `The webhook-id must be 1 to ${maxIdLength} visible ASCII characters without "." and ",".`,
  );
}

/** The error for a timestamp of 12 to 14 digits. */
export function timestampInMilliseconds(): ProtocolError<"timestamp_in_milliseconds"> {
  return new ProtocolError(
    "timestamp_in_milliseconds",
    {},
    "The webhook-timestamp counts milliseconds: send whole seconds since 1970.",
  );
}

function checkTimestampSeconds(timestampSeconds: number): void {
  if (!Number.isSafeInteger(timestampSeconds) || timestampSeconds < 0) {
    throw new ProtocolError(
      "timestamp_malformed",
      {},
      "The timestamp to sign must be a whole number of seconds since 1970.",
    );
  }
  if (timestampSeconds >= firstImplausibleSecond) throw timestampInMilliseconds();
}

function isBytes(body: unknown): boolean {
  if (!ArrayBuffer.isView(body)) return false;
  // By tag too: bytes made in another realm (a test runner, a worker) are bytes.
  return body instanceof Uint8Array || Object.prototype.toString.call(body) === "[object Uint8Array]";
}

function bodyNotRaw(): ProtocolError<"body_not_raw"> {
  return new ProtocolError(
    "body_not_raw",
    {},
    "The body must be the raw bytes or string as received: take it before any parser.",
  );
}
