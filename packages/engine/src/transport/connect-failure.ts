import type { Exchange } from "../ports/transport.ts";

type Failure = NonNullable<Exchange["failure"]>;

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
/** The others of them, by what their codes have in common. */
const certificateCode = /CERT|CRL|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^HOSTNAME_MISMATCH$/;

/** What OpenSSL's reasons mean. Its texts hold thread ids and line numbers, which differ from process to process. */
const handshakeFaults: Readonly<Record<string, string>> = {
  "wrong version number": "the server does not speak TLS on this port",
  "packet length too long": "the server does not speak TLS on this port",
  "http request": "the server does not speak TLS on this port",
  "tlsv1 alert protocol version": "the server offers no TLS version of 1.2 and newer",
  "unsupported protocol": "the server offers no TLS version of 1.2 and newer",
  "tlsv1 unrecognized name": "the server does not know the hostname",
  "ssl/tls alert handshake failure":
    "the server refused the handshake: nothing that both can do, or it wants a client certificate",
  "tlsv13 alert certificate required": "the server wants a client certificate",
};

/** A lack of this process or machine, not of the partner. `EADDRNOTAVAIL` is one only for IPv4; see {@link isOwnLack}. */
const ownLacks: Readonly<Record<string, string>> = {
  EMFILE: "this process has no file descriptor left",
  ENFILE: "this machine has no file descriptor left",
  ENOMEM: "this machine has no memory left",
  ENOBUFS: "this machine has no memory for sockets left",
  EADDRNOTAVAIL: "this machine has no local port left",
};

const connectFaults: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "there is no route to the network",
  EADDRNOTAVAIL: "this machine has no address to reach it from",
  EACCES: "this machine does not allow the connection",
  EPERM: "this machine does not allow the connection",
};

const nameFaults: Readonly<Record<string, (hostname: string) => string>> = {
  ENODATA: (hostname) => `${hostname} has no address`,
  ENOTFOUND: (hostname) => `${hostname} does not exist`,
  ESERVFAIL: (hostname) => `the name servers of ${hostname} failed`,
  EREFUSED: (hostname) => `the name servers refused to answer for ${hostname}`,
  EAI_AGAIN: (hostname) => `the name servers did not answer for ${hostname}`,
  EBADNAME: (hostname) => `${hostname} is not a name that can be looked up`,
};
/** A look-up that never reached a name server. */
const ownNameLack = /^(ECONNREFUSED|ECANCELLED|EDESTRUCTION|ENOMEM|EAI_MEMORY|EMFILE|ENFILE|EFILE|ENOBUFS)$/;

const resets = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/**
 * The class and words of a connection that was not made. The words are the same in every process, since deliveries are
 * grouped by them; nothing of OpenSSL's inside and of Node's advice is in them.
 *
 * @example connectFailure(error) // { class: "connect", message: "the connection was refused by 192.0.2.1:443 (ECONNREFUSED)." }
 */
export function connectFailure(error: Error): Failure {
  const code = codeOf(error);
  const each = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  const lack = ownLack(each);
  if (lack !== null) return lack;
  const tls = tlsWords(error, code);
  if (tls !== null) return { class: "tls", message: `${tls}.` };
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT")
    return { class: "timeout", message: "connect: the host did not answer (ETIMEDOUT)." };
  return { class: "connect", message: [...new Set(each.map(connectWords))].toSorted().join(" ") };
}

/** The class and words of a name without an address. `code` as c-ares or `getaddrinfo` gives it. */
export function nameFailure(hostname: string, { code }: { readonly code?: string | undefined }): Failure {
  if (code !== undefined && ownNameLack.test(code))
    return { class: "local", message: `no name could be looked up: no name server can be asked (${code}).` };
  const words = nameFaults[code ?? ""]?.(hostname) ?? `the look-up of ${hostname} failed`;
  return { class: "dns", message: code === undefined ? `${words}.` : `${words} (${code}).` };
}

/** The failure if one of the errors is a lack of this process or machine. */
export function ownLack(errors: readonly Error[]): Failure | null {
  const found = errors.find(isOwnLack);
  return found === undefined
    ? null
    : { class: "local", message: `${ownLacks[codeOf(found)]} (${codeOf(found)}).` };
}

function isOwnLack(error: Error): boolean {
  const code = codeOf(error);
  if (code !== "EADDRNOTAVAIL") return ownLacks[code] !== undefined;
  // With IPv6 it says that this machine has no such address at all: a partner with nothing else cannot be reached.
  return "address" in error && !String(error.address).includes(":");
}

function tlsWords(error: Error, code: string): string | null {
  const fault = certificateFaults[code];
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" && "reason" in error)
    return `${fault} (${code}): ${String(error.reason)}`.replace(/\.$/, "");
  if (fault !== undefined) return `${fault} (${code})`;
  if (code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    const reason = opensslReason(error);
    return handshakeFaults[reason] ?? `the handshake failed${reason === "" ? "" : `: ${reason}`}`;
  }
  if (code.startsWith("ERR_TLS_")) return `the handshake failed (${code})`;
  const cut = resets.has(code) && "syscall" in error && error.syscall !== "connect";
  if (cut || /secure TLS connection/.test(error.message))
    return "the server closed the connection during the handshake";
  return certificateCode.test(code) ? `the certificate cannot be verified (${code})` : null;
}

/** Of `…:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:…/rec_layer_s3.c:918:…`. */
function opensslReason(error: Error): string {
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  return /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(error.message)?.[1] ?? "";
}

function connectWords(error: Error): string {
  const code = codeOf(error);
  const fault = connectFaults[code] ?? "the connection failed";
  const where = "address" in error && "port" in error ? ` to ${addressText(error.address, error.port)}` : "";
  const at = code === "ECONNREFUSED" ? where.replace(" to ", " by ") : where.replace(" to ", ": ");
  const why = code === "" ? error.message.replace(/^connect:? /, "") : code;
  return `${fault}${at} (${why}).`;
}

const addressText = (address: unknown, port: unknown): string =>
  String(address).includes(":")
    ? `[${String(address)}]:${String(port)}`
    : `${String(address)}:${String(port)}`;

export function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
