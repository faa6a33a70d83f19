import type { OperatorEvent } from "./core/operator-events.ts";
import type { CeilingOptions } from "./ledger/ceiling.ts";
import type { PgOptions } from "./ledger/pg.ts";
import type { Clock } from "./ports/clock.ts";
import type { Random } from "./ports/random.ts";
import type { Telemetry } from "./ports/telemetry.ts";
import type { NameOptions } from "./transport/index.ts";

/** What `openEngine` is given. */
export interface EngineOptions {
  /** A PostgreSQL URL in libpq's form; absent: embedded PGlite in `dataDir`. */
  readonly databaseUrl?: string;
  /** How much of its disk the ledger may take: past it, events are refused. Default: no limit. */
  readonly ceiling?: CeilingOptions;
  /** How PostgreSQL is connected to. */
  readonly database?: Omit<PgOptions, "url" | "conditions">;
  /** The id of a ledger that was copied or restored and is to be sent from: see `ledger_copied`. Default: none. */
  readonly adoptLedger?: string;
  /**
   * Redis (Valkey, Dragonfly), so that many processes share the turns: `redis://`, `rediss://`, `redis-sentinel://`,
   * `redis-cluster://`. Only beside `databaseUrl`. Absent: each process hands out its own turns.
   */
  readonly redisUrl?: string;
  /** Before every key in Redis. Default `{postrider}`. */
  readonly redisPrefix?: string;
  /** Where the embedded ledger lives; `memory://` keeps it in memory. */
  readonly dataDir: string;
  /** 32-byte keys that seal secrets, newest first; the first seals, all open. */
  readonly masterKeys: readonly Uint8Array[];
  /** `host:port` entries that may be plain http or private. */
  readonly allowTargets: readonly string[];
  readonly userAgent?: string;
  readonly telemetry?: Telemetry;
  /** The clock of this machine. Default: the system's. What time it is by the ledger is learned from a database that is shared. */
  readonly localClock?: Clock;
  /** For tests: what time it is, by the ledger too. */
  readonly clock?: Clock;
  /** What this process says of itself to the others of its ledger. */
  readonly process?: { readonly version?: string; readonly roles?: readonly string[] };
  readonly random?: Random;
  /** Requests in flight at most over all partners of this process. Default 256. */
  readonly maxInFlight?: number;
  /** Which name servers are asked for partners' addresses, and which files are read. Default: the machine's own. */
  readonly names?: NameOptions;
  /** PEM certificates of roots that are trusted beside Node's, for partners with a certificate authority of their own. */
  readonly caBundle?: string;
  /** `http://user:password@host:port`: public addresses are called through this proxy, after they were checked. Default: straight. */
  readonly egressProxy?: string;
  /** Who hears of failing endpoints, dead letters, old backlogs and silent partners. Default: nobody. */
  readonly operator?: OperatorOptions;
  /** Delivered deliveries, their events and attempts are dropped after this many days. Default 35. */
  readonly retentionDays?: number;
  /** Deliveries that ended otherwise, their events and attempts: never less than `retentionDays`. Default 90. */
  readonly deadRetentionDays?: number;
}

/** How operators are told. */
export interface OperatorOptions {
  /** The id of the partner that receives operator events as postbacks; null: none does. */
  readonly partner: string | null;
  /** Called once per event and process, for the log. */
  readonly heard?: (event: OperatorEvent) => void;
  /** Events that repeat within such a window are one. Default 1 hour. */
  readonly windowMs?: number;
  /** A backlog is old if its oldest delivery has been due for longer. Default 5 minutes. */
  readonly backlogOldAfterMs?: number;
}
