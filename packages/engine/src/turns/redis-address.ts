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
 * | `redis-sentinel://user:password@host-1:26379,host-2:26379/master-name` | a master behind Sentinel; credentials are Redis' |
 * | `redis-cluster://user:password@host-1:6379,host-2:6379` | Redis Cluster |
 *
 * Each with `rediss` for TLS.
 *
 * @throws PostriderError `invalid_settings`; its message never holds a part of the password
 * @example parseRedisAddress("rediss://:secret@redis.example").tls // true
 */
export function parseRedisAddress(url: string): RedisAddress {
  // Only / ends the hosts here: a ? or # has no meaning in these URLs, so it may stand in a password as it is.
  if (passwordMayReachOn(url, /\//)) throw invalid(passwordEncoding);
  const [, scheme = "", credentials, places = "", path = ""] =
    /^([a-z-]+):\/\/(?:([^/]*)@)?([^@/?#]+)(?:\/([^/?#]*))?\/?$/.exec(url) ?? [];
  const known = schemes[scheme];
  if (!known) throw invalid(`must begin with one of ${Object.keys(schemes).join("://, ")}://`);
  const [kind, tls, defaultPort] = known;
  const [username, password] = credentialsOf(credentials);
  const hosts = places.split(",").map((place) => hostOf(place, defaultPort));
  if (kind === "single" && hosts.length > 1)
    throw invalid("names several hosts: write redis-cluster:// or redis-sentinel://");
  if (kind === "sentinel" && path === "")
    throw invalid("must name the master after the hosts, as in redis-sentinel://host-1,host-2/mymaster");
  if (kind !== "sentinel" && !/^\d{0,3}$/.test(path))
    throw invalid("must end with the number of a database, such as /0");
  return {
    kind,
    hosts,
    tls,
    username,
    password,
    database: kind === "single" ? Number(path) : 0,
    masterName: kind === "sentinel" ? decoded(path) : null,
  };
}

function credentialsOf(
  text: string | undefined,
): readonly [username: string | null, password: string | null] {
  if (!text) return [null, null];
  const at = text.indexOf(":");
  const [username, password] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
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
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(place) ?? [];
  if (!host || Number(port ?? defaultPort) > 65_535) throw invalid("must name hosts as host:port");
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port ?? defaultPort) };
}

function invalid(message: string): PostriderError {
  return new PostriderError("invalid_settings", `The Redis URL ${message}.`, {
    hint: "See REDIS_URL in docs/reference/settings.md.",
  });
}
