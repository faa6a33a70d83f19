import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { pid } from "node:process";
import type { Condition } from "../ports/conditions.ts";
import type { Attendance, FleetProcess, LedgerTime, SignOfLife } from "../ports/fleet.ts";
import { list, type Sql } from "./sql.ts";

/** Who this is among the processes that share a ledger. */
export interface ProcessIdentity {
  readonly id: string;
  /** For people: host and process number. */
  readonly name: string;
  /** Of Postrider. Default: unknown. */
  readonly version?: string;
  /** Default: none. */
  readonly roles?: readonly string[];
}

/** A new identity of this process. */
export const newIdentity = (): ProcessIdentity => ({ id: randomUUID(), name: `${hostname()}:${pid}` });

/** One that dispatches counts as alive for this long after its last sign of life: three missed ones. */
const aliveMs = 4_000;

/** SQL that says whether a process that dispatches is alive. @param of the alias of its row in `processes` */
export const isAliveSql = (of: string): string =>
  `${of}.seen_at > clock_timestamp() - interval '${aliveMs} milliseconds'`;

/** What the ledger's clock says; null where the ledger belongs to this process, whose clock it has. */
export async function readTime(sql: Sql): Promise<LedgerTime | null> {
  if (!sql.capabilities.shared) return null;
  const [row] = await sql.query<{ ms: number }>(
    "select extract(epoch from clock_timestamp())::float8 * 1000 as ms",
  );
  return { arrivedMs: row!.ms, answeredMs: row!.ms };
}

/** A sign of life. @param locked whether the process holds the lock of its name, as far as it knows */
export async function attend(
  sql: Sql,
  { id, name, version = "", roles = [] }: ProcessIdentity,
  { busy, skewMs, conditions, dispatches }: SignOfLife,
  locked: boolean,
): Promise<Attendance> {
  const [row] = await sql.query<AttendRow>(attendSql, [
    id,
    name,
    version === "" ? null : version,
    list(roles),
    busy,
    skewMs,
    JSON.stringify(conditions),
    dispatches,
    locked,
    aliveMs,
  ]);
  const { alive, first, idlest, found_dead, arrived_ms, answered_ms } = row!;
  const time = { arrivedMs: arrived_ms, answeredMs: answered_ms };
  return { alive, first, idlest, foundDead: found_dead, time };
}

/** All that gave a sign of life lately, the oldest first. Read apart: it is asked for if all other connections are taken. */
export async function livingProcesses(
  { reads }: Pick<Sql, "reads">,
  signal?: AbortSignal,
): Promise<readonly FleetProcess[]> {
  const rows = await reads.query<ProcessRow>(livingSql, [aliveMs], { size: "small", signal });
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    version: row.version,
    roles: row.roles,
    dispatches: row.dispatches,
    startedAtMs: row.started_ms,
    seenAtMs: row.seen_ms,
    skewMs: row.skew_ms,
    conditions: row.conditions,
  }));
}

const attendSql =
  "select * from postrider.attend($1::uuid, $2, $3, $4::text::text[], $5::float8, $6::float8, $7::text::json, $8::boolean, $9::boolean, $10::float8)";

const livingSql = `select p.id::text, p.name, p.version, to_json(p.roles) as roles, p.dispatches, p.skew_ms, p.conditions,
  extract(epoch from p.started_at)::float8 * 1000 as started_ms, extract(epoch from p.seen_at)::float8 * 1000 as seen_ms
  from postrider.processes p where postrider.lives(p.seen_at, p.dispatches, $1::float8, clock_timestamp())
 order by p.started_at, p.id`;

interface AttendRow {
  readonly alive: number;
  readonly first: boolean;
  readonly idlest: number | null;
  readonly found_dead: number;
  readonly arrived_ms: number;
  readonly answered_ms: number;
}

interface ProcessRow {
  readonly id: string;
  readonly name: string;
  readonly version: string | null;
  readonly roles: readonly string[];
  readonly dispatches: boolean;
  readonly skew_ms: number | null;
  readonly conditions: readonly Condition[];
  readonly started_ms: number;
  readonly seen_ms: number;
}
