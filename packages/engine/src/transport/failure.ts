import type { Exchange, FailureClass } from "../ports/transport.ts";

export type Failure = NonNullable<Exchange["failure"]>;

/** How far an exchange came before it failed. `connect` covers the name look-up, TCP and TLS. */
export type Phase = "connect" | "headers" | "body";

/** Thrown into a connection by our own code, with the class it shall have. */
export class TransportFailure extends Error {
  readonly class: FailureClass;

  constructor(failureClass: FailureClass, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "TransportFailure";
    this.class = failureClass;
  }
}

/** Messages hold text from partners' certificates and parsers: kept short and free of NUL for the ledger. */
const maxMessageLength = 300;
const textOf = (message: string): string => message.slice(0, maxMessageLength).replaceAll("\0", "\uFFFD");

/** What the codes of OpenSSL's X.509 checks mean to the person who must fix the certificate. */
const certificateFaults: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate chain ends in a self-signed certificate that is not trusted",
  CERT_HAS_EXPIRED: "the certificate has expired",
  CERT_NOT_YET_VALID: "the certificate is not valid yet",
  CERT_REVOKED: "the certificate was revoked",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the server does not send the intermediate certificate, or its root is not trusted",
  UNABLE_TO_GET_ISSUER_CERT: "an intermediate certificate is missing",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "an intermediate certificate is missing, or the root is not trusted",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another hostname",
};

const resetCodes = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);
/** undici 8 gives its parser's errors no code. An end of stream within a message is a broken connection. */
const cutShort = "Invalid EOF state";

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
  if (phase === "connect") return connectFailure(error, code);
  if (isReset(error)) return { class: "reset", message: resetMessage(phase, code, answerBegun) };
  return ownFailure(error, code) ?? { class: "protocol", message: textOf(protocolMessage(error)) };
}

function connectFailure(error: Error, code: string): Failure {
  const fault = certificateFaults[code];
  if (fault !== undefined)
    return { class: "tls", message: textOf(`TLS: ${fault} (${code}): ${error.message}`) };
  const own = ownFailure(error, code);
  if (own) return own;
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) {
    return { class: "tls", message: textOf(`TLS: the handshake failed (${code}): ${error.message}`) };
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return { class: "timeout", message: textOf(`connect: ${error.message}`) };
  }
  if (/secure TLS connection/.test(error.message)) {
    return { class: "tls", message: "TLS: the connection was closed during the handshake." };
  }
  return { class: "connect", message: textOf(`connect: ${messageOf(error) || code}`) };
}

/** Several addresses were tried and each one failed: the aggregate itself has no message. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((each: Error) => each.message).join("; ");
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
  // undici's own codes say the same in other words.
  return `The connection was closed ${when}${code.startsWith("E") ? ` (${code})` : ""}.`;
}

/** Heads are read before undici's parser sees them: what it finds wrong is the framing of a body. */
function protocolMessage(error: Error): string {
  const fault = /^Response does not match the HTTP\/1\.1 protocol \((.*)\)$/s.exec(error.message)?.[1];
  return `The response body is not valid HTTP: ${fault ?? error.message}.`;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
