import { PostriderError } from "../../core/errors.ts";
import type { ReplayOperations, ReplayView } from "../../ports/operations.ts";
import type { DeliveryFilter, ReplaySelection, SkipCause } from "../../ports/selection.ts";
import type { OperationsContext } from "./context.ts";
import { causesSql, type Skips, waitingSql, type Waits } from "./causes.ts";
import { deliveryGroup, type GroupRow, groupsOf } from "./deliveries.ts";
import { isoText, isoTextOrNull } from "./instants.ts";
import { checkNames, noteOnType } from "./names.ts";
import { idForm, replaySelection, selectionOf, selectionValues } from "./selection.ts";

/** Replays: chosen here, put back step by step by `advanceReplays`. */
export function replayOperations({ sql, reads }: OperationsContext): ReplayOperations {
  const withNote = async (filter: DeliveryFilter, selected: ReplaySelection): Promise<ReplaySelection> =>
    selected.matched === 0 && selected.skipped.length === 0
      ? { ...selected, ...(await noteOnType(reads(undefined), filter)) }
      : selected;

  return {
    async previewReplay(filter, nowMs, signal) {
      const selected = replaySelection(filter);
      const values = selectionValues(selected, null, null);
      await checkNames(reads(signal), filter);
      const [row] = await reads(signal, "any").query<SelectedRow>(previewSql(selected), [...values, nowMs]);
      return withNote(filter, replaySelected(row));
    },

    async createReplay({ filter, ratePerSecond, requestedBy }, nowMs) {
      const selected = replaySelection(filter);
      const values = selectionValues(selected, null, null);
      await checkNames(reads(undefined), filter);
      const [row] = await sql.query<ReplayRow & SelectedRow>(createSql(selected), [
        ...values,
        nowMs,
        JSON.stringify(filter),
        ratePerSecond,
        requestedBy,
      ]);
      if (!row) throw new PostriderError("internal", "The ledger did not answer with the replay it made.");
      const chosen = replaySelected(row);
      // The replay is made: that the note cannot be read is no fault of it.
      return { ...(await withNote(filter, chosen).catch(() => chosen)), replay: replayView(row) };
    },

    async getReplay(id, signal) {
      if (!idForm.test(id)) return null;
      const [row] = await reads(signal).query<ReplayRow>(oneSql, [id]);
      return row ? replayView(row) : null;
    },

    async listReplays(limit, signal) {
      const rows = await reads(signal).query<ReplayRow>(
        `select ${columns} from postrider.replays r order by r.id desc limit $1::int`,
        [limit],
      );
      return rows.map(replayView);
    },

    async cancelReplay(id, nowMs) {
      if (!idForm.test(id)) return null;
      const [row] = await sql.transaction(async (tx) => {
        await tx.query(cancelSql, [id, nowMs]);
        return tx.query<ReplayRow>(oneSql, [id]);
      });
      return row ? replayView(row) : null;
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
  readonly skipped_causes: string;
}

/** What a replay selects, or would. */
interface SelectedRow {
  readonly selected_groups: readonly GroupRow[];
  readonly selected_skips: Skips;
  readonly selected_waits: Waits;
}

function replaySelected(row: SelectedRow | undefined): ReplaySelection {
  const groups = row?.selected_groups ?? [];
  return {
    matched: groups[0]?.matched ?? 0,
    groups: groups.map(deliveryGroup),
    skipped: row?.selected_skips ?? [],
    waiting: row?.selected_waits ?? [],
  };
}

const columns = `r.id, r.state, r.filter::text as filter, r.rate_per_second, r.requested_by,
  extract(epoch from r.created_at)::float8 * 1000 as created_ms, extract(epoch from r.finished_at)::float8 * 1000 as finished_ms,
  r.matched::float8 as matched, r.replayed::float8 as replayed, r.skipped::float8 as skipped, r.skipped_causes::text as skipped_causes`;

/** Selected by the filter: what can be replayed is chosen, what cannot is counted with its cause. */
const chosenSql = (filter: DeliveryFilter): string => `found as materialized (
    select s.*, case when p.deleted_at is not null then 'partner_deleted' when n.deleted_at is not null then 'endpoint_deleted'
                     when s.state = 'pending' then 'already_pending' end as left_as
      from ${selectionOf(filter)} s
      join postrider.endpoints n on n.endpoint_no = s.endpoint_no
      join postrider.partners p on p.partner_no = n.partner_no
  ), chosen as (select * from found where left_as is null)`;

const selectedSql = `coalesce((select json_agg(row_to_json(g)) from (${groupsOf("chosen")}) g), '[]') as selected_groups,
    ${causesSql("found", "left_as")} as selected_skips, ${waitingSql("chosen", "$11")} as selected_waits`;

const previewSql = (filter: DeliveryFilter): string => `with ${chosenSql(filter)} select ${selectedSql}`;

/** Chosen, listed and counted in one statement: what is answered is what will be replayed. */
const createSql = (filter: DeliveryFilter): string => `with ${chosenSql(filter)}, r as (
    insert into postrider.replays (id, state, filter, rate_per_second, requested_by, created_at, finished_at, matched, limiter_cursor_ms)
    select postrider.new_id(postrider.id_prefix(t.at), postrider.id_tail(), 0), case when c.n > 0 then 'running' else 'done' end,
           $12::text::json, $13::float8, $14::text, t.at, case when c.n = 0 then t.at end, c.n, $11::float8
      from (select count(*) as n from chosen) c cross join (select to_timestamp($11::float8 / 1000) as at) t
    returning *
  ), listed as (
    insert into postrider.replay_items (replay, endpoint_no, delivery) select r.id, c.endpoint_no, c.id from r cross join chosen c
  )
  select ${columns}, ${selectedSql} from r`;

const oneSql = `select ${columns} from postrider.replays r where r.id = $1::text::uuid`;

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
    skipped_causes: Object.entries(JSON.parse(row.skipped_causes) as Record<SkipCause, number>)
      .map(([cause, count]) => ({ cause: cause as SkipCause, count }))
      .sort((a, b) => b.count - a.count),
  };
}
