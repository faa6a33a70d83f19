/**
 * The embedding entry: one call that puts the adapters together. The server is built on it, and so can be any
 * application that would rather carry the dispatcher inside.
 */
import type { Clock } from "./ports/clock.ts";
import type { EventDoor, Operations } from "./ports/operations.ts";
import type { Random } from "./ports/random.ts";
import type { Telemetry } from "./ports/telemetry.ts";
import type { FailureClass } from "./ports/transport.ts";

export interface EngineOptions {
  /** A PostgreSQL URL; absent: embedded PGlite in `dataDir`. */
  readonly databaseUrl?: string;
  /** Where the embedded ledger lives; `memory://` keeps it in memory. */
  readonly dataDir: string;
  /** 32-byte keys that seal secrets, newest first; the first seals, all open. */
  readonly masterKeys: readonly Uint8Array[];
  /** `host:port` entries that may be plain http or private. */
  readonly allowTargets: readonly string[];
  readonly userAgent?: string;
  readonly telemetry?: Telemetry;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Requests in flight at most over all partners of this process. Default 256. */
  readonly maxInFlight?: number;
  /** Finished deliveries, their events and attempts are dropped after this many days. Default 35. */
  readonly retentionDays?: number;
}

/** What one test postback did. */
export interface TestPostback {
  readonly request: { readonly method: string; readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string | null };
  readonly response: { readonly status: number | null; readonly body: string; readonly duration_ms: number; readonly failure: { readonly class: FailureClass; readonly message: string } | null };
  /** Whether it would have counted as delivered, and why not. */
  readonly verdict: "accepted" | "retryable" | "client_error" | "permanent" | "gone";
  readonly error: string | null;
}

export interface Engine {
  readonly events: EventDoor;
  readonly operations: Operations;
  /** Which adapters run, for `doctor` and the start line. */
  readonly description: { readonly ledger: string; readonly turns: string };
  /** Tells the dispatcher that partners have work (after an accept, a resume, a replay). Cheap and idempotent. */
  ring(partnerNos: readonly number[]): void;
  /** Finds due work of partners whose settings changed: call after operations that may free a backlog. */
  sweepNow(): void;
  /** Sends one flagged test postback (header `webhook-test: 1`), not counted as a delivery. Null where there is no such endpoint. */
  testPostback(partner: string, endpoint: string): Promise<TestPostback | null>;
  /** Begins to dispatch: sweep, turns, replays, upkeep. Without it the engine only accepts and reads. */
  start(): Promise<void>;
  /** No new turns; in-flight attempts end or are handed back within `graceMs`; then closes everything. */
  stop(graceMs?: number): Promise<void>;
  /** For liveness and metrics. `lastProgressMs`: epoch ms of the dispatcher's last sweep or turn. */
  progress(): { readonly dispatching: boolean; readonly lastProgressMs: number; readonly inFlight: number; readonly turnsActive: number; readonly turnsWaiting: number; readonly unrecorded: number };
}

/**
 * Opens the ledger (migrating it if needed) and puts the engine together. It does not dispatch before `start()`.
 *
 * @throws PostriderError `ledger_unavailable`, `ledger_too_new`, `secret_unreadable`
 */
export declare function openEngine(options: EngineOptions): Promise<Engine>;
