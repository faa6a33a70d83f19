/** What the ledger needs of a database driver. `pg.ts` and `pglite.ts` hold one each; all SQL is the same for both. */
export interface Sql {
  /** Differences between the drivers, as data. */
  readonly capabilities: {
    readonly name: "postgresql" | "pglite";
    /** Statements that can run at the same time. */
    readonly parallel: number;
    /** Whether other processes may use the same ledger. */
    readonly shared: boolean;
  };
  /** Runs one statement. Values are text, number, boolean, null or bytes; lists go through `list()`. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** What operators read: apart from the rest, so that it never takes the place of what is accepted and sent. */
  readonly reads: Reads;
  /** Runs statements on one connection, committed together, rolled back when `work` throws. */
  transaction<Result>(work: (tx: Pick<Sql, "query">) => Promise<Result>): Promise<Result>;
  /** Runs a script of many statements without values, in one transaction. */
  script(sql: string): Promise<void>;
  /** Hears notifications until the function it resolves to is called; survives a lost connection. */
  listen(channel: string, heard: (payload: string) => void, lock?: SessionLock): Promise<() => Promise<void>>;
  /** Calls back when a connection was lost that nobody had closed. */
  onLost(listener: () => void): void;
  close(): Promise<void>;
}

/**
 * How much a read may read. `small`: some rows by their keys; always finds a place. `any`: whatever a filter says. `whole`: all
 * that is kept; one at a time, and those who ask for the same meanwhile share the answer.
 */
export type ReadSize = "small" | "any" | "whole";

/** Statements that change nothing, few at a time and each within its time. */
export interface Reads {
  /**
   * Runs one statement. If `signal` aborts, the caller gets its reason at once, and the server is told to stop where it can be told.
   *
   * @throws PostriderError `busy` if too many wait already or no place becomes free in time
   */
  query<Row = Record<string, unknown>>(
    sql: string,
    values?: readonly SqlValue[],
    options?: { readonly size?: ReadSize; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly Row[]>;
}

/** A lock of the session that listens: the server lets go of it when the session ends. */
export interface SessionLock {
  /** An expression that takes it, or takes it again, and is true if it is held. */
  readonly lockSql: string;
  /** Told whether it is held, after each connect and each loss. */
  readonly held: (held: boolean) => void;
}

export type SqlValue = string | number | boolean | null | Uint8Array;

/**
 * An array literal, for a parameter written `$1::text::int[]`: both drivers pass texts through untouched, where their
 * own array serialisers differ. Nothing but the array's own syntax needs quoting.
 *
 * @example list([1, null, 3]) // "{1,null,3}"
 */
export function list(values: readonly (number | string | null)[]): string {
  return listOf(values, (value) => value);
}

/** The same of a value of each item, without a list of the values: many of these are made of one batch. */
export function listOf<Item>(
  items: readonly Item[],
  valueOf: (item: Item) => number | string | null,
): string {
  let text = "{";
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ",";
    const value = valueOf(items[index]!);
    text += value === null || value === undefined ? "null" : typeof value === "number" ? value : quote(value);
  }
  return `${text}}`;
}

/**
 * Long texts as one, for a parameter written `string_to_array($1::text, chr(30), '')`: no text is quoted or parsed
 * letter by letter. For JSON only, where U+001E cannot occur; undefined is null, and no text may be empty.
 */
export function texts(values: readonly (string | undefined)[]): string {
  return values.join("\u001e");
}

const plain = /^[a-z0-9-]+$/;

function quote(value: string): string {
  if (plain.test(value) && value !== "null") return value;
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** True for faults that pass by themselves: the server restarting, the connection lost, no connection free, a deadlock or lock time-out. */
export function isTransientFault(error: unknown): boolean {
  return isConnectionFault(error) || transientStates.test(codeOf(error));
}

/** True if the connection was lost or could not be made: the server may have crashed. */
export function isConnectionFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return connectionStates.test(code) || systemErrors.has(code) || connectionMessages.test(error.message);
}

/** The SQLSTATE or the system's code of a fault; empty if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

// Classes 08 connection, 57P0x shutdown and crash.
const connectionStates = /^(08...|57P0[1-4])$/;
// Classes 53 resources, 57014 cancelled, 40 rollback, 55P03 lock, 25006 read-only standby; busy: no connection free in this process.
const transientStates = /^(53...|57014|40001|40P01|55P03|25006|busy)$/;
const systemErrors = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOENT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);
// Among them what the driver says if a server breaks off while it negotiates TLS.
const connectionMessages =
  /SSL connection|connection terminated|connection ended|timeout exceeded when trying to connect|timeout expired|not queryable|client was closed|socket (closed|hang up)/i;
