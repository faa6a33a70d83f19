/**
 * What is sealed in the ledger: the signing keys and the secrets of partners. Both are opened, sealed again and missed
 * together: a process that cannot open one of them cannot serve the partner.
 */
import { PostriderError } from "../core/errors.ts";
import { isAliveSql } from "./processes.ts";
import type { Seal } from "./seal.ts";
import type { Sql } from "./sql.ts";

/** What a partner's signing keys are bound to: one that is copied to another partner's row does not open. */
export const sealContext = (partnerId: string): string => `partner:${partnerId}`;

/** What a secret is bound to: copied to another partner or another name, it does not open. Ids have no `/`. */
export const secretContext = (partnerId: string, name: string): string =>
  `partner:${partnerId}/secret:${name}`;

/** What a start did about what older master keys had sealed. */
export interface Resealed {
  readonly sealed: number;
  /** They stay as they are, because a process that runs lacks the newest key: sealed with it, they could not be opened there. */
  readonly left: number;
}

/** See `LedgerOperations.resealSecrets`. */
export async function resealSecrets(sql: Pick<Sql, "query">, seal: Seal): Promise<Resealed> {
  const rows = await sql.query<SealedRow>(sealedSql);
  refuseForeign(rows, seal);
  const stale = rows.filter((row) => seal.isStale(row.sealed));
  if (stale.length > 0 && (await someoneLacks(sql, seal.keyIds[0]!)))
    return { sealed: 0, left: stale.length };
  for (const row of stale) {
    const context = row.name === null ? sealContext(row.partner) : secretContext(row.partner, row.name);
    const resealed = seal.close(seal.open(row.sealed, context), context);
    // The old bytes are compared: another process may be doing the same.
    if (row.name === null)
      await sql.query(
        "update postrider.signing_keys set sealed = $2::bytea where key_no = $1::int and sealed = $3::bytea",
        [row.key_no, resealed, row.sealed],
      );
    else
      await sql.query(
        "update postrider.partner_secrets set sealed = $3::bytea where partner_no = $1::int and name = $2 and sealed = $4::bytea",
        [row.partner_no, row.name, resealed, row.sealed],
      );
  }
  return { sealed: stale.length, left: 0 };
}

interface SealedRow {
  readonly partner_no: number;
  readonly partner: string;
  readonly sealed: Uint8Array;
  /** Of a signing key. */
  readonly key_no: number | null;
  /** Of a secret. */
  readonly name: string | null;
}

/** Whether a living process that dispatches does not have the master key. */
async function someoneLacks(sql: Pick<Sql, "query">, keyId: string): Promise<boolean> {
  const [row] = await sql.query<{ lacks: boolean }>(
    `select exists (select 1 from postrider.process_settings s join postrider.processes o on o.id = s.process
      where ${isAliveSql("o")} and $1 <> all(s.key_ids)) as lacks`,
    [keyId],
  );
  return row?.lacks ?? false;
}

/** @throws PostriderError `secret_unreadable` if a master key is missing, so that a start with the wrong one says so */
function refuseForeign(rows: readonly SealedRow[], seal: Seal): void {
  const ids = rows.flatMap(({ sealed }) => seal.foreignKeyId(sealed) ?? []);
  if (ids.length === 0) return;
  const what =
    ids.length === rows.length
      ? "The ledger was sealed with another master key"
      : `${ids.length} of the ledger's ${rows.length} signing keys and secrets were sealed with a master key that is not given`;
  throw new PostriderError("secret_unreadable", `${what} (key id ${[...new Set(ids)].join(", ")}).`, {
    hint: "Add the master key that sealed it to POSTRIDER_MASTER_KEY, after the newest one: an old key can be taken away after all processes were started with new,old. If none was set, it is in the data folder of the process that made the ledger.",
  });
}

const sealedSql = `select k.partner_no, p.id as partner, k.sealed, k.key_no, null as name
  from postrider.signing_keys k join postrider.partners p on p.partner_no = k.partner_no
 union all
 select s.partner_no, p.id, s.sealed, null, s.name
  from postrider.partner_secrets s join postrider.partners p on p.partner_no = s.partner_no
 order by partner_no, key_no, name`;

/**
 * The master keys that no process is left with, if none of those that dispatch has all that the live keys and the secrets
 * of partner p were sealed with; null if one has, or none dispatches. Bytes 2 to 5 of what is sealed are the id of its
 * key: see seal.ts.
 */
export const missingMasterKeysSql = `with alive as (
    select s.key_ids from postrider.process_settings s join postrider.processes o on o.id = s.process
     where ${isAliveSql("o")}
  ), needed as (
    select encode(substring(k.sealed from 2 for 4), 'hex') as id from postrider.signing_keys k
     where k.partner_no = p.partner_no and (k.retires_at is null or k.retires_at > clock_timestamp())
    union
    select encode(substring(s.sealed from 2 for 4), 'hex') from postrider.partner_secrets s where s.partner_no = p.partner_no
  )
  select json_agg(n.id order by n.id) from needed n
   where exists (select 1 from alive a where n.id <> all(a.key_ids))
     and not exists (select 1 from alive a where not exists (select 1 from needed m where m.id <> all(a.key_ids)))`;
