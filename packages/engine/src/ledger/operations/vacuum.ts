import {
  longTransactionMs,
  manyTransactions,
  type VacuumHolder,
  type VacuumState,
} from "../../core/vacuum.ts";
import type { StatusOperations } from "../../ports/operations.ts";
import type { Sql } from "../sql.ts";
import type { OperationsContext } from "./context.ts";

interface VacuumRow {
  readonly holders: readonly VacuumHolder[];
  readonly unseen: number;
  readonly dead: number;
}

/** Whether the server can remove what was deleted. In an embedded ledger nobody else has a transaction. */
export function vacuumOperations({
  reads,
  shared,
}: OperationsContext): Pick<StatusOperations, "vacuumState"> {
  return {
    async vacuumState(signal) {
      if (!shared) return { heldBackBy: [], unseen: 0, deadPending: 0 };
      return readVacuumState(reads(signal), longTransactionMs, manyTransactions);
    },
  };
}

/** What is older than `olderThanMs`, or than `transactions` transactions if the server keeps no time for it. */
export async function readVacuumState(
  sql: Pick<Sql, "query">,
  olderThanMs: number,
  transactions: number,
): Promise<VacuumState> {
  const [row] = await sql.query<VacuumRow>(vacuumSql, [olderThanMs, transactions]);
  return { heldBackBy: row!.holders, unseen: row!.unseen, deadPending: row!.dead };
}

/**
 * Snapshots in other databases hold nothing back here; those of standbys do. The start of a transaction is shown to
 * its own role and to members of pg_read_all_stats only, the age of its snapshot to everybody.
 */
const vacuumSql = `with session as (
    select a.pid, a.application_name, a.state, a.xact_start, coalesce(a.backend_xmin, a.backend_xid) as xmin
      from pg_stat_activity a
     where a.datname = current_database() and a.backend_type is not distinct from 'client backend' and a.pid <> pg_backend_pid()
  ), hidden as (
    select a.pid, a.application_name, coalesce(a.backend_xmin, a.backend_xid) as xmin
      from pg_stat_activity a
     where a.datname = current_database() and a.backend_type is null and a.pid <> pg_backend_pid()
  ), holder as (
    select 'transaction' as kind, coalesce(nullif(s.application_name, ''), 'a client without application_name') || ', pid ' || s.pid as name, s.state,
           s.xact_start as since, age(s.xmin) as transactions
      from session s where s.xmin is not null and s.xact_start < clock_timestamp() - $1::float8 * interval '1 millisecond'
    union all
    select 'transaction', coalesce(nullif(h.application_name, ''), 'a client of another role') || ', pid ' || h.pid, null, null, age(h.xmin)
      from hidden h where age(h.xmin) > $2::int
    union all
    select 'prepared_transaction', x.gid, null, x.prepared, age(x.transaction)
      from pg_prepared_xacts x
     where x.database = current_database() and x.prepared < clock_timestamp() - $1::float8 * interval '1 millisecond'
    union all
    select 'replication_slot', r.slot_name::text, case when r.active then 'active' else 'unused' end, null, age(r.xmin)
      from pg_replication_slots r where r.xmin is not null and (not r.active or age(r.xmin) > $2::int)
    union all
    select 'standby', coalesce(nullif(r.application_name, ''), 'without a name') || ', pid ' || r.pid, r.state, null, age(r.backend_xmin)
      from pg_stat_replication r where age(r.backend_xmin) > $2::int
  ), oldest as (
    select * from holder order by transactions desc nulls last, since limit 20
  )
  select coalesce((select json_agg(json_build_object('kind', o.kind, 'name', o.name, 'state', o.state,
           'sinceMs', round(extract(epoch from o.since) * 1000), 'transactions', o.transactions)
           order by o.transactions desc nulls last, o.since) from oldest o), '[]') as holders,
         (select count(*)::float8 from hidden) as unseen,
         coalesce((select s.n_dead_tup from pg_stat_user_tables s where s.relid = 'postrider.pending'::regclass), 0)::float8 as dead`;
