import { PostriderError } from "../core/errors.ts";
import type { DatabaseAddress } from "./database-url.ts";
import { isTlsFault } from "./pg-targets.ts";
import { codeOf } from "./sql.ts";

/** Where a ledger was looked for, and as whom. */
export interface Whereabouts {
  readonly address: DatabaseAddress;
  readonly role: string;
  readonly database: string;
}

/** What is wrong, and what to do about it. */
type Words = readonly [message: string, hint: string];

/**
 * A fault of the start in one sentence that names the host, the port, the database and the role, and never the
 * password. An error with a message of ours, and one that is no fault of the database, stays as it is.
 *
 * @example throw databaseFault(error, whereabouts)
 * // database_unreachable: "The database shop at db:5432 does not exist (role app)."
 */
export function databaseFault(error: unknown, where: Whereabouts): unknown {
  if (error instanceof PostriderError || !(error instanceof Error)) return error;
  // The pool gives its time-out an error of its own, with the driver's as the cause.
  const root = error.cause instanceof Error && codeOf(error) === "" ? error.cause : error;
  const code = codeOf(root);
  const words =
    refusal(code, root.message, where) ?? networkFault(code, root, where) ?? tlsFault(code, root, where);
  if (words !== null) return wordsError("database_unreachable", words, error);
  const otherwise = sqlState.test(code) ? lastResort(code, root.message, where) : null;
  return otherwise === null ? error : wordsError("database_unsuitable", otherwise, error);
}

/** The error of a database that can be reached and is not fit to hold a ledger. */
export function unsuitable(message: string, hint: string): PostriderError {
  return wordsError("database_unsuitable", [message, hint]);
}

function wordsError(
  code: "database_unreachable" | "database_unsuitable",
  [message, hint]: Words,
  cause?: unknown,
): PostriderError {
  return new PostriderError(code, message, { hint, ...(cause === undefined ? {} : { cause }) });
}

const sqlState = /^[0-9A-Z]{5}$/;

/** `db.internal:5432`, several with commas between; `/run/postgresql/.s.PGSQL.5432` for a unix socket. */
export function placesOf({ address }: Whereabouts): string {
  return address.hosts
    .map(({ host, port }) => {
      if (host.startsWith("/")) return `${host}/.s.PGSQL.${port}`;
      return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    })
    .join(", ");
}

/** "the database shop at db.internal:5432 (role app)" */
export function nameOf(where: Whereabouts): string {
  return `the database ${where.database} at ${placesOf(where)} (role ${where.role})`;
}

/** What PostgreSQL or a pooler answered to the login. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function refusal(code: string, message: string, where: Whereabouts): Words | null {
  const { role, database } = where;
  const name = nameOf(where);
  const says = `it says: ${oneLine(message)}`;
  switch (code) {
    case "28P01":
      return [
        `The password for ${name} was refused.`,
        "Correct the password in DATABASE_URL; write special characters percent-encoded (@ is %40).",
      ];
    case "28000":
      return loginRefused(message, where);
    case "3D000":
      return [
        `There is no database ${database} at ${placesOf(where)} (role ${role}).`,
        `Correct the name in DATABASE_URL, or create it: create database ${quoted(database)} owner ${quoted(role)} encoding 'UTF8' template template0;`,
      ];
    case "42501":
      return [
        `A right is missing in ${name}; ${says}.`,
        `Let the role own the schema: create schema if not exists postrider authorization ${quoted(role)}; a schema that exists: alter schema postrider owner to ${quoted(role)}, and its tables and routines as well.`,
      ];
    case "53300":
      return [
        `No connection is free in ${name}; ${says}.`,
        "Each process opens up to POSTRIDER_DATABASE_CONNECTIONS and eight more (one listens, three read, three stop reads, one looks for slow statements): lower that, or raise max_connections or the connection limit of the role or database.",
      ];
    case "57P03":
      return [`PostgreSQL is not ready yet in ${name}; ${says}.`, "Start again in a moment."];
    case "25006":
      return readOnly(where);
    case "08P01":
      return [
        `The server or pooler refuses ${name}; ${says}.`,
        "Behind PgBouncer the database must be in its configuration, and the pool in session mode: see docs/guide/cluster.md.",
      ];
    default:
      return null;
  }
}

function loginRefused(message: string, where: Whereabouts): Words {
  const name = nameOf(where);
  if (/pg_hba\.conf/.test(message)) {
    const wantsTls = /no encryption/.test(message);
    return [
      `The server does not let ${name} in ${wantsTls ? "without TLS" : "from this machine"}; it says: ${oneLine(message)}.`,
      wantsTls
        ? "Set sslmode=require (or verify-full) in DATABASE_URL, or add a line for this host to pg_hba.conf."
        : "Add a line for this host, database and role to pg_hba.conf, and reload the server.",
    ];
  }
  return [
    `The role ${where.role} may not log in to the database ${where.database} at ${placesOf(where)}; the server says: ${oneLine(message)}.`,
    "Correct the user in DATABASE_URL, or create the role with login.",
  ];
}

/** The words for a server that only reads, at the start and in readiness. */
export function readOnly(where: Whereabouts): Words {
  return [
    `A server that can be written to was not found: ${nameOf(where)} only reads (a standby, or default_transaction_read_only).`,
    "Point DATABASE_URL at the primary, or name all servers, separated by commas: the first that can be written to is used.",
  ];
}

