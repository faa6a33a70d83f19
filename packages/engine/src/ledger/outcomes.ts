import { lackOfNote } from "../core/lack.ts";
import { missingKeyNote, schemes } from "../core/missing-key.ts";
import type { EndpointHold, Outcome, OutcomeLedger } from "../ports/ledger.ts";
import { fanOut } from "./fan-outs.ts";
import { list, listOf, type Sql } from "./sql.ts";

/**
 * What became of deliveries, endpoints and turns.
 *
 * @param holder the process that holds the turns; null: the ledger belongs to it alone
 */
export function createOutcomeLedger(sql: Sql, holder: string | null): OutcomeLedger {
  return {
    async record(outcomes, again) {
      await sql.query(recordSql, [...recordValues(outcomes, again), holder]);
    },

    fanOut: (splits) => fanOut(sql, splits, holder),

    hold: (holds) => hold(sql, holds),

    async saveCursors(saves) {
      const rows = await sql.query<{ partner_no: number }>(saveCursorsSql, [
        list(saves.map((save) => save.partnerNo)),
        list(saves.map((save) => save.fence)),
        list(saves.map((save) => save.cursorMs)),
      ]);
      return rows.map((row) => row.partner_no);
    },

    async closeTurns(closes) {
      const [row] = await sql.query<{ rung: readonly number[] }>(closeTurnsSql, [
        list(closes.map((close) => close.partnerNo)),
        list(closes.map((close) => close.fence)),
        list(closes.map((close) => close.cursorMs)),
        holder,
      ]);
      return row?.rung ?? [];
    },
  };
}

async function hold(sql: Sql, holds: readonly EndpointHold[]): Promise<void> {
  const endpointNos = list(holds.map(({ endpointNo }) => endpointNo));
  const notes = schemes.map(missingKeyNote);
  const lacks = holds.map(({ note }) => lackOfNote(note));
  const values = [
    endpointNos,
    list(holds.map(({ untilMs }) => untilMs)),
    list(holds.map(({ note }) => note)),
    list(notes),
    list(schemes),
    list(lacks.map((lack) => lack?.kind ?? null)),
    list(lacks.map((lack) => lack?.name ?? null)),
  ];
  if (!holds.some(({ note }, index) => notes.includes(note) || lacks[index] !== null))
    return void (await sql.query(holdSql, values));
  await sql.transaction(async (tx) => {
    await tx.query(ownersSql, [endpointNos]);
    await tx.query(holdSql, values);
  });
}

const closeTurnsSql =
  "select postrider.close_turns($1::text::int[], $2::text::bigint[], $3::text::float8[], $4::uuid) as rung";

const recordSql = `select postrider.record($1::text::uuid[], $2::text::int[], $3::text::bigint[], $4::text::postrider.delivery_state[],
  $5::text::postrider.reason[], $6::text::float8[], $7::text::int[], $8::text::float8[], $9::text::int[], $10::text::float8[],
  $11::text::int[], $12::text::int[], $13::text::int[], $14::text::text[], $15::text::text[], $16::text::int[], $17::boolean, $18::uuid)`;

/** Waits for changes of partners under way: only a statement that begins after them sees their keys, secrets and constants. */
const ownersSql = `select 1 from postrider.partners p
 where p.partner_no in (select e.partner_no from postrider.endpoints e where e.endpoint_no = any($1::text::int[]))
 order by p.partner_no for share`;

/** A pause for a missing key, secret or constant must not be stored if it was made meanwhile: nothing would end it. */
const holdSql = `update postrider.endpoints e
   set held_until = case when h.until_ms is null then e.held_until else greatest(e.held_until, to_timestamp(h.until_ms / 1000)) end,
       paused_at = case when h.until_ms is null then coalesce(e.paused_at, clock_timestamp()) else e.paused_at end,
       note = h.note
  from (select distinct on (endpoint_no) * from unnest($1::text::int[], $2::text::float8[], $3::text::text[], $6::text::text[], $7::text::text[])
           as u(endpoint_no, until_ms, note, lacks, name)
         order by endpoint_no, until_ms desc nulls first) h
 where e.endpoint_no = h.endpoint_no
   and not (h.note = any($4::text::text[]) and exists (
     select 1 from unnest($4::text::text[], $5::text::text[]) as m(note, scheme)
       join postrider.signing_keys k on k.scheme = m.scheme and (k.retires_at is null or k.retires_at > clock_timestamp())
      where m.note = h.note and k.partner_no = e.partner_no))
   and not (h.lacks is not distinct from 'secret' and exists (
     select 1 from postrider.partner_secrets s where s.partner_no = e.partner_no and s.name = h.name))
   and not (h.lacks is not distinct from 'constant' and exists (
     select 1 from postrider.partners p where p.partner_no = e.partner_no and p.constants::jsonb ? h.name))`;

const saveCursorsSql = `update postrider.partner_runtime r set limiter_cursor_ms = s.cursor_ms
  from unnest($1::text::int[], $2::text::bigint[], $3::text::float8[]) as s(partner_no, fence, cursor_ms)
 where r.partner_no = s.partner_no and r.fence = s.fence
returning r.partner_no`;

/** The columns of `postrider.record`, each an array literal over all outcomes. */
function recordValues(outcomes: readonly Outcome[], again: boolean) {
  const column = (value: (outcome: Outcome) => string | number | null) => listOf(outcomes, value);
  return [
    column((o) => o.deliveryId),
    column((o) => o.partnerNo),
    column((o) => o.fence),
    column((o) => (o.change.kind === "finish" ? o.change.state : null)),
    column((o) => (o.change.kind === "finish" ? o.change.reason : null)),
    column((o) => (o.change.kind === "retry" ? o.change.dueAtMs : null)),
    column((o) => (o.change.kind === "retry" ? o.change.clientErrors : 0)),
    column((o) => (o.change.kind === "finish" ? o.change.atMs : null)),
    column((o) => o.attempt?.n ?? 0),
    column((o) => o.attempt?.atMs ?? null),
    column((o) => o.attempt?.durationMs ?? null),
    column((o) => o.attempt?.status ?? null),
    column((o) => o.attempt?.endpointVersion ?? null),
    column((o) => o.change.error),
    column((o) => o.attempt?.responseBody || null),
    column((o) => (o.change.kind === "retry" ? (o.change.attemptsBefore ?? null) : null)),
    again,
  ];
}
