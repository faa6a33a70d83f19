import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { PostriderError } from "../core/errors.ts";
import type { DatabaseAddress, TlsFiles } from "./database-url.ts";
import { isConnectionFault } from "./sql.ts";

/** One way to a server that may be tried. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly ssl: false | ConnectionOptions;
}

/** Which of several targets the next connection goes to: the one that worked last, until it fails. */
export interface Targets {
  readonly count: number;
  /** More than one server: one that only reads is passed over. */
  readonly severalHosts: boolean;
  current(): Target;
  /** Moves on, if another target may do better. Returns whether trying again makes sense. */
  failed(target: Target, error: unknown): boolean;
}

/**
 * The targets of an address in libpq's order: each host, and on each the ways that its `sslmode` allows.
 *
 * @throws PostriderError `invalid_settings` for a file of TLS that cannot be read
 */
export function createTargets(address: DatabaseAddress): Targets {
  const tls = address.sslMode === "disable" ? {} : tlsOptions(address);
  const targets = address.hosts.flatMap(({ host, port }) =>
    // As in libpq there is no TLS on a unix socket, whatever the mode.
    (host.startsWith("/") ? [false as const] : waysOf(address, tls)).map((ssl) => ({ host, port, ssl })),
  );
  const severalHosts = address.hosts.length > 1;
  let index = 0;
  return {
    count: targets.length,
    severalHosts,
    current: () => targets[index]!,
    failed(target, error) {
      if (targets.length === 1 || !mayDoBetter(error, severalHosts)) return false;
      // Connections that were opened together fail together: they move on once.
      if (targets[index] === target) index = (index + 1) % targets.length;
      return true;
    },
  };
}

function waysOf({ sslMode }: DatabaseAddress, tls: ConnectionOptions): (false | ConnectionOptions)[] {
  switch (sslMode) {
    case "disable":
      return [false];
    case "allow":
      return [false, tls];
    case "prefer":
      return [tls, false];
    case "require":
    case "verify-ca":
    case "verify-full":
      return [tls];
  }
}

/** https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
function tlsOptions({ sslMode, tls }: DatabaseAddress): ConnectionOptions {
  const ca = tls.rootCert === undefined || tls.rootCert === "system" ? undefined : readPem(tls, "rootCert");
  const files = {
    ...(ca === undefined ? {} : { ca }),
    ...(tls.cert === undefined ? {} : { cert: readPem(tls, "cert") }),
    ...(tls.key === undefined ? {} : { key: readPem(tls, "key") }),
  };
  if (sslMode === "verify-full") return files;
  // As in libpq: with a root certificate, `require` checks who signed the certificate.
  if (sslMode === "verify-ca" || (sslMode === "require" && ca !== undefined))
    return { ...files, checkServerIdentity: () => undefined };
  return { ...files, rejectUnauthorized: false };
}

const parameterOf = { rootCert: "sslrootcert", cert: "sslcert", key: "sslkey" } as const;

function readPem(files: TlsFiles, which: keyof TlsFiles): string {
  const path = files[which] ?? "";
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new PostriderError(
      "invalid_settings",
      `The file ${path}, which DATABASE_URL names as ${parameterOf[which]}, cannot be read (${code}).`,
      { hint: "It must be a PEM file that this process may read.", cause: error },
    );
  }
}

/** The server was not reached, is read-only, or expects TLS or plain text. A wrong password is wrong on every host, as in libpq. */
function mayDoBetter(error: unknown, severalHosts: boolean): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "25006") return severalHosts;
  return code === "28000" || isConnectionFault(error) || isTlsFault(error);
}

/** True for faults of the TLS handshake and for a server that does not offer TLS. */
export function isTlsFault(error: Error): boolean {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return (
    /^(ERR_(TLS|SSL|OSSL)|EPROTO$|.*CERT)/.test(code) || certCodes.has(code) || /\bSSL\b/.test(error.message)
  );
}

const certCodes = new Set(["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "HOSTNAME_MISMATCH", "INVALID_CA"]);
