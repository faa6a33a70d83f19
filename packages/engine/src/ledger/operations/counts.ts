import type { StatusOperations } from "../../ports/operations.ts";
import type { OperationsContext } from "./context.ts";

type CountOperations = Omit<StatusOperations, "vacuumState" | "numbers">;

interface BacklogRow {
  readonly total: number;
  readonly total_oldest_due_ms: number | null;
  readonly partner: string | null;
  readonly pending: number;
  readonly oldest_due_ms: number | null;
}

/** What doctor, metrics and readiness ask. */
export function countOperations({ reads }: OperationsContext): CountOperations {
  return {
    async conservation(signal) {
      const [row] = await reads(signal, "whole").query<{
        accepted: number;
        pending: number;
        finished: Readonly<Record<string, number>>;
      }>(conservationSql);
      const { accepted, pending, finished } = row ?? { accepted: 0, pending: 0, finished: {} };
      const ended = Object.values(finished).reduce((sum, count) => sum + count, 0);
      return { accepted, pending, finished, drift: accepted - pending - ended };
    },

    async backlog(_nowMs, limit, signal) {
      const rows = await reads(signal).query<BacklogRow>("select * from postrider.backlog($1::int)", [limit]);
      return {
        pending: rows[0]?.total ?? 0,
        oldestDueMs: rows[0]?.total_oldest_due_ms ?? null,
        partners: rows.flatMap((row) =>
          row.partner === null
            ? []
            : [{ partner: row.partner, pending: row.pending, oldestDueMs: row.oldest_due_ms }],
        ),
      };
    },

    async circuits(nowMs, signal) {
      const [row] = await reads(signal).query<Awaited<ReturnType<StatusOperations["circuits"]>>>(
        circuitsSql,
        [nowMs],
      );
      return row!;
    },

    async pausedEndpoints(signal) {
      const [row] = await reads(signal).query<{ n: number }>(pausedSql);
      return row?.n ?? 0;
    },

    async ping(signal) {
      const [row] = await reads(signal).query<{ server_ms: number; version: string; migration: number }>(
        pingSql,
      );
      return {
        serverTimeMs: row?.server_ms ?? 0,
        version: row?.version ?? "",
        migration: row?.migration ?? 0,
      };
    },
  };
}

/** One statement has one snapshot: a delivery that moves meanwhile is counted once. */
const conservationSql = `select coalesce((select sum(deliveries) from postrider.events), 0)::float8 as accepted,
  (select count(*) from postrider.pending)::float8 as pending,
  coalesce((select json_object_agg(f.state, f.n) from (select state, count(*) as n from postrider.finished group by state) f), '{}') as finished`;

const circuitsSql = `select count(*) filter (where c.state = 'open' and c.probe_at_ms > $1::float8)::float8 as open,
  count(*) filter (where c.state = 'open' and c.probe_at_ms <= $1::float8)::float8 as half_open,
  count(*) filter (where c.ramp is not null)::float8 as ramping,
  count(*) filter (where c.state = 'closed' and c.ramp is null and c.failing_since_ms is not null)::float8 as failing,
  count(*) filter (where c.refusing)::float8 as refusing
  from postrider.circuits c`;

const pausedSql =
  "select count(*)::float8 as n from postrider.endpoints n where n.paused_at is not null and n.deleted_at is null";

const pingSql = `select extract(epoch from clock_timestamp())::float8 * 1000 as server_ms, current_setting('server_version') as version,
  (select migration from postrider.schema_state) as migration`;
