import type { CancellationOperations } from "../../ports/operations.ts";
import type { DeliveryFilter } from "../../ports/selection.ts";
import { list, type Sql } from "../sql.ts";
import type { OperationsContext } from "./context.ts";
import { afterSteps } from "./after-steps.ts";
import { deliveryGroup, type GroupRow, groupsOf } from "./deliveries.ts";
import { idFloor } from "./instants.ts";
import { checkNames, noteOnType } from "./names.ts";
import { pendingSelection, selectionOf, selectionValues } from "./selection.ts";

const idsPerPage = 50_000;
const deliveriesPerStep = 5_000;
/** Passes over what was locked the time before: recording holds a delivery for some milliseconds. */
const mostPasses = 10;

/** Cancelling what waits. */
export function cancellationOperations({ inOnePlace, reads }: OperationsContext): CancellationOperations {
  return {
    async cancelDeliveries(filter, { dryRun }, nowMs, signal) {
      const selected = pendingSelection(filter, "cancelled");
      await checkNames(reads(signal), filter);
      // What is accepted from now on is another matter, or a cancellation could go on for ever.
      const bound = idFloor(nowMs + 1);
      const count = async (sql: Pick<Sql, "query">) => {
        const rows = await sql.query<GroupRow>(groupsSql, selectionValues(selected, bound, null));
        return { matched: rows[0]?.matched ?? 0, groups: rows.map(deliveryGroup) };
      };
      // What is to be done is counted in the time of a change: a read's is too short for a backlog of millions.
      const { counted, cancelled } = dryRun
        ? { counted: await count(reads(signal, "any")), cancelled: 0 }
        : await inOnePlace(async (steps) => {
            const before = await count(steps);
            signal?.throwIfAborted();
            return { counted: before, cancelled: await cancelAll(steps, selected, bound, nowMs) };
          });
      return {
        ...counted,
        cancelled,
        ...(counted.matched + cancelled === 0 ? await noteOnType(reads(signal), filter) : {}),
      };
    },
  };
}

/** Resolves to how many were cancelled. @throws what stopped it, with how many were cancelled before */
async function cancelAll(
  sql: Pick<Sql, "query">,
  selected: DeliveryFilter,
  bound: string,
  nowMs: number,
): Promise<number> {
  let cancelled = 0;
  try {
    for (let pass = 0; pass < mostPasses; pass++) {
      const left = await cancelOnce(sql, selected, bound, nowMs, (ended) => (cancelled += ended));
      if (left === 0) break;
    }
  } catch (error) {
    throw afterSteps(error, cancelled, "cancelled");
  }
  return cancelled;
}

/** Goes over all that is selected once, newest first. Resolves to how many were left: they were locked, or had just ended. */
async function cancelOnce(
  sql: Pick<Sql, "query">,
  selected: DeliveryFilter,
  bound: string,
  nowMs: number,
  tell: (ended: number) => void,
): Promise<number> {
  let [left, before] = [0, bound];
  for (;;) {
    const page = await sql.query<{ id: string }>(idsSql, [
      ...selectionValues(selected, before, idsPerPage),
      idsPerPage,
    ]);
    for (let from = 0; from < page.length; from += deliveriesPerStep) {
      const ids = page.slice(from, from + deliveriesPerStep).map(({ id }) => id);
      const [row] = await sql.query<{ n: number }>(stepSql, [list(ids), nowMs]);
      tell(row?.n ?? 0);
      left += ids.length - (row?.n ?? 0);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < idsPerPage) return left;
    before = last.id;
  }
}

/** Ids alone hold still what a filter with ids may select besides. */
const waiting = `(select * from ${selectionOf({})}) s where s.state = 'pending'`;
const groupsSql = groupsOf(`(select * from ${waiting})`);
const idsSql = `select s.id::text as id from ${waiting} order by s.id desc limit $11::float8::bigint`;
const stepSql = "select postrider.cancel_deliveries($1::text::uuid[], $2::float8) as n";
