/** What keeps the ledger's server from removing what was deleted: docs/guide/operating.md says how each comes to be. */
export interface VacuumHolder {
  readonly kind: "transaction" | "prepared_transaction" | "replication_slot" | "standby";
  /** Who: the application and process of a transaction, the name of the others. */
  readonly name: string;
  /** Of a transaction: what it does now, in PostgreSQL's words (`idle in transaction`, `active`); else null. */
  readonly state: string | null;
  /** When it began, epoch ms; null if the server does not say. */
  readonly sinceMs: number | null;
  /** How many transactions began since; null if the server does not say. */
  readonly transactions: number | null;
}

/** What `GET /v1/status` and `postrider doctor` say of vacuum. */
export interface VacuumState {
  /** The oldest first, at most 20. */
  readonly heldBackBy: readonly VacuumHolder[];
  /** Sessions whose transactions Postrider's role may not look at. */
  readonly unseen: number;
  /** Removed rows of the waiting deliveries that vacuum has not taken away, as the server estimates them. */
  readonly deadPending: number;
}

/** A transaction, or a prepared one, is named if it is older. */
export const longTransactionMs = 60_000;
/** A standby or a slot is named if more transactions began since what it holds: the server keeps no time for them. */
export const manyTransactions = 100_000;

const remedies = {
  transaction:
    "End it, by its program or with select pg_terminate_backend(<pid>). Set idle_in_transaction_session_timeout against forgotten ones, and take dumps from a standby.",
  prepared_transaction: "End it, in its database: commit prepared '<gid>' or rollback prepared '<gid>'.",
  replication_slot: "If its standby is gone for good: select pg_drop_replication_slot('<slot>').",
  standby: "A long query runs on it: end that, or set hot_standby_feedback off there.",
} as const satisfies Record<VacuumHolder["kind"], string>;

const kinds = {
  transaction: "a transaction of",
  prepared_transaction: "the prepared transaction",
  replication_slot: "the replication slot",
  standby: "the standby",
} as const satisfies Record<VacuumHolder["kind"], string>;

/**
 * Names what holds vacuum back, and what to do about it.
 *
 * @example
 * vacuumHolderWords({ kind: "transaction", name: "pg_dump, pid 4711", state: "active", sinceMs: 0, transactions: 9 });
 * // found: "a transaction of pg_dump, pid 4711 (active)"
 */
export function vacuumHolderWords({ kind, name, state }: VacuumHolder): {
  readonly found: string;
  readonly remedy: string;
} {
  return { found: `${kinds[kind]} ${name}${state === null ? "" : ` (${state})`}`, remedy: remedies[kind] };
}
