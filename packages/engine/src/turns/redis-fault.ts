/**
 * Why Redis cannot be used, in words that name the cause and the remedy: a pure table from what servers and the driver
 * say. The driver's own prose reaches nobody, and neither does a password: some replies repeat what was sent.
 */
import type { RedisAddress } from "./redis-address.ts";

/** What the driver has no error for: nobody answered, or the connection ended without a word. */
export class RedisTrouble extends Error {
  readonly kind: "silent" | "closed";
  readonly afterMs: number;
  /** @param afterMs for `silent`: how long an answer was waited for */
  constructor(kind: "silent" | "closed", afterMs = 0) {
    super(kind);
    this.kind = kind;
    this.afterMs = afterMs;
  }
}

/** What the words are made of. */
export interface RedisFaultContext {
  readonly address: RedisAddress;
  /** Before every key and channel. */
  readonly prefix: string;
  /** While it was being opened, or later, in use. */
  readonly during: "opening" | "use";
}

type Words = (context: RedisFaultContext, found: RegExpExecArray) => string;

const guide = "docs/guide/cluster.md has the whole line";
const placeOf = ({ address }: RedisFaultContext) =>
  address.hosts
    .map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`))
    .join(",");
const userOf = ({ address: { username } }: RedisFaultContext) =>
  username === null ? "The default user" : `The user ${username}`;

const noPermission: Words = (context, [, command = ""]) =>
  `${userOf(context)} of Redis may not run ${command.toUpperCase().replace("|", " ")}: give it +${command.toLowerCase()} (${guide}).`;
const noKeys: Words = (context) =>
  `${userOf(context)} of Redis may not use the keys ${context.prefix}:*: give it ~${context.prefix}:* (${guide}).`;
const noChannels: Words = (context) =>
  `${userOf(context)} of Redis may not use the channels ${context.prefix}:*: give it &${context.prefix}:* (${guide}).`;
const notTaken: Words = ({ address: { username, password } }) => {
  if (password !== null)
    return "Redis does not take the user and password of REDIS_URL: correct them, or the user in Redis.";
  return username === null
    ? "REDIS_URL has no password and Redis wants one: write redis://user:password@host."
    : "REDIS_URL has a user and no password, and Redis wants one: write redis://user:password@host, or redis://:password@host if it was meant as the password.";
};

/** What servers reply, Redis 6.2 to 7 and Valkey. Inside a script the reply stands behind or before words of the script. */
const replies: readonly (readonly [RegExp, Words])[] = [
  [/\bNOAUTH\b|\bWRONGPASS\b|invalid password|invalid username-password/i, notTaken],
  [/permissions to run the '([\w|]+)' command/, noPermission],
  [
    /user executing the script can't run this command/,
    (context) =>
      `${userOf(context)} of Redis may not run a command that Postrider's scripts use: give it all of them (${guide}).`,
  ],
  [/permissions to access (?:a|one of the) channel|can't access at least one of the channels/, noChannels],
  [/permissions to access (?:a|one of the) key|can't access at least one of the keys/, noKeys],
  [
    /DB index is out of range|invalid DB index|SELECT is not allowed in cluster mode/i,
    ({ address }) =>
      `Redis has no database ${address.database}: correct the number at the end of REDIS_URL, or leave it out.`,
  ],
  [
    /\bREADONLY\b/,
    (context) =>
      `The server at ${placeOf(context)} is a replica, which takes no writes: REDIS_URL must lead to the master.`,
  ],
  [
    /\bMASTERDOWN\b/,
    (context) =>
      `The server at ${placeOf(context)} is a replica that lost its master: REDIS_URL must lead to the master.`,
  ],
  [
    /\bOOM\b/,
    () => "The memory of Redis is full (maxmemory): raise it, or remove what else is stored there.",
  ],
  [
    /\bMISCONF\b/,
    () =>
      "Redis cannot write its data to disk and refuses writes: free its disk, or set stop-writes-on-bgsave-error to no.",
  ],
  [
    /\bNOREPLICAS\b/,
    () => "Redis has too few replicas to take writes: bring them back, or lower min-replicas-to-write.",
  ],
  [/\bLOADING\b/, () => "Redis is starting and still loads its data. It is tried again until it is ready."],
  [/\bBUSY\b/, () => "A script of another client keeps Redis busy: end it with SCRIPT KILL."],
  [
    /max number of clients reached/,
    () => "Redis has no connection left: raise its maxclients, or close other clients.",
  ],
  [
    /^-?DENIED\b|protected mode/i,
    () => "Redis is in protected mode and serves only its own machine: give it a password or a bind address.",
  ],
  [
    /\bWRONGTYPE\b/,
    ({ prefix }) =>
      `Something else writes to keys that begin with ${prefix}: give Postrider a POSTRIDER_REDIS_PREFIX of its own, and delete those keys.`,
  ],
  [
    /cluster support disabled/i,
    () => "REDIS_URL says redis-cluster:// and the server is no cluster: write redis://.",
  ],
  [/^(?:MOVED|ASK) \d/, () => "The server is part of a Redis Cluster: write redis-cluster:// in REDIS_URL."],
  [
    /\bCROSSSLOT\b/,
    ({ prefix }) => `In a Redis Cluster all keys must be in one slot: put the prefix ${prefix} in braces.`,
  ],
  [
    /\bCLUSTERDOWN\b/,
    () => "The Redis Cluster is down or not complete: a part of its slots is served by no node.",
  ],
  [
    /unknown (?:redis )?command(?: ['`](\w+)['`])?/i,
    (_, [, command]) =>
      `Redis does not know ${command === undefined ? "a command that Postrider's scripts use" : `the command ${command.toUpperCase()}`}: it was renamed or switched off, or the server is too old (Redis 6.2 or newer, or Valkey).`,
  ],
];

/** What the way to the server says, by the system's or OpenSSL's code. */
const ways: readonly (readonly [RegExp, Words])[] = [
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    (context) => `No name server knows the host in REDIS_URL (${placeOf(context)}): correct it.`,
  ],
  [
    /^ECONNREFUSED$/,
    (context) => `Nothing listens at ${placeOf(context)}: start Redis there, or correct REDIS_URL.`,
  ],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/,
    (context) =>
      context.address.tls
        ? `${placeOf(context)} does not answer in TLS: if the port has none, write redis:// for rediss:// in REDIS_URL; otherwise see whether a firewall is between.`
        : `${placeOf(context)} cannot be reached: see whether the host runs and whether a firewall is between.`,
  ],
  [
    /^(ERR_SSL_(?!CERT).*|EPROTO)$/,
    () => "REDIS_URL speaks TLS (rediss://) to a port without it: write redis://, or the port that has TLS.",
  ],
  [
    /^.*(?:CERT|SELF_SIGNED|UNABLE_TO|ALTNAME).*$/,
    (_, [code]) =>
      `The certificate of Redis is not trusted (${code}): add its authority to NODE_EXTRA_CA_CERTS, and use a host name that is in the certificate.`,
  ],
];

/**
 * @example redisFault(error, { address, prefix: "{postrider}", during: "opening" })
 * // "REDIS_URL has no password and Redis wants one: write redis://user:password@host."
 */
export function redisFault(error: unknown, context: RedisFaultContext): string {
  const cause = causeOf(error);
  if (cause instanceof RedisTrouble)
    return cause.kind === "silent" ? silent(context, cause.afterMs) : closed(context);
  const { code, message } = cause;
  if (message.startsWith("All sentinels are unreachable")) return sentinels(context, message);
  if (/^Command timed out|^Socket timeout/.test(message)) return silent(context, null);
  for (const [pattern, words] of ways) {
    const found = pattern.exec(code);
    if (found) return words(context, found);
  }
  for (const [pattern, words] of replies) {
    const found = pattern.exec(message);
    if (found) return words(context, found);
  }
  if (
    /ECONNRESET|EPIPE/.test(code) ||
    /^Connection is closed|None of startup nodes|max retries per request/i.test(message)
  )
    return closed(context);
  return `Redis refuses what Postrider asks (${firstWord(message)}): see the log of Redis.`;
}

function causeOf(error: unknown): RedisTrouble | { readonly code: string; readonly message: string } {
  if (error instanceof RedisTrouble) return error;
  const { lastNodeError, code, message } = (error ?? {}) as Record<string, unknown>;
  if (lastNodeError instanceof Error) return causeOf(lastNodeError);
  return { code: typeof code === "string" ? code : "", message: typeof message === "string" ? message : "" };
}

const silent = (context: RedisFaultContext, afterMs: number | null) =>
  `Redis at ${placeOf(context)} does not answer${afterMs === null ? "" : ` within ${afterMs / 1_000} s`}: it stands still, or the network between does.`;

const closed = (context: RedisFaultContext) =>
  context.during === "use"
    ? `The connection to Redis at ${placeOf(context)} was lost. It is opened again.`
    : `${placeOf(context)} ended the connection without an answer: if the port speaks TLS, write rediss:// in REDIS_URL; otherwise see the log of Redis.`;

function sentinels(context: RedisFaultContext, message: string): string {
  const { address } = context;
  if (/NOAUTH|WRONGPASS/.test(message))
    return `A sentinel at ${placeOf(context)} wants a password. The one in REDIS_URL is for Redis, and Postrider gives sentinels none: let sentinels answer without one.`;
  return message.includes("Last error") && !message.includes("No such master")
    ? `No sentinel at ${placeOf(context)} answers: start one there, or correct REDIS_URL.`
    : `The sentinels at ${placeOf(context)} know no master named ${address.masterName}: correct the name in REDIS_URL.`;
}

/** The code of a reply and nothing behind it: what follows may repeat what was sent. */
const firstWord = (message: string) => /^[A-Z][A-Z_]{1,30}\b/.exec(message)?.[0] ?? "no reason given";
