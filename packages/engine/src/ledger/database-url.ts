import { passwordEncoding, passwordMayReachOn } from "../core/connection-url.ts";
import { PostriderError } from "../core/errors.ts";
import { nearestName } from "@postrider/contract";

/** libpq's modes of TLS, from none to all that can be checked. */
export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof sslModes)[number];

/** Paths of PEM files for TLS with PostgreSQL. */
export interface TlsFiles {
  /** The authorities that are trusted for the server; absent: those that Node knows. `system` means the same. */
  readonly rootCert?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where PostgreSQL is, as one URL says it. */
export interface DatabaseAddress {
  /** Tried in this order. A host that begins with `/` is the folder of a unix socket. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Absent: PGUSER, or the user of this process. */
  readonly user?: string;
  /** Absent: PGPASSWORD, or the one in PGPASSFILE (`~/.pgpass`). */
  readonly password?: string;
  /** Absent: the name of the role. */
  readonly database?: string;
  /** Default `prefer`. */
  readonly sslMode: SslMode;
  readonly tls: TlsFiles;
  /** Default `postrider`. */
  readonly applicationName?: string;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Settings of the session, as `-c name=value`. */
  readonly options?: string;
  /** `direct`: TLS from the first byte, which saves a round trip with PostgreSQL 17 and newer. */
  readonly sslNegotiation?: "direct";
}

/** Parameters of libpq that change nothing here: taken, so that a URL made for other clients works as it is. */
const withoutEffect = new Set([
  "channel_binding",
  "client_encoding",
  "fallback_application_name",
  "gssencmode",
  "keepalives",
  "keepalives_count",
  "keepalives_idle",
  "keepalives_interval",
  "load_balance_hosts",
  "sslcompression",
  "sslsni",
  "tcp_user_timeout",
  "uselibpqcompat",
]);

const withEffect = [
  "application_name",
  "connect_timeout",
  "dbname",
  "host",
  "options",
  "password",
  "port",
  "ssl",
  "sslcert",
  "sslkey",
  "sslmode",
  "sslnegotiation",
  "sslrootcert",
  "target_session_attrs",
  "user",
] as const;
type Parameter = (typeof withEffect)[number];

/**
 * Reads a PostgreSQL URL with libpq's meaning: several hosts, `sslmode`, and the parameters of its connection URIs
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS). The driver's own reading knows
 * one host, and other meanings of `sslmode`. An `@` in the password is read as libpq reads it; a `/`, `?` or `#` in it
 * must be percent-encoded. Blanks around it are cut off, and the scheme may be in capitals.
 *
 * @throws PostriderError `invalid_settings`; its message never holds a part of the password
 * @example parseDatabaseUrl("postgresql://app@db-1,db-2/shop?sslmode=require").hosts.length // 2
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const text = url.trim();
  if (passwordMayReachOn(text, /[/?#]/)) throw invalid(passwordEncoding);
  const [whole, credentials, places = "", path = "", query = ""] =
    /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(text) ?? [];
  if (whole === undefined && /^postgres(?:ql)?:\/\/[^@]*#/i.test(text))
    throw invalid("has a #, which nothing may follow: write %23 if it belongs to a name or a value");
  if (whole === undefined)
    throw invalid("must be a URL such as postgresql://user:password@host:5432/database");
  const parameters = parametersOf(query);
  const [user, password] = credentialsOf(credentials ?? "");
  const given = {
    user: parameters.user ?? user,
    password: parameters.password ?? password,
    database: parameters.dbname ?? decoded(path),
    applicationName: parameters.application_name,
    options: parameters.options,
    connectTimeoutMs: timeoutMsOf(parameters.connect_timeout),
    sslNegotiation: parameters.sslnegotiation === "direct" ? ("direct" as const) : undefined,
  };
  refuseReaders(parameters.target_session_attrs);
  return {
    ...withoutEmpty(given),
    hosts: hostsOf(places, parameters),
    sslMode: sslModeOf(parameters),
    tls: withoutEmpty({
      rootCert: parameters.sslrootcert,
      cert: parameters.sslcert,
      key: parameters.sslkey,
    }),
  };
}

function parametersOf(query: string): Partial<Record<Parameter, string>> {
  const found: Partial<Record<Parameter, string>> = {};
  for (const [name, value] of new URLSearchParams(query.replaceAll("+", "%2B"))) {
    if (withoutEffect.has(name)) continue;
    if (!(withEffect as readonly string[]).includes(name)) {
      const near = nearestName(name, withEffect, 60);
      // Behind a password it may be the rest of it, after an & that is not percent-encoded.
      const which =
        found.password === undefined
          ? `the parameter ${name.slice(0, 60)}, which`
          : "a parameter behind its password that";
      throw invalid(`has ${which} is not known${near === null ? "" : `; the nearest is ${near}`}`);
    }
    found[name as Parameter] = value;
  }
  return found;
}

function credentialsOf(text: string): readonly [user: string, password: string] {
  const at = text.indexOf(":");
  return at < 0 ? [decoded(text), ""] : [decoded(text.slice(0, at)), decoded(text.slice(at + 1))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("has a % that begins no percent-encoded character: write %25 for it");
  }
}

const defaultPort = 5432;

/** `host` and `port` as parameters count before the hosts in the URL, and may be lists as well. */
function hostsOf(places: string, { host, port }: Partial<Record<Parameter, string>>) {
  if (host === undefined) {
    const alone = places === "" ? ["localhost"] : places.split(",");
    return alone.map((place) => hostOf(place, port ?? String(defaultPort)));
  }
  const names = host.split(",");
  const ports = (port ?? (/:(\d+)$/.exec(places)?.[1] || String(defaultPort))).split(",");
  if (ports.length !== 1 && ports.length !== names.length)
    throw invalid(
      `names ${names.length} hosts and ${ports.length} ports: give one port, or one for each host`,
    );
  return names.map((name, index) => ({
    host: name || "localhost",
    port: portOf(ports[index] ?? ports[0] ?? ""),
  }));
}

function hostOf(place: string, byDefault: string): { host: string; port: number } {
  const [, host, port = byDefault] = /^(\[[0-9a-fA-F:.%]+\]|[^:[\]\s]*)(?::(\d*))?$/.exec(place) ?? [];
  if (host === undefined) throw invalid("must name hosts as host:port, an IPv6 address in brackets");
  return { host: decoded(host.replace(/^\[|\]$/g, "")) || "localhost", port: portOf(port || byDefault) };
}

function portOf(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535)
    throw invalid("must have ports from 1 to 65535");
  return Number(text);
}

