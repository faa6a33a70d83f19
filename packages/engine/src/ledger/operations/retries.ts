import type { Operations } from "../../ports/operations.ts";
import { list } from "../sql.ts";
import { causesSql, type Skips, waitingSql, type Waits } from "./causes.ts";
import type { OperationsContext } from "./context.ts";
import { deliveryGroup, type GroupRow, groupsOf } from "./deliveries.ts";
import { idFloor } from "./instants.ts";
import { checkNames, noteOnType } from "./names.ts";
import { pendingSelection, selectionValues, waitingSelection } from "./selection.ts";

type RetryOperations = Pick<Operations, "retryNow">;

const idsPerPage = 50_000;
const deliveriesPerStep = 5_000;

/** Sending waiting retries now. */
export function retryOperations({ sql, reads }: OperationsContext): RetryOperations {
  return {
    async retryNow(filter, { dryRun }, nowMs, signal) {
      const selected = pendingSelection(filter, "sent now");
      await checkNames(reads(signal), filter);
      // What is accepted from now on is not selected.
      const bound = idFloor(nowMs + 1);
      const [row] = await reads(signal, "any").query<CountedRow>(countSql, [
        ...selectionValues(selected, bound, null),
        nowMs,
      ]);
      const { groups = [], skipped = [], waiting = [], due_waiting = [] } = row ?? {};
      const counted = {
        matched: groups[0]?.matched ?? 0,
        groups: groups.map(deliveryGroup),
        skipped,
        waiting,
        due_waiting,
        ...(groups.length === 0 && skipped.length === 0 ? await noteOnType(reads(signal), filter) : {}),
      };
      let retried = 0;
      const partnerNos = new Set<number>();
      for (let before: string | undefined = bound; !dryRun && before !== undefined; ) {
        const page: readonly WaitingRow[] = await sql.query<WaitingRow>(idsSql, [
          ...selectionValues(selected, before, idsPerPage),
          nowMs,
          idsPerPage,
        ]);
        const ids = page.filter(({ left_as }) => left_as === null).map(({ id }) => id);
        for (let from = 0; from < ids.length; from += deliveriesPerStep) {
          const [step] = await sql.query<{ n: number; partner_nos: readonly number[] }>(stepSql, [
            list(ids.slice(from, from + deliveriesPerStep)),
            nowMs,
          ]);
          retried += step?.n ?? 0;
          for (const partnerNo of step?.partner_nos ?? []) partnerNos.add(partnerNo);
        }
        before = page.length < idsPerPage ? undefined : page.at(-1)?.id;
      }
      return { result: { ...counted, retried }, partnerNos: [...partnerNos] };
    },
  };
}

interface CountedRow {
  readonly groups: readonly GroupRow[];
  readonly skipped: Skips;
  readonly waiting: Waits;
  readonly due_waiting: Waits;
}

interface WaitingRow {
  readonly id: string;
  readonly left_as: string | null;
}

/** Materialized: it is read five times. */
const countSql = `with found as materialized (select * from ${waitingSelection}),
  chosen as (select * from found where left_as is null), due as (select * from found where left_as = 'already_due')
  select coalesce((select json_agg(row_to_json(g)) from (${groupsOf("chosen")}) g), '[]') as groups,
         ${causesSql("found", "left_as")} as skipped, ${waitingSql("chosen", "$11")} as waiting,
         ${waitingSql("due", "$11")} as due_waiting`;

/** The newest of the selected, whether they are made due or not: the page after begins behind them. */
const idsSql = `select s.id::text as id, s.left_as from ${waitingSelection} s order by s.id desc limit $12::float8::bigint`;
const stepSql = "select n, partner_nos from postrider.retry_now($1::text::uuid[], $2::float8)";
