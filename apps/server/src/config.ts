/**
 * Every setting, declared once: the schema below gives the type, the default, the check at start, and the page
 * docs/reference/settings.md. Nothing else in the server reads the environment.
 */
import { type Issue, parseDatabaseUrl, parseRedisAddress, PostriderError } from "@postrider/engine";
import { z } from "zod";
import { type Environment, readEnvironment, signsOfPostgres } from "./environment.ts";
import type { Sealed } from "./sealed.ts";
import {
  allowedHosts,
  allowTargets,
  apiKeys,
  caBundle,
  durationMs,
  egressProxy,
  masterKeys,
  roles,
  urlFor,
  whole,
} from "./setting-forms.ts";
import { contradictions } from "./contradictions.ts";

interface Entry<Schema extends z.ZodType> {
  readonly schema: Schema;
  /** As text, exactly as one would write it; absent: unset. */
  readonly default?: string;
  readonly meaning: string;
  /** It may also be given as a file, under the name with `_FILE` behind it. */
  readonly secret?: true;
}

const entry = <Schema extends z.ZodType>(
  meaning: string,
  schema: Schema,
  byDefault?: string,
): Entry<Schema> => (byDefault === undefined ? { schema, meaning } : { schema, meaning, default: byDefault });

const secret = <Schema extends z.ZodType>(meaning: string, schema: Schema) => ({
  ...entry(meaning, schema),
  secret: true as const,
});

