import type { RetryOperations } from "../../ports/operations.ts";
import { list, type Sql } from "../sql.ts";
import { afterSteps } from "./after-steps.ts";
import { causesSql, type Skips, waitingSql, type Waits } from "./causes.ts";
import type { OperationsContext } from "./context.ts";
import { deliveryGroup, type GroupRow, groupsOf } from "./deliveries.ts";
import { idFloor } from "./instants.ts";
import { checkNames, noteOnType } from "./names.ts";
import type { DeliveryFilter } from "../../ports/selection.ts";
import { pendingSelection, selectionValues, waitingSelection } from "./selection.ts";

const idsPerPage = 50_000;
const deliveriesPerStep = 5_000;

/** Sending waiting retries now. */
export function retryOperations({ inOnePlace, reads, madeDue }: OperationsContext): RetryOperations {
  return {
    async retryNow(filter, { dryRun }, nowMs, signal) {
      const selected = pendingSelection(filter, "sent now");
      await checkNames(reads(signal), filter);
      // What is accepted from now on is not selected.
      const bound = idFloor(nowMs + 1);
      const count = async (sql: Pick<Sql, "query">) =>
        (await sql.query<CountedRow>(countSql, [...selectionValues(selected, bound, null), nowMs]))[0];
      // What is to be done is counted in the time of a change: a read's is too short for a backlog of millions.
      const { row, made } = dryRun
        ? { row: await count(reads(signal, "any")), made: nothingMade }
        : await inOnePlace(async (steps) => {
            const before = await count(steps);
            signal?.throwIfAborted();
            return { row: before, made: await makeDue(steps, { selected, bound, nowMs }, madeDue) };
          });
      const { groups = [], skipped = [], waiting = [], due_waiting = [] } = row ?? {};
      const counted = {
        matched: groups[0]?.matched ?? 0,
        groups: groups.map(deliveryGroup),
        skipped,
        waiting,
        due_waiting,
        ...(groups.length + skipped.length + made.retried === 0
          ? await noteOnType(reads(signal), filter)
          : {}),
      };
      return { result: { ...counted, retried: made.retried }, partnerNos: [...made.partnerNos] };
    },
  };
}

interface Made {
  readonly retried: number;
  readonly partnerNos: ReadonlySet<number>;
}

const nothingMade: Made = { retried: 0, partnerNos: new Set() };

/**
 * Makes what is selected due, newest first, in steps that are a transaction each.
 *
 * @param madeDue told of the partners of the steps before a fault, since nobody gets them as a result
 * @throws what stopped it, with how many were made due before
 */
async function makeDue(
  sql: Pick<Sql, "query">,
  what: { readonly selected: DeliveryFilter; readonly bound: string; readonly nowMs: number },
  madeDue: (partnerNos: readonly number[]) => void,
): Promise<Made> {
  const { selected, bound, nowMs } = what;
  let retried = 0;
  const partnerNos = new Set<number>();
  try {
    for (let before: string | undefined = bound; before !== undefined; ) {
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
  } catch (error) {
    if (partnerNos.size > 0) madeDue([...partnerNos]);
    throw afterSteps(error, retried, "made due");
  }
  return { retried, partnerNos };
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
