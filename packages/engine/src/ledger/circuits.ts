import type { Circuit } from "../core/breaker.ts";
import type { Refusals } from "../core/refusals.ts";
import type { CircuitSave, StoredCircuit, WatchLedger } from "../ports/ledger.ts";
import type { Sql } from "./sql.ts";

/** The columns of `postrider.circuits` by the fields of a circuit. The only place that knows both spellings; a forgotten field does not compile. */
const columns = {
  state: "state",
  openedAtMs: "opened_at_ms",
  sinceMs: "since_ms",
  failingSinceMs: "failing_since_ms",
  failures: "failures",
  waitMs: "wait_ms",
  probeAtMs: "probe_at_ms",
  ramp: "ramp",
  mark: "mark",
} as const satisfies Record<Exclude<keyof Circuit, "refusals">, string>;

const refusalColumns = {
  sinceMs: "refused_since_ms",
  refused: "refused",
  ended: "refused_of",
  refusing: "refusing",
  accepted: "accepted_again",
} as const satisfies Record<keyof Refusals, string>;

type Columns<Fields, Names extends { readonly [Field in keyof Fields]: string }> = {
  readonly [Field in keyof Fields as Names[Field]]: Fields[Field];
};

/** A row of `postrider.circuits`, as JSON. Without refusals `refused_since_ms` is null, and the other columns of them are 0 or false. */
export type CircuitRow = { readonly endpoint_no: number; readonly circuit_no: number } & Columns<
  Omit<Circuit, "refusals">,
  typeof columns
> &
  Omit<Columns<Refusals, typeof refusalColumns>, "refused_since_ms"> & {
    readonly refused_since_ms: number | null;
  };

export function storedCircuit(row: CircuitRow): StoredCircuit {
  const refusals = row.refused_since_ms === null ? null : (fieldsOf(row, refusalColumns) as Refusals);
  return {
    endpointNo: row.endpoint_no,
    circuitNo: row.circuit_no,
    circuit: { ...(fieldsOf(row, columns) as Omit<Circuit, "refusals">), refusals },
  };
}

export async function saveCircuits(sql: Sql, saves: readonly CircuitSave[]): Promise<void> {
  const rows = saves.map(({ partnerNo, fence, endpointNo, circuitNo, circuit }) => ({
    endpoint_no: endpointNo,
    partner_no: partnerNo,
    fence,
    circuit_no: circuitNo,
    ...(circuit && rowOf(circuit, columns)),
    ...(circuit?.refusals && rowOf(circuit.refusals, refusalColumns)),
  }));
  await sql.query("select postrider.save_circuits($1::text::json)", [JSON.stringify(rows)]);
}

/** The fields that these columns of a row hold. */
function fieldsOf(row: CircuitRow, names: Readonly<Record<string, keyof CircuitRow>>): object {
  return Object.fromEntries(Object.entries(names).map(([field, column]) => [field, row[column]]));
}

/** The columns that hold these fields. */
function rowOf<Fields extends object>(
  fields: Fields,
  names: Readonly<Partial<Record<keyof Fields, string>>>,
): object {
  const entries = Object.entries(names) as [keyof Fields, string][];
  return Object.fromEntries(entries.map(([field, column]) => [column, fields[field]]));
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