/** The settings, in the order of the reference page. */
export const settings = {
  DATABASE_URL: secret(
    "The PostgreSQL database (14 or newer, UTF8) that holds the ledger, with libpq's meaning: several hosts separated by commas, of which the first that can be written to is used; `sslmode` (default `prefer`), `sslrootcert`, `sslcert`, `sslkey`, `host`, `port`, `connect_timeout`, `application_name`, `options`. `/`, `?` and `#` in the user or password must be percent-encoded. Without user and password: PGUSER, PGPASSWORD, PGPASSFILE. Unset: an embedded PGlite in the data folder. Secret.",
    urlFor(parseDatabaseUrl, "The database URL ").optional(),
  ),
  POSTRIDER_LEDGER: entry(
    "`postgresql` refuses to start without DATABASE_URL, `embedded` with it. `auto` takes PostgreSQL if DATABASE_URL is set, else the embedded ledger; but if another variable (POSTGRES_URL, DB_URL and the like) shows that a database was meant, the start is refused, or logs a warning if that is not certain.",
    z.enum(["auto", "embedded", "postgresql"], "must be auto, embedded or postgresql"),
    "auto",
  ),
  POSTRIDER_DATABASE_CONNECTIONS: entry(
    "The most connections to PostgreSQL for accepting, sending and changes. One more listens for notifications, and up to three are opened for operators' reads.",
    whole(2, 1_000),
    "10",
  ),
  POSTRIDER_DATABASE_STATEMENT_TIMEOUT: entry(
    "Longer statements are cancelled by PostgreSQL; operators' reads after 10s at the latest. Migrations and the removal of old weeks have no limit.",
    durationMs.refine((ms) => ms >= 1_000, "must be at least 1s"),
    "60s",
  ),
  POSTRIDER_ADOPT_LEDGER: entry(
    "The id of a ledger that was restored or copied and replaces its original: without this setting nothing is sent from a copy (`ledger_copied` names the id). The copy then gets a new id, so the setting has no effect any more and can be removed.",
    z
      .string()
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be the id that ledger_copied names")
      .optional(),
  ),
  POSTRIDER_DATABASE_SSLROOTCERT: entry(
    "The PEM file of the authorities that are trusted for PostgreSQL's certificate, for `sslmode=verify-ca` and `verify-full`. Unset: those that Node knows. `sslrootcert` in DATABASE_URL takes precedence.",
    z.string().optional(),
  ),
  POSTRIDER_DATABASE_SSLCERT: entry(
    "The PEM file of this process's own certificate for PostgreSQL.",
    z.string().optional(),
  ),
  POSTRIDER_DATABASE_SSLKEY: entry("The PEM file of its key.", z.string().optional()),
  REDIS_URL: secret(
    "The Redis (Valkey, Dragonfly) over which many processes share the turns: `redis://user:password@host:6379/0`, `redis-sentinel://host-1,host-2/master-name`, `redis-cluster://host-1,host-2`; with `rediss` for TLS. Needs DATABASE_URL. Unset: each process hands out its own turns. Secret.",
    urlFor(parseRedisAddress, "The Redis URL ").optional(),
  ),
  POSTRIDER_REDIS_PREFIX: entry(
    "What every key in Redis begins with. Keep the braces: they put all keys in one slot of a Redis Cluster.",
    z.string().regex(/^\{[A-Za-z0-9._-]{1,60}\}$/, "must be a name in braces, such as {postrider}"),
    "{postrider}",
  ),
  POSTRIDER_HOST: entry(
    "The address that the HTTP API listens on.",
    z.string().min(1, "must be an address"),
    "127.0.0.1",
  ),
  POSTRIDER_PORT: entry("The port of the HTTP API; 0 takes a free one.", whole(0, 65_535), "4400"),
  POSTRIDER_API_KEY: secret(
    "The key that callers of the API send. Several keys, separated by commas, are all accepted, so that you can change a key without a gap. Unset: made on first start and kept in the data folder as `api-key`. Secret.",
    apiKeys.optional(),
  ),
  POSTRIDER_MASTER_KEY: secret(
    "The key that seals signing secrets and the secrets of partners in the ledger: 32 bytes in base64 or hex. Several separated by commas, newest first: the first seals, all open. Unset: made on first start and kept in the data folder as `master-key`. Losing it loses these secrets. Secret.",
    masterKeys.optional(),
  ),
  POSTRIDER_DATA_DIR: entry(
    "The folder of the embedded ledger and of the keys that were made. `memory://` keeps everything in memory and loses it at the end.",
    z.string().min(1, "must be a folder"),
    "./.postrider",
  ),
  POSTRIDER_MAX_LEDGER_BYTES: entry(
    "Events are refused (`ledger_full`) while the ledger has more bytes than this: the folder of an embedded ledger, or the database. Checked every 10 seconds, so leave room for what arrives in between. Unset: no limit.",
    whole(1_048_576, 999_999_999_999_999).optional(),
  ),
  POSTRIDER_MIN_FREE_BYTES: entry(
    "Events are refused (`ledger_full`) while the disk of the embedded ledger has fewer bytes free. Attempts need room as well, so choose more than a day's. Unset: no limit.",
    whole(1_048_576, 999_999_999_999_999).optional(),
  ),
  POSTRIDER_ROLES: entry(
    "What this process does: `api` answers calls, `worker` dispatches. Health and metrics are served in every role.",
    roles,
    "api,worker",
  ),
  POSTRIDER_ALLOW_TARGETS: entry(
    "Targets that may be plain http or have a private address, as a comma list of `host:port`.",
    allowTargets,
    "",
  ),
  POSTRIDER_SANDBOX_PORT: entry(
    "The port of the sandbox partner that `npm start` runs beside the server. The server itself does not use it.",
    whole(0, 65_535),
    "4500",
  ),
  POSTRIDER_LOG_LEVEL: entry(
    "The lowest level that is logged. Attempts are logged at `info`.",
    z.enum(
      ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
      "must be trace, debug, info, warn, error, fatal or silent",
    ),
    "info",
  ),
  POSTRIDER_MAX_IN_FLIGHT: entry(
    "The most requests in flight to partners, over all partners of this process.",
    whole(1, 10_000),
    "256",
  ),
  POSTRIDER_RETENTION_DAYS: entry(
    "Delivered deliveries, their events and attempts are dropped after this many days.",
    whole(1, 3_650),
    "35",
  ),
  POSTRIDER_DEAD_RETENTION_DAYS: entry(
    "Deliveries that ended undelivered (dead letters, expired, cancelled, suppressed), their events and attempts are dropped after this many days; not less than `POSTRIDER_RETENTION_DAYS`. Unset: 90, or `POSTRIDER_RETENTION_DAYS` if that is more.",
    whole(1, 3_650).optional(),
  ),
  POSTRIDER_SHUTDOWN_GRACE: entry(
    "How long a stopping process waits for requests and attempts in flight before it hands them back.",
    durationMs,
    "15s",
  ),
  POSTRIDER_MAX_BODY_BYTES: entry(
    "The largest request body that the API reads, in bytes. One event has at most 262,144 bytes within it.",
    whole(1_024, 104_857_600),
    "5242880",
  ),
  POSTRIDER_MAX_BODIES_BYTES: entry(
    "The memory for bodies of current requests, over all connections, in bytes; at least `POSTRIDER_MAX_BODY_BYTES`. Calls beyond it are answered with 429 and Retry-After.",
    whole(1_048_576, 17_179_869_184),
    "268435456",
  ),
  POSTRIDER_ALLOWED_HOSTS: entry(
    "Names by which the API may be called while it listens on loopback, as a comma list without ports, for a proxy on the same machine that forwards the caller's Host. `localhost` and loopback addresses are always allowed. While it listens on another address, every name is.",
    allowedHosts,
    "",
  ),
  POSTRIDER_OPERATOR_PARTNER: entry(
    "The id of the partner that receives operator events (`endpoint.failing` and the others) as postbacks. Unset: they are only logged.",
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be the id of a partner")
      .optional(),
  ),
  POSTRIDER_OPERATOR_WINDOW: entry(
    "Operator events that repeat within a window of this length are one: `delivery.dead` and `endpoint.refusing` per endpoint, `backlog.old` per partner.",
    durationMs.refine((ms) => ms >= 1_000, "must be at least 1s"),
    "1h",
  ),
  POSTRIDER_BACKLOG_OLD_AFTER: entry(
    "A partner's backlog is old (`backlog.old`) if its oldest delivery has been due for longer.",
    durationMs.refine((ms) => ms >= 1_000, "must be at least 1s"),
    "5m",
  ),
  POSTRIDER_URL: entry(
    "The server that the `postrider` command talks to. The server itself does not use it.",
    z.string().optional(),
  ),
  POSTRIDER_CA_BUNDLE: entry(
    "The path of a PEM file: its certificates are trusted beside Node's own roots when partners (and an `https` egress proxy) are called. Read at start. Unset: Node's roots, and those of `NODE_EXTRA_CA_CERTS`.",
    caBundle.optional(),
  ),
  POSTRIDER_EGRESS_PROXY: secret(
    "The HTTP proxy through which partners are called: `http://user:password@host:port`, or `https`. Names are looked up and addresses checked here; the proxy is asked to CONNECT to the address. Targets in POSTRIDER_ALLOW_TARGETS with private addresses are called directly. Unset: no proxy. Secret.",
    egressProxy.optional(),
  ),
} as const;

