import type { AcceptResult, EventDoor } from "../ports/operations.ts";
import { asLedgerError } from "./ledger-error.ts";
import type { Sql } from "./sql.ts";

interface AcceptRow {
  readonly event_id: string;
  readonly status: AcceptResult["status"];
  readonly deliveries: number;
  readonly error: string | null;
  readonly partners: readonly number[];
}

/** The one door, `postrider.accept`, for callers in this process. They ring by themselves, so nothing is notified. */
export function createEventDoor(sql: Sql): EventDoor {
  return {
    async accept(eventTexts, nowMs) {
      const rows = await sql
        .query<AcceptRow>("select event_id, status, deliveries, error, partners from postrider.accept($1::text::json, false, to_timestamp($2::float8 / 1000))", [
          `[${eventTexts.join(",")}]`,
          nowMs,
        ])
        .catch(asLedgerError);
      const partnerNos = new Set<number>();
      for (const row of rows) for (const partner of row.partners) partnerNos.add(partner);
      return { results: rows.map(acceptResult), partnerNos: [...partnerNos] };
    },
    onAccepted: (listener) =>
      sql.listen("postrider_ring", (payload) => listener(payload === "*" ? [] : payload.split(",").map(Number))),
  };
}

function acceptResult(row: AcceptRow): AcceptResult {
  const { event_id, status, deliveries, error } = row;
  return error === null ? { event_id, status, deliveries } : { event_id, status, deliveries, error };
}