function networkFault(code: string, error: Error, where: Whereabouts): Words | null {
  const name = nameOf(where);
  const places = placesOf(where);
  const host = "hostname" in error && typeof error.hostname === "string" ? error.hostname : places;
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
      return [
        `The host ${host} cannot be found, looking for ${name}.`,
        "Correct the host in DATABASE_URL, or the name service of this machine.",
      ];
    case "ECONNREFUSED":
      return [
        `Nothing listens at ${places}, looking for ${name}.`,
        "Start PostgreSQL, let it listen there (listen_addresses, port), or correct the host and port in DATABASE_URL.",
      ];
    case "ENOENT":
    case "ENOTSOCK":
    case "ENOTDIR":
      return [
        `There is no socket ${places}, looking for ${name}.`,
        "Start PostgreSQL, or correct the folder (host=) in DATABASE_URL: it is the server's unix_socket_directories.",
      ];
    case "EACCES":
    case "EPERM":
      return [
        `This process may not connect to ${places}, looking for ${name}.`,
        "Give its user the right to the socket.",
      ];
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
      return silent(where);
    case "ECONNRESET":
    case "EPIPE":
      return cutOff(where);
    default:
      break;
  }
  if (/timeout|timed out/i.test(error.message)) return silent(where);
  if (/password must be a (non-empty )?string/.test(error.message))
    return [
      `The server asks for a password, and none is given for ${name}.`,
      "Write it into DATABASE_URL, or give it as PGPASSWORD or in the file PGPASSFILE.",
    ];
  if (/connection terminated|socket (closed|hang up)/i.test(error.message)) return cutOff(where);
  return null;
}

const silent = (where: Whereabouts): Words => [
  `No answer as PostgreSQL gives it came in time from ${placesOf(where)}, looking for ${nameOf(where)}.`,
  "Is it PostgreSQL that listens there, and does a firewall let this machine through?",
];

const cutOff = (where: Whereabouts): Words => [
  `The connection to ${placesOf(where)} was closed before PostgreSQL answered, looking for ${nameOf(where)}.`,
  "Is it PostgreSQL that listens there? Its log says more.",
];

function tlsFault(code: string, error: Error, where: Whereabouts): Words | null {
  if (!isTlsFault(error)) return null;
  const name = nameOf(where);
  const { sslMode } = where.address;
  if (/does not support SSL/.test(error.message))
    return [
      `The server offers no TLS, which sslmode=${sslMode} demands, for ${name}.`,
      "Switch ssl on in postgresql.conf, or set sslmode=prefer or disable in DATABASE_URL.",
    ];
  if (/error establishing an SSL connection/.test(error.message)) return silent(where);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH")
    return [
      `The server's certificate is for another name than the host of ${name}, which sslmode=verify-full checks.`,
      "Use a host name that the certificate holds, or sslmode=verify-ca.",
    ];
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return [
      `The server's certificate is out of date (${code}) for ${name}.`,
      "Renew the certificate of the server.",
    ];
  if (/CERT|SIGNATURE|INVALID_CA/.test(code))
    return [
      `The server's certificate is not trusted (${code}) for ${name}.`,
      "Name the file of its authority: sslrootcert=/path/ca.pem in DATABASE_URL, or POSTRIDER_DATABASE_SSLROOTCERT.",
    ];
  return [
    `TLS with the server failed for ${name}: ${oneLine(error.message)}.`,
    "Compare the versions of TLS and the files of sslcert and sslkey with the settings of the server.",
  ];
}

function lastResort(code: string, message: string, where: Whereabouts): Words {
  return [
    `PostgreSQL refused the start in ${nameOf(where)}: ${oneLine(message)} (SQLSTATE ${code}).`,
    "The server's log says more.",
  ];
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, " ").replace(/\.+$/, "").trim().slice(0, 300);
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