type Names = keyof typeof settings;
type Values = { readonly [Name in Names]: z.output<(typeof settings)[Name]["schema"]> };

/** The settings of a server, checked. Secrets are sealed: nothing here prints one. */
export interface Settings {
  readonly databaseUrl: Sealed<string> | null;
  readonly database: {
    readonly maxConnections: number;
    readonly statementTimeoutMs: number;
    /** Paths of PEM files. */
    readonly tls: { readonly rootCert?: string; readonly cert?: string; readonly key?: string };
  };
  /** The id of a copied ledger that takes the place of its original. Null: none. */
  readonly adoptLedger: string | null;
  readonly redisUrl: Sealed<string> | null;
  readonly redisPrefix: string;
  readonly host: string;
  readonly port: number;
  /** Null: made on first start and kept in the data folder. */
  readonly apiKeys: Sealed<readonly string[]> | null;
  /** 32 bytes each, newest first. Null: made on first start and kept in the data folder. */
  readonly masterKeys: Sealed<readonly Uint8Array[]> | null;
  readonly dataDir: string;
  /** Null: no limit. */
  readonly maxLedgerBytes: number | null;
  /** Null: no limit. */
  readonly minFreeBytes: number | null;
  readonly roles: { readonly api: boolean; readonly worker: boolean };
  readonly allowTargets: readonly string[];
  readonly sandboxPort: number;
  readonly logLevel: Values["POSTRIDER_LOG_LEVEL"];
  readonly maxInFlight: number;
  readonly retentionDays: number;
  readonly deadRetentionDays: number;
  readonly shutdownGraceMs: number;
  readonly maxBodyBytes: number;
  readonly maxBodiesBytes: number;
  readonly allowedHosts: readonly string[];
  readonly operator: {
    readonly partner: string | null;
    readonly windowMs: number;
    readonly backlogOldAfterMs: number;
  };
  /** Variables that Kubernetes set for its services, which are not read. */
  readonly ignored: readonly string[];
  /** What looks wrong but does not stop the start, in words. */
  readonly warnings: readonly string[];
  /** PEM certificates. Null: only Node's roots. */
  readonly caBundle: string | null;
  readonly egressProxy: Sealed<string> | null;
}

const names = Object.keys(settings) as Names[];
const secrets = names.filter((name) => "secret" in settings[name]);

/**
 * Reads and checks all settings at once. An empty value counts as unset.
 *
 * @throws PostriderError `invalid_settings`, whose issues name each wrong setting, and for an unknown `POSTRIDER_*`
 * the nearest known one. No value of a secret appears in it.
 * @example readSettings({ POSTRIDER_PORT: "4401" }).port // 4401
 */
