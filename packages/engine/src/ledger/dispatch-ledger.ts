import type { Ledger, SweepLedger } from "../ports/ledger.ts";
import { oldBacklogs, saveCircuits, silentPartners } from "./circuits.ts";
import { createClaimLedger } from "./claims.ts";
import { createOutcomeLedger } from "./outcomes.ts";
import { readPartnerSettings } from "./partner-settings.ts";
import { livingProcesses, newIdentity, type ProcessIdentity, readTime } from "./processes.ts";
import { processSettings } from "./process-settings.ts";
import { advanceReplays } from "./replays.ts";
import { ringPayload } from "./ring-channel.ts";
import type { Seal } from "./seal.ts";
import { createSignsOfLife } from "./signs-of-life.ts";
import { isTransientFault, type Sql } from "./sql.ts";
import { keepUp } from "./upkeep.ts";

export interface DispatchLedgerOptions {
  /** Default: a new one. */
  readonly process?: ProcessIdentity;
  /** How long a turn is held without asking again. A process that dies keeps its partners waiting for so long. Default 5 s. */
  readonly leaseMs?: number;
}

const defaultLeaseMs = 5_000;

/** What a process asks of its ledger, over either driver. Its parts are those of `ports/ledger.ts`. */
export function createDispatchLedger(
  sql: Sql,
  seal: Seal,
  { process = newIdentity(), leaseMs = defaultLeaseMs }: DispatchLedgerOptions = {},
): Ledger {
  const { shared } = sql.capabilities;
  const holder = shared ? process.id : null;
  const { declare, othersAllow, leave } = processSettings(sql, process.id, seal.keyIds);
  const { sayUnlocked, ...signsOfLife } = createSignsOfLife(sql, process);
  return {
    ...createClaimLedger({ sql, holder, leaseMs, beforeClaim: sayUnlocked }),
    ...createOutcomeLedger(sql, holder),
    ...createSweepLedger(sql),
    ...signsOfLife,

    saveCircuits: (saves) => saveCircuits(sql, saves),
    oldBacklogs: (beforeMs) => oldBacklogs(sql, beforeMs),
    silentPartners: (nowMs) => silentPartners(sql, nowMs),

    settings: (partnerNos, nowMs) => readPartnerSettings(sql, seal, partnerNos, nowMs),
    locate: (partnerId, endpointId) => locate(sql, partnerId, endpointId),

    declare,
    othersAllow,
    async passOn(partnerNos) {
      if (shared) await sql.query("select pg_notify('postrider_ring', $1)", [ringPayload(partnerNos, "!")]);
    },

    readTime: () => readTime(sql),
    processes: (signal) => livingProcesses(sql, signal),
    async leave() {
      if (shared) await leave();
    },

    onLost: (listener) => sql.onLost(listener),
    isTransient: isTransientFault,
  };
}

function createSweepLedger(sql: Sql): SweepLedger {
  return {
    async duePartners(untilMs, skipHeld = false) {
      const rows = await sql.query<{ partner_no: number; due_ms: number }>(
        "select partner_no, due_ms from postrider.due_partners($1::float8, $2::boolean)",
        [untilMs, skipHeld],
      );
      return rows.map((row) => ({ partnerNo: row.partner_no, dueAtMs: row.due_ms }));
    },

    advanceReplays: (limit, nowMs) => advanceReplays(sql, limit, nowMs),

    async cutBack(nowMs, staleAfterMs) {
      const [row] = await sql.query<{ n: number }>("select postrider.cut_back($1::float8, $2::float8) as n", [
        nowMs,
        staleAfterMs ?? null,
      ]);
      return row?.n ?? 0;
    },

    keepUp: (nowMs, retention, signal) => keepUp(sql, nowMs, retention, signal),
  };
}

async function locate(sql: Sql, partnerId: string, endpointId: string): ReturnType<Ledger["locate"]> {
  const [row] = await sql.query<{ partner_no: number; endpoint_no: number }>(locateSql, [
    partnerId,
    endpointId,
  ]);
  return row ? { partnerNo: row.partner_no, endpointNo: row.endpoint_no } : null;
}

const locateSql = `select p.partner_no, e.endpoint_no from postrider.partners p
  join postrider.endpoints e on e.partner_no = p.partner_no and e.id = $2 and e.deleted_at is null
 where p.id = $1 and p.deleted_at is null`;
