import type { Claimed, ClaimLedger, ClaimRequest, DueDelivery } from "../ports/ledger.ts";
import { storedCircuit } from "./circuits.ts";
import { ringPayload } from "./ring-channel.ts";
import { type ClaimRow, dueDelivery } from "./rows.ts";
import { list, type Sql } from "./sql.ts";

interface ClaimTools {
  readonly sql: Sql;
  /** The process that holds the turns; null: the ledger belongs to it alone. */
  readonly holder: string | null;
  readonly leaseMs: number;
  /** Awaited before each claim. */
  readonly beforeClaim: () => Promise<void>;
}

/** Turns, and what is due in them. */
export function createClaimLedger({ sql, holder, leaseMs, beforeClaim }: ClaimTools): ClaimLedger {
  return {
    async claim(requests, asideIds, nowMs) {
      await beforeClaim();
      const rows = await sql.query<ClaimRow>(claimSql, [
        list(requests.map((request) => request.partnerNo)),
        list(requests.map((request) => request.fence ?? 0)),
        list(requests.map((request) => request.limit)),
        list(requests.map((request) => request.busyIds.join(","))),
        list(requests.map(({ passOver }) => (passOver?.length ? passOver.join(",") : null))),
        list(asideIds),
        nowMs,
        holder,
        holder === null ? null : leaseMs,
        ...placesOf(requests),
      ]);
      return byPartner(rows, holder === null ? Number.POSITIVE_INFINITY : leaseMs);
    },

    async tellHolders(partnerNos) {
      await sql.query("select pg_notify('postrider_ring', $1)", [ringPayload(partnerNos, "?")]);
    },
  };
}

const claimSql =
  "select * from postrider.claim($1::text::int[], $2::text::bigint[], $3::text::int[], $4::text::text[], $5::text::text[], $6::text::uuid[], $7::float8, $8::uuid, $9::float8, $10::text::float8[], $11::text::uuid[], $12::text::float8[])";

/** Where the claims begin: three nulls if all of them read from the heads, as those that open turns do. */
function placesOf(requests: readonly ClaimRequest[]): readonly (string | null)[] {
  if (!requests.some(({ from }) => from)) return [null, null, null];
  const places = requests.flatMap(({ from }) => from?.lanes ?? heads);
  return [
    list(places.map(({ dueAtMs }) => dueAtMs)),
    list(places.map(({ id }) => id ?? nil)),
    list(requests.map(({ from }) => from?.sinceMs ?? 0)),
  ];
}

/** No null: PostgreSQL walks through an array with nulls to reach an entry of it. */
const nil = "00000000-0000-0000-0000-000000000000";
const head = { dueAtMs: Number.NEGATIVE_INFINITY, id: null };
const heads = [head, head, head];

function byPartner(rows: readonly ClaimRow[], leaseMs: number): readonly Claimed[] {
  const claimed: (Claimed & { lastLane: number | null })[] = [];
  let deliveries: DueDelivery[] = [];
  let partnerNo = -1;
  for (const row of rows) {
    if (row.partner_no !== partnerNo) {
      partnerNo = row.partner_no;
      deliveries = [];
      claimed.push({
        partnerNo,
        fence: Number(row.fence),
        standing: row.standing,
        leaseMs,
        version: Number(row.version),
        nextDueAtMs: row.next_ms,
        limiterCursorMs: row.limiter_cursor_ms,
        circuits: row.circuits?.map(storedCircuit) ?? null,
        deliveries,
        lastLane: null,
      });
    }
    claimed.at(-1)!.lastLane = row.lane;
    if (row.id !== null) deliveries.push(dueDelivery(row as ClaimRow & { id: string }, deliveries.at(-1)));
  }
  return claimed;
}