export function readSettings(env: Environment): Settings {
  const found = readEnvironment(env, { names, secrets });
  const issues: Issue[] = [...found.issues];
  const read = <Name extends Names>(name: Name): Values[Name] => {
    const { schema, default: byDefault } = settings[name] as Entry<z.ZodType>;
    const result = schema.safeParse(found.values[name] ?? byDefault);
    if (!result.success)
      issues.push({ path: name, message: result.error.issues[0]?.message ?? "is not valid" });
    return result.data as Values[Name];
  };
  const values = Object.fromEntries(names.map((name) => [name, read(name)])) as unknown as Values;
  const signs = signsOfPostgres(env);
  // While anything is wrong, DATABASE_URL may be missing because of that.
  if (issues.length === 0) issues.push(...contradictions(values, signs.meant));
  const tls = {
    rootCert: values.POSTRIDER_DATABASE_SSLROOTCERT,
    cert: values.POSTRIDER_DATABASE_SSLCERT,
    key: values.POSTRIDER_DATABASE_SSLKEY,
  };
  const retentionDays = values.POSTRIDER_RETENTION_DAYS;
  const deadRetentionDays = values.POSTRIDER_DEAD_RETENTION_DAYS ?? Math.max(90, retentionDays);
  if (deadRetentionDays < retentionDays) {
    const message = `must not be less than POSTRIDER_RETENTION_DAYS, which is ${retentionDays}`;
    issues.push({ path: "POSTRIDER_DEAD_RETENTION_DAYS", message });
  }
  if (issues.length > 0) throw invalidSettings(issues);
  return {
    databaseUrl: values.DATABASE_URL ?? null,
    database: {
      maxConnections: values.POSTRIDER_DATABASE_CONNECTIONS,
      statementTimeoutMs: values.POSTRIDER_DATABASE_STATEMENT_TIMEOUT,
      tls: {
        ...(tls.rootCert === undefined ? {} : { rootCert: tls.rootCert }),
        ...(tls.cert === undefined || tls.key === undefined ? {} : { cert: tls.cert, key: tls.key }),
      },
    },
    adoptLedger: values.POSTRIDER_ADOPT_LEDGER ?? null,
    redisUrl: values.REDIS_URL ?? null,
    redisPrefix: values.POSTRIDER_REDIS_PREFIX,
    host: values.POSTRIDER_HOST,
    port: values.POSTRIDER_PORT,
    apiKeys: values.POSTRIDER_API_KEY ?? null,
    masterKeys: values.POSTRIDER_MASTER_KEY ?? null,
    dataDir: values.POSTRIDER_DATA_DIR,
    maxLedgerBytes: values.POSTRIDER_MAX_LEDGER_BYTES ?? null,
    minFreeBytes: values.POSTRIDER_MIN_FREE_BYTES ?? null,
    roles: values.POSTRIDER_ROLES,
    allowTargets: values.POSTRIDER_ALLOW_TARGETS,
    sandboxPort: values.POSTRIDER_SANDBOX_PORT,
    logLevel: values.POSTRIDER_LOG_LEVEL,
    maxInFlight: values.POSTRIDER_MAX_IN_FLIGHT,
    retentionDays,
    deadRetentionDays,
    shutdownGraceMs: values.POSTRIDER_SHUTDOWN_GRACE,
    maxBodyBytes: values.POSTRIDER_MAX_BODY_BYTES,
    // A body of the largest allowed size must fit if it is the only one.
    maxBodiesBytes: Math.max(values.POSTRIDER_MAX_BODIES_BYTES, values.POSTRIDER_MAX_BODY_BYTES),
    allowedHosts: values.POSTRIDER_ALLOWED_HOSTS,
    operator: {
      partner: values.POSTRIDER_OPERATOR_PARTNER ?? null,
      windowMs: values.POSTRIDER_OPERATOR_WINDOW,
      backlogOldAfterMs: values.POSTRIDER_BACKLOG_OLD_AFTER,
    },
    ignored: found.ignored,
    warnings:
      values.DATABASE_URL === undefined && values.POSTRIDER_LEDGER === "auto" && signs.perhaps.length > 0
        ? [
            `The ledger is embedded although ${signs.perhaps.join(", ")} is set: set DATABASE_URL for PostgreSQL, or POSTRIDER_LEDGER=embedded if that is meant.`,
          ]
        : [],
    caBundle: values.POSTRIDER_CA_BUNDLE ?? null,
    egressProxy: values.POSTRIDER_EGRESS_PROXY ?? null,
  };
}

function invalidSettings(issues: readonly Issue[]): PostriderError {
  const lines = issues.map(({ path, message }) => `${path} ${message}`);
  const text = lines.map((line) => (line.endsWith("?") ? line : `${line}.`)).join(" ");
  return new PostriderError("invalid_settings", text, {
    hint: "The settings are listed in docs/reference/settings.md.",
    issues,
  });
}
