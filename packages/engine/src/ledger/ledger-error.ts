import { PostriderError } from "../core/errors.ts";
import { isTransientFault } from "./sql.ts";

/** Turns a fault of the connection into the error that callers can act on; anything else stays what it is. */
export function asLedgerError(error: unknown): never {
  if (isTransientFault(error)) {
    throw new PostriderError("ledger_unavailable", "The ledger cannot be reached.", {
      hint: "Nothing was stored: send again in a moment.",
      cause: error,
    });
  }
  throw error;
}
