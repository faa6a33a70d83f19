import { PostriderError } from "../core/errors.ts";
import type { Sql } from "./sql.ts";

/** Which ledger this is. */
export interface LedgerIdentity {
  /** No other ledger has it: what processes say to each other outside of the ledger names it. */
  readonly id: string;
  /** It does not live where it was noted to live: it was restored from a dump, copied, or moved. */
  readonly copied: boolean;
}

/**
 * Finds out which ledger this is, and notes where it lives if nobody has yet. A copy whose id is `adopt` becomes a ledger of
 * its own, with a new id.
 */
export async function readIdentity(sql: Pick<Sql, "query">, adopt: string | null): Promise<LedgerIdentity> {
  const [row] = await sql.query<LedgerIdentity>(
    "select id::text as id, copied from postrider.note_place($1::text)",
    [adopt],
  );
  return row!;
}

/** Why nothing is sent from a copy, and what to do. */
export function copiedLedger({ id }: LedgerIdentity): PostriderError {
  return new PostriderError(
    "ledger_copied",
    `The ledger ${id} is a copy: it was made in another database than this one. Nothing is sent from it, because the original may send the same.`,
    {
      hint: `If this one takes the place of the original (a restored backup, a move, pg_upgrade), stop the original and start once with POSTRIDER_ADOPT_LEDGER=${id}: the copy then gets an id of its own. Restart its other processes afterwards: each finds out at its start only. To only look at it, start with POSTRIDER_ROLES=api.`,
    },
  );
}
