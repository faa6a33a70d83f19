import { list, type Sql } from "./sql.ts";

/** What the processes of one ledger know of each other's settings. */
export function processSettings(sql: Sql, processId: string, keyIds: readonly string[]) {
  const { shared } = sql.capabilities;
  return {
    async declare(allowTargets: readonly string[]): Promise<void> {
      if (shared) await sql.query(declareSql, [processId, list(keyIds), list(allowTargets)]);
    },

    async othersAllow(): Promise<readonly (readonly string[])[]> {
      if (!shared) return [];
      const rows = await sql.query<{ allowed: string }>(othersSql, [processId, lastingMs]);
      return rows.map(({ allowed }) => JSON.parse(allowed) as string[]);
    },

    /** The process stops: what it allowed counts for a while longer. */
    async leave(): Promise<void> {
      await sql.query(leaveSql, [processId]);
    },
  };
}

/** A process that restarts is waited for: what only it may send to is not tried, and refused, by the others. */
const lastingMs = 60_000;

const declareSql = `with gone as (
    delete from postrider.process_settings s
     where s.process <> $1::uuid and s.declared_at < clock_timestamp() - interval '1 hour'
       and not exists (select 1 from postrider.processes p where p.id = s.process)
  )
  insert into postrider.process_settings (process, key_ids, allow_targets, declared_at)
  values ($1::uuid, $2::text::text[], $3::text::text[], clock_timestamp())
  on conflict (process) do update set key_ids = excluded.key_ids, allow_targets = excluded.allow_targets, declared_at = excluded.declared_at`;

const othersSql = `select distinct array_to_json(s.allow_targets)::text as allowed from postrider.process_settings s
  left join postrider.processes p on p.id = s.process
 where s.process <> $1::uuid and greatest(s.declared_at, p.seen_at) > clock_timestamp() - $2::float8 * interval '1 millisecond'`;

const leaveSql = `with kept as (
    update postrider.process_settings s set declared_at = clock_timestamp() where s.process = $1::uuid
  )
  select postrider.leave($1::uuid)`;
