import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Sent } from "./checks.ts";

/** What the run reads from the ledger, by statements of its own, past everything that is tested. */
export interface LedgerRecords {
  /** Of the ids, those of events that the ledger has. */
  knownEvents(eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many attempts of each delivery are recorded. */
  attemptsOf(deliveryIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Accepted deliveries less pending and finished ones. */
  drift(): Promise<number>;
  /** Waiting deliveries of each partner that has some, with those that a replay has still to put back. */
  waiting(): Promise<ReadonlyMap<string, number>>;
  /** Finished deliveries by state. */
  finished(): Promise<Readonly<Record<string, number>>>;
  /** The recorded attempts for a partner since then, oldest first. */
  sent(partner: string, sinceMs?: number): Promise<readonly Sent[]>;
  /** Takes a snapshot, as a dump does, and keeps it; resolves to what ends it. */
  holdSnapshot(): Promise<() => Promise<void>>;
  /** One statement of a scenario's own. */
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

const tries = 200;
const betweenTriesMs = 100;

/** Reads the ledger at `url`, waiting while the server restarts. */
export function openLedgerRecords(url: string): LedgerRecords {
  const pool = new pg.Pool({ connectionString: url, max: 2, application_name: "fault-run" });
  pool.on("error", () => {});
  const query = async <Row>(sql: string, values: unknown[] = []): Promise<Row[]> => {
    for (let left = tries; ; left--) {
      try {
        return (await pool.query(sql, values)).rows as Row[];
      } catch (error) {
        // Class 42 is a mistake in the statement: no waiting helps.
        if (left === 0 || String((error as { code?: string }).code).startsWith("42")) throw error;
        await sleep(betweenTriesMs);
      }
    }
  };
  const counts = (rows: readonly { key: string; n: number }[]) => rows.map(({ key, n }) => [key, n] as const);
  return {
    async knownEvents(eventIds) {
      const rows = await query<{ event_id: string }>(knownSql, [eventIds]);
      return new Set(rows.map((row) => row.event_id));
    },
    attemptsOf: async (deliveryIds) => new Map(counts(await query(attemptsSql, [deliveryIds]))),
    drift: async () => (await query<{ drift: number }>(driftSql))[0]!.drift,
    waiting: async () => new Map(counts(await query(waitingSql))),
    finished: async () => Object.fromEntries(counts(await query(finishedSql))),
    async sent(partner, sinceMs = 0) {
      const rows = await query<{ delivery: string; at_ms: number }>(sentSql, [partner, sinceMs]);
      return rows.map((row) => ({ deliveryId: row.delivery, atMs: row.at_ms }));
    },
    async holdSnapshot() {
      const client = await pool.connect();
      await client.query("begin isolation level repeatable read");
      await client.query("select 1 from postrider.pending limit 1");
      return async () => {
        await client.query("rollback");
        client.release();
      };
    },
    run: async (sql) => void (await query(sql)),
    close: () => pool.end(),
  };
}

const knownSql = `select k.event_id from postrider.event_keys k join postrider.events e on e.id = k.event
  where k.event_id = any($1::text[])`;

const attemptsSql = `select delivery::text as key, count(*)::float8 as n from postrider.attempts
  where delivery = any($1::uuid[]) group by delivery`;

const driftSql = `select (coalesce((select sum(deliveries) from postrider.events), 0)
  - (select count(*) from postrider.pending) - (select count(*) from postrider.finished))::float8 as drift`;

const waitingSql = `select p.id as key, count(*)::float8 as n
  from (select partner_no from postrider.pending
        union all
        select e.partner_no from postrider.replay_items i join postrider.endpoints e using (endpoint_no)) q
  join postrider.partners p using (partner_no) group by p.id`;

const finishedSql = `select state::text as key, count(*)::float8 as n from postrider.finished group by state`;

const sentSql = `select a.delivery::text, extract(epoch from a.at)::float8 * 1000 as at_ms
  from postrider.partners p
  join postrider.deliveries d on d.partner_no = p.partner_no
  join postrider.attempts a on a.delivery = d.id
  where p.id = $1 and a.at >= to_timestamp($2::float8 / 1000) order by a.at`;
