import { passwordEncoding, passwordMayReachOn } from "../core/connection-url.ts";
import { PostriderError } from "../core/errors.ts";

/** Where Redis (or Valkey, Dragonfly, KeyDB) is, as one URL says it. */
export interface RedisAddress {
  readonly kind: "single" | "sentinel" | "cluster";
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** Of a single server or behind Sentinel. Default 0. */
  readonly database: number;
  /** The name Sentinel knows the master by; null elsewhere. */
  readonly masterName: string | null;
}

const schemes: Readonly<Record<string, readonly [RedisAddress["kind"], boolean, defaultPort: number]>> = {
  redis: ["single", false, 6379],
  rediss: ["single", true, 6379],
  "redis-sentinel": ["sentinel", false, 26_379],
  "rediss-sentinel": ["sentinel", true, 26_379],
  "redis-cluster": ["cluster", false, 6379],
  "rediss-cluster": ["cluster", true, 6379],
};

/**
 * Reads a Redis URL. No client reads all of these forms, so they are read here:
 *
 * | form | for |
 * |---|---|
 * | `redis://user:password@host:6379/0` | one server |
 * | `redis-sentinel://user:password@host-1:26379,host-2:26379/master-name` | a master behind Sentinel; credentials are Redis'. `/2` behind the name chooses a database |
 * | `redis-cluster://user:password@host-1:6379,host-2:6379` | Redis Cluster, which has one database |
 *
 * Each with `rediss` for TLS. Blanks around it are cut off, and the scheme may be in capitals.
 *
 * @throws PostriderError `invalid_settings`; its message never holds a part of the password
 * @example parseRedisAddress("rediss://:secret@redis.example").tls // true
 */
export function parseRedisAddress(url: string): RedisAddress {
  const text = url.trim();
  const [, written = "", rest = ""] = /^([a-z0-9+.-]+):\/\/(.*)$/is.exec(text) ?? [];
  const known = schemes[written.toLowerCase()];
  if (!known) throw invalid(`must begin with one of ${Object.keys(schemes).join("://, ")}://`);
  const [kind, tls, defaultPort] = known;
  // Only / ends the hosts here: a ? or # has no meaning in these URLs, so it may stand in a password as it is.
  if (passwordMayReachOn(text, /\//)) throw invalid(passwordEncoding);
  const at = rest.lastIndexOf("@");
  const credentials = rest.slice(0, Math.max(at, 0));
  const behind = rest.slice(at + 1);
  if (credentials.includes("/")) throw invalid(passwordEncoding);
  if (behind.includes("?") || /^[^:?]*(?::\d{1,5})?\?\w+=/.test(credentials)) throw invalid(queryRead);
  if (behind.includes("#")) throw invalid("has a # behind its hosts, where nothing may follow the database");
  const [, places = "", path = ""] = /^([^/]*)\/?(.*?)\/?$/s.exec(behind) ?? [];
  const [username, password] = credentialsOf(credentials);
  if (places === "") throw invalid("must name a host, as in redis://host:6379");
  const hosts = places.split(",").map((place) => hostOf(place, defaultPort));
  if (kind === "single" && hosts.length > 1)
    throw invalid("names several hosts: write redis-cluster:// or redis-sentinel://");
  return { kind, hosts, tls, username, password, ...databaseOf(kind, path) };
}

const queryRead =
  "has a query (what follows the ?), which is not read: user, password and database are written as redis://user:password@host:6379/0, TLS as rediss://";

function databaseOf(kind: RedisAddress["kind"], path: string): Pick<RedisAddress, "database" | "masterName"> {
  if (kind === "cluster" && !/^0?$/.test(path))
    throw invalid("names a database behind its hosts, and a Redis Cluster has only one: leave it out");
  const [name, number] = kind === "sentinel" ? splitOnce(path, "/") : [null, path];
  if (name === "")
    throw invalid("must name the master after the hosts, as in redis-sentinel://host-1,host-2/mymaster");
  if (!/^\d{0,3}$/.test(number)) throw invalid("must end with the number of a database, such as /0");
  return { database: Number(number), masterName: name === null ? null : decoded(name) };
}

function splitOnce(text: string, by: string): readonly [before: string, behind: string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function credentialsOf(text: string): readonly [username: string | null, password: string | null] {
  const [username, password] = splitOnce(text, ":");
  return [decoded(username) || null, decoded(password) || null];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("has a % that begins no percent-encoded character: write %25 for it");
  }
}

function hostOf(place: string, defaultPort: number): { host: string; port: number } {
  if (/\s/.test(place)) throw invalid("has a blank among its hosts");
  if (/^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(place))
    throw invalid("must have IPv6 addresses in brackets, such as redis://[::1]:6379");
  const [, host, port = String(defaultPort)] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(.*))?$/.exec(place) ?? [];
  if (!host) throw invalid("must name hosts as host:port");
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw invalid("must have ports from 1 to 65535, as in host:port");
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

function invalid(message: string): PostriderError {
  return new PostriderError("invalid_settings", `The Redis URL ${message}.`, {
    hint: "See REDIS_URL in docs/reference/settings.md.",
  });
}
