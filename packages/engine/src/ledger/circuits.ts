import type { Circuit } from "../core/breaker.ts";
import type { CircuitSave, StoredCircuit, WatchLedger } from "../ports/ledger.ts";
import type { Sql } from "./sql.ts";

/** A row of `postrider.circuits`, as JSON. */
export interface CircuitRow {
  readonly endpoint_no: number;
  readonly circuit_no: number;
  readonly state: Circuit["state"];
  readonly opened_at_ms: number | null;
  readonly since_ms: number;
  readonly failing_since_ms: number | null;
  readonly failures: number;
  readonly wait_ms: number;
  readonly probe_at_ms: number | null;
  readonly ramp: number | null;
  readonly mark: number;
  readonly refused_since_ms: number | null;
  readonly refused: number;
  readonly refused_of: number;
  readonly refusing: boolean;
  readonly accepted_again: number;
}

export function storedCircuit(row: CircuitRow): StoredCircuit {
  return {
    endpointNo: row.endpoint_no,
    circuitNo: row.circuit_no,
    circuit: {
      state: row.state,
      openedAtMs: row.opened_at_ms,
      sinceMs: row.since_ms,
      failingSinceMs: row.failing_since_ms,
      failures: row.failures,
      waitMs: row.wait_ms,
      probeAtMs: row.probe_at_ms,
      ramp: row.ramp,
      mark: row.mark,
      refusals:
        row.refused_since_ms === null
          ? null
          : {
              sinceMs: row.refused_since_ms,
              refused: row.refused,
              ended: row.refused_of,
              refusing: row.refusing,
              accepted: row.accepted_again,
            },
    },
  };
}

export async function saveCircuits(sql: Sql, saves: readonly CircuitSave[]): Promise<void> {
  const rows = saves.map(({ partnerNo, fence, endpointNo, circuitNo, circuit }) => ({
    endpoint_no: endpointNo,
    partner_no: partnerNo,
    fence,
    circuit_no: circuitNo,
    state: circuit?.state,
    opened_at_ms: circuit?.openedAtMs,
    since_ms: circuit?.sinceMs,
    failing_since_ms: circuit?.failingSinceMs,
    failures: circuit?.failures,
    wait_ms: circuit?.waitMs,
    probe_at_ms: circuit?.probeAtMs,
    ramp: circuit?.ramp,
    mark: circuit?.mark,
    refused_since_ms: circuit?.refusals?.sinceMs,
    refused: circuit?.refusals?.refused,
    refused_of: circuit?.refusals?.ended,
    refusing: circuit?.refusals?.refusing,
    accepted_again: circuit?.refusals?.accepted,
  }));
  await sql.query("select postrider.save_circuits($1::text::json)", [JSON.stringify(rows)]);
}

export async function oldBacklogs(sql: Sql, beforeMs: number): ReturnType<WatchLedger["oldBacklogs"]> {
  const rows = await sql.query<{ partner: string; oldest_due_ms: number }>(
    "select * from postrider.old_backlogs($1::float8)",
    [beforeMs],
  );
  return rows.map((row) => ({ partner: row.partner, oldestDueMs: row.oldest_due_ms }));
}

export async function silentPartners(sql: Sql, nowMs: number): ReturnType<WatchLedger["silentPartners"]> {
  const rows = await sql.query<{ partner: string; silent_after_ms: number }>(
    "select * from postrider.silent_partners($1::float8)",
    [nowMs],
  );
  return rows.map((row) => ({ partner: row.partner, silentAfterMs: row.silent_after_ms }));
}