/** The driver's own words are taken too: `ssl=true` and `no-verify`. */
function sslModeOf({ sslmode, ssl, sslrootcert }: Partial<Record<Parameter, string>>): SslMode {
  // As in libpq: if all public authorities are trusted, the name must be checked as well.
  const byDefault = sslrootcert === "system" ? "verify-full" : "prefer";
  if (sslmode === undefined) {
    if (ssl === undefined) return byDefault;
    return ssl === "true" || ssl === "1" ? "verify-full" : "disable";
  }
  if (sslmode === "no-verify") return "require";
  const mode = sslModes.find((known) => known === sslmode);
  if (mode === undefined) throw invalid(`must have an sslmode of ${sslModes.join(", ")}`);
  if (sslrootcert === "system" && mode !== "verify-full")
    throw invalid("has sslrootcert=system, which needs sslmode=verify-full");
  return mode;
}

function timeoutMsOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "0") return undefined;
  if (!/^\d{1,4}$/.test(text)) throw invalid("must have a connect_timeout in whole seconds");
  return Number(text) * 1_000;
}

/** A ledger must be writable. `any` is accepted, but a server that only reads is skipped anyway. */
function refuseReaders(attributes = "read-write"): void {
  if (!["any", "read-write", "primary"].includes(attributes))
    throw invalid(`must have a target_session_attrs of read-write: a ledger is written to`);
}

function withoutEmpty<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""),
  ) as never;
}

function invalid(message: string): PostriderError {
  return new PostriderError("invalid_settings", `The database URL ${message}.`, {
    hint: "See DATABASE_URL in docs/reference/settings.md.",
  });
}
