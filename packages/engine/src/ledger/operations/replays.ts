import { PostriderError } from "../../core/errors.ts";
import type { DeliveryFilter, Operations, ReplayView } from "../../ports/operations.ts";
import type { OperationsContext } from "./context.ts";
import { deliveryGroup, type GroupRow, groupsOf } from "./deliveries.ts";
import { isoText, isoTextOrNull } from "./instants.ts";
import { idForm, replaySelection, selection, selectionValues } from "./selection.ts";

type ReplayOperations = Pick<Operations, "createReplay" | "getReplay" | "listReplays" | "cancelReplay">;

/** Replays: chosen here, put back step by step by `advanceReplays`. */
export function replayOperations({ sql }: OperationsContext): ReplayOperations {
  return {
    async createReplay({ filter, ratePerSecond, requestedBy }, nowMs) {
      const [row] = await sql.query<ReplayRow & { readonly groups: readonly GroupRow[] }>(createSql, [
        ...selectionValues(replaySelection(filter), null, null),
        JSON.stringify(filter),
        ratePerSecond,
        requestedBy,
        nowMs,
      ]);
      if (!row) throw new PostriderError("internal", "The ledger did not answer with the replay it made.");
      return { replay: replayView(row), groups: row.groups.map(deliveryGroup) };
    },

    async getReplay(id) {
      if (!idForm.test(id)) return null;
      const [row] = await sql.query<ReplayRow>(
        `select ${columns} from postrider.replays r where r.id = $1::text::uuid`,
        [id],
      );
      return row ? replayView(row) : null;
    },

    async listReplays(limit) {
      const rows = await sql.query<ReplayRow>(
        `select ${columns} from postrider.replays r order by r.id desc limit $1::int`,
        [limit],
      );
      return rows.map(replayView);
    },

    async cancelReplay(id, nowMs) {
      if (!idForm.test(id)) return null;
      await sql.query(cancelSql, [id, nowMs]);
      return this.getReplay(id);
    },
  };
}

interface ReplayRow {
  readonly id: string;
  readonly state: ReplayView["state"];
  readonly filter: string;
  readonly rate_per_second: number | null;
  readonly requested_by: string;
  readonly created_ms: number;
  readonly finished_ms: number | null;
  readonly matched: number;
  readonly replayed: number;
  readonly skipped: number;
}

const columns = `r.id, r.state, r.filter::text as filter, r.rate_per_second, r.requested_by,
  extract(epoch from r.created_at)::float8 * 1000 as created_ms, extract(epoch from r.finished_at)::float8 * 1000 as finished_ms,
  r.matched::float8 as matched, r.replayed::float8 as replayed, r.skipped::float8 as skipped`;

/** Chosen, listed and counted in one statement: what is answered is what will be replayed. */
const createSql = `with chosen as materialized (
    select * from ${selection} where state <> 'pending'
  ), r as (
    insert into postrider.replays (id, state, filter, rate_per_second, requested_by, created_at, finished_at, matched, limiter_cursor_ms)
    select postrider.new_id(postrider.id_prefix(t.at), postrider.id_tail(), 0), case when c.n > 0 then 'running' else 'done' end,
           $11::text::json, $12::float8, $13::text, t.at, case when c.n = 0 then t.at end, c.n, $14::float8
      from (select count(*) as n from chosen) c cross join (select to_timestamp($14::float8 / 1000) as at) t
    returning *
  ), listed as (
    insert into postrider.replay_items (replay, endpoint_no, delivery) select r.id, c.endpoint_no, c.id from r cross join chosen c
  )
  select ${columns}, coalesce((select json_agg(row_to_json(g)) from (${groupsOf("chosen")}) g), '[]') as groups from r`;

const cancelSql = `with r as (
    update postrider.replays set state = 'cancelled', finished_at = to_timestamp($2::float8 / 1000)
     where id = $1::text::uuid and state = 'running' returning id
  )
  delete from postrider.replay_items i using r where i.replay = r.id`;

function replayView(row: ReplayRow): ReplayView {
  return {
    replay_id: row.id,
    state: row.state,
    filter: JSON.parse(row.filter) as DeliveryFilter,
    rate_per_second: row.rate_per_second,
    requested_by: row.requested_by,
    created_at: isoText(row.created_ms),
    finished_at: isoTextOrNull(row.finished_ms),
    matched: row.matched,
    replayed: row.replayed,
    skipped: row.skipped,
  };
}
