import type { Exchange, FailureClass } from "../ports/transport.ts";
import { codeOf, connectFailure, ownLack } from "./connect-failure.ts";

export type Failure = NonNullable<Exchange["failure"]>;

/** How far an exchange came before it failed. `connect` covers the name look-up, TCP and TLS. */
export type Phase = "connect" | "headers" | "body";

/** Thrown into a connection by our own code, with the failure class to record. */
export class TransportFailure extends Error {
  readonly class: FailureClass;

  constructor(failureClass: FailureClass, message: string, cause?: unknown) {
    // Without a trace of the stack, which a socket destroyed with it would have written out: 0.3 ms for each.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, cause === undefined ? undefined : { cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "TransportFailure";
    this.class = failureClass;
  }
}

/** Messages hold text from partners' certificates and parsers: kept short and free of NUL for the ledger. */
const maxMessageLength = 300;
const textOf = (message: string): string => message.slice(0, maxMessageLength).replaceAll("\0", "\uFFFD");

const resetCodes = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);
/** undici 8 gives its parser's errors no code. An end of stream within a message is a broken connection. */
const cutShort = "Invalid EOF state";

const shortened = (failure: Failure): Failure => ({ ...failure, message: textOf(failure.message) });

/** Whether the connection went away, rather than the partner saying something wrong. */
export function isReset(error: Error): boolean {
  const code = codeOf(error);
  // undici calls an end of stream before the length is reached a mismatch.
  if (code === "UND_ERR_SOCKET" || code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") return true;
  return resetCodes.has(code) || (error.name === "HTTPParserError" && error.message.includes(cutShort));
}

/** Whether the headers after a body were more than undici keeps. */
export const isTrailerOverflow = (error: Error, phase: Phase): boolean =>
  phase === "body" && codeOf(error) === "UND_ERR_HEADERS_OVERFLOW";

/**
 * The class of an error that undici, net, tls or our own connector gave, with words an operator can act on.
 *
 * @param answerBegun whether a byte of the answer had come
 * @example failureOf(err, "headers") // { class: "reset", message: "The connection was closed before …" }
 */
export function failureOf(error: Error, phase: Phase, answerBegun = false): Failure {
  if (error instanceof TransportFailure) return { class: error.class, message: textOf(error.message) };
  const code = codeOf(error);
  if (phase === "connect") return ownFailure(error, code) ?? shortened(connectFailure(error));
  if (isReset(error)) return { class: "reset", message: resetMessage(phase, code, answerBegun) };
  return (
    ownFailure(error, code) ??
    ownLack([error]) ?? { class: "protocol", message: textOf(protocolMessage(error)) }
  );
}

/** Failures that are ours: the request could not be written, or the transport is closing. */
function ownFailure(error: Error, code: string): Failure | null {
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH") {
    return {
      class: "protocol",
      message: textOf(`The request is not valid HTTP and was not sent: ${error.message}.`),
    };
  }
  if (code === "UND_ERR_CLOSED" || code === "UND_ERR_DESTROYED") {
    return { class: "aborted", message: "The transport is closed." };
  }
  return null;
}

function resetMessage(phase: Phase, code: string, answerBegun: boolean): string {
  const inHead = answerBegun ? "in the middle of the response's headers" : "before a response arrived";
  const when = phase === "body" ? "in the middle of the response body" : inHead;
  // undici's own codes mean the same.
  return `The connection was closed ${when}${code.startsWith("E") ? ` (${code})` : ""}.`;
}

/** Heads are read before undici's parser sees them: what it finds wrong is the framing of a body. */
function protocolMessage(error: Error): string {
  const fault = /^Response does not match the HTTP\/1\.1 protocol \((.*)\)$/s.exec(error.message)?.[1];
  return `The response body is not valid HTTP: ${fault ?? error.message}.`;
}
