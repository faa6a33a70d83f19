import { type ErrorCode, PostriderError } from "../core/errors.ts";
import { codeOf, isConnectionFault, isTransientFault } from "./sql.ts";

/** The code, what is wrong and what to do: callers of the API read it. */
type Words = readonly [code: ErrorCode, message: string, hint: string];

/** Faults that stay until an operator does something. */
const lasting: Readonly<Record<string, Words>> = {
  "53100": [
    "ledger_full",
    "The disk of the ledger is full.",
    "Nothing was stored: make room on it, then send again.",
  ],
  ENOSPC: [
    "ledger_full",
    "The disk of the ledger is full.",
    "Nothing was stored: make room on it, then send again.",
  ],
  "25006": [
    "ledger_read_only",
    "The database of the ledger only reads.",
    "Nothing was stored: send again when the process is connected to a server that can be written to.",
  ],
  "42501": [
    "ledger_unavailable",
    "The role of the ledger lost a right that it needs.",
    "Nothing was stored: give the role its rights back, then send again.",
  ],
  "2200H": [
    "numbers_exhausted",
    "A counter of the ledger is used up, so nothing new can be made.",
    "Nothing was changed. postrider doctor names the counter, and the guide says how to go on: Operating, Numbers that run out.",
  ],
  "53300": [
    "ledger_unavailable",
    "PostgreSQL has no connection free for the ledger.",
    "Nothing was stored: send again in a moment.",
  ],
  "53200": [
    "ledger_unavailable",
    "The ledger is out of memory.",
    "Nothing was stored: send again in a moment.",
  ],
};

const unreachable = "The ledger cannot be reached.";

/** Faults that pass: what is wrong, and for whom. */
const passing: Readonly<
  Record<Doing, { readonly lost: Words; readonly slow: Words; readonly other: Words }>
> = {
  accept: {
    lost: ["ledger_unavailable", unreachable, "Nothing was stored: send again in a moment."],
    slow: [
      "ledger_unavailable",
      "The ledger took longer than POSTRIDER_DATABASE_STATEMENT_TIMEOUT.",
      "Nothing was stored: send again in a moment.",
    ],
    other: [
      "ledger_unavailable",
      "The ledger could not store it just now.",
      "Nothing was stored: send again in a moment.",
    ],
  },
  change: {
    lost: ["ledger_unavailable", unreachable, "Look whether it was done, and if not, ask again in a moment."],
    slow: [
      "too_slow",
      "The ledger needed longer for this change than POSTRIDER_DATABASE_STATEMENT_TIMEOUT.",
      "The step that was cut changed nothing. Narrow since/until, partner or state, and ask again.",
    ],
    other: [
      "ledger_unavailable",
      "The ledger could not do it just now.",
      "Look whether it was done, and if not, ask again in a moment.",
    ],
  },
  read: {
    lost: ["ledger_unavailable", unreachable, "Ask again in a moment."],
    slow: [
      "too_slow",
      "This filter reads too much: the ledger stopped after its time for reads.",
      "Narrow since/until, partner or state.",
    ],
    other: ["ledger_unavailable", "The ledger could not answer just now.", "Ask again in a moment."],
  },
};

/** What was asked of the ledger. */
type Doing = "accept" | "change" | "read";

const stopped = "57014";

/** Turns a fault of the database into the error that callers can act on; anything else stays what it is. */
export function asLedgerError(error: unknown): never {
  throw ledgerError(error, "accept") ?? error;
}

/** The same, for what an operator changes. */
export function asChangeError(error: unknown): never {
  throw ledgerError(error, "change") ?? error;
}

/** The same, for what is only read. */
export function asReadError(error: unknown): never {
  throw ledgerError(error, "read") ?? error;
}

function ledgerError(error: unknown, doing: Doing): PostriderError | null {
  if (error instanceof PostriderError) return null;
  const { lost, slow, other } = passing[doing];
  const code = codeOf(error);
  const words =
    lasting[code] ??
    (isConnectionFault(error) ? lost : code === stopped ? slow : isTransientFault(error) ? other : undefined);
  if (words === undefined) return null;
  const [name, message, hint] = words;
  // Whoever reads has nothing stored.
  const told = doing === "read" ? hint.replace(/^Nothing was stored: send/, "Ask") : hint;
  return new PostriderError(name, message, { hint: told, cause: error });
}

/** All connections of this process are taken: that says nothing about the server. */
export function busyPool(): PostriderError {
  return new PostriderError("busy", "All connections of this process to the ledger are in use.", {
    hint: "Nothing was done: send again after the seconds in Retry-After. If it stays, look for what holds them (pg_stat_activity, pg_locks), or raise POSTRIDER_DATABASE_CONNECTIONS.",
  });
}

/** More reads than may wait. */
export function busyReading(): PostriderError {
  return new PostriderError("busy", "Too many reads wait for the ledger already.", {
    hint: "Ask again after the seconds in Retry-After, with a narrower filter. Events are still accepted and sent.",
  });
}

/** More changes by operators than may wait. */
export function busyChanging(): PostriderError {
  return new PostriderError("busy", "Too many changes wait for the ledger already.", {
    hint: "Nothing was changed: ask again after the seconds in Retry-After. Events are still accepted and sent.",
  });
}

/** Why nothing can be accepted. */
export interface Trouble {
  /** In words, as part of a sentence. */
  readonly reason: string;
  /** The SQLSTATE or the system's code; null if there is none. */
  readonly code: string | null;
  /** It stays until an operator does something. */
  readonly lasting: boolean;
}

/**
 * Reads a fault of an accept or of the try of one; null for a fault that says nothing about the next accept, such as
 * a deadlock or a statement that took too long.
 */
export function troubleOf(error: unknown): Trouble | null {
  const root = error instanceof PostriderError && error.cause !== undefined ? error.cause : error;
  const code = codeOf(root);
  const isLasting = code in lasting;
  if (!isLasting && !isConnectionFault(root)) return null;
  const message = ledgerError(root, "accept")?.message ?? unreachable;
  return {
    reason: `${message.charAt(0).toLowerCase()}${message.slice(1, -1)}`,
    code: code === "" ? null : code,
    lasting: isLasting,
  };
}
