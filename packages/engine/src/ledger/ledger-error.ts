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
    "A counter of the ledger has come to its end, so nothing new can be made.",
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

const passing: Words = [
  "ledger_unavailable",
  "The ledger cannot be reached.",
  "Nothing was stored: send again in a moment.",
];

/** Turns a fault of the database into the error that callers can act on; anything else stays what it is. */
export function asLedgerError(error: unknown): never {
  throw ledgerError(error) ?? error;
}

function ledgerError(error: unknown): PostriderError | null {
  const words = lasting[codeOf(error)] ?? (isTransientFault(error) ? passing : undefined);
  if (words === undefined) return null;
  const [code, message, hint] = words;
  return new PostriderError(code, message, { hint, cause: error });
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
  const message = ledgerError(root)?.message ?? passing[1];
  return {
    reason: `${message.charAt(0).toLowerCase()}${message.slice(1, -1)}`,
    code: code === "" ? null : code,
    lasting: isLasting,
  };
}
