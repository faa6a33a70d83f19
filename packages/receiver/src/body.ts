import { ReceiverError } from "./errors.ts";

/** The error for a body that something read before; `remedy` says what to change in this framework. */
export function alreadyParsed(remedy: string): ReceiverError<"body_already_parsed"> {
  return new ReceiverError(
    "body_already_parsed",
    {},
    `The body was read before it could be verified. If it is serialized again, its bytes differ from the signed ones. ${remedy}`,
  );
}

/** The error for a body above the limit. */
export function tooLarge(limitBytes: number): ReceiverError<"body_too_large"> {
  return new ReceiverError(
    "body_too_large",
    { limitBytes },
    `The body is longer than ${limitBytes} bytes: raise maxBodyBytes if such bodies are expected.`,
  );
}

/** The error for a connection that ended early. */
export function incomplete(cause: unknown): ReceiverError<"body_incomplete"> {
  const message = "The connection ended before the body did: the sender will try again.";
  return new ReceiverError("body_incomplete", {}, message, { cause });
}

/** Bytes that a framework kept, if it kept any. */
export function keptBytes(...kept: readonly unknown[]): Uint8Array | string | undefined {
  return kept.find(
    (body): body is Uint8Array | string => typeof body === "string" || body instanceof Uint8Array,
  );
}

/** One array of several. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
