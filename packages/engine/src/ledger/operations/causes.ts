import type { CauseCount, SkipCause, WaitCause } from "../../ports/selection.ts";

/** What holds back all deliveries of an endpoint, the first of several; null if nothing does. Over `n`, `p` and `c`. */
const waitCauseSql = (
  nowMs: string,
): string => `case when p.paused then 'partner_paused' when not n.enabled then 'endpoint_disabled'
  when n.paused_at is not null then 'endpoint_paused' when c.state = 'open' then 'circuit_open'
  when n.held_until > to_timestamp(${nowMs}::float8 / 1000) then 'endpoint_held' end`;

/** A JSON list of what holds back deliveries of `chosen` (which has endpoint_no), with how many; `nowMs` is a parameter. */
export const waitingSql = (chosen: string, nowMs: string): string =>
  listed(`
  select ${waitCauseSql(nowMs)} as cause, g.n
    from (select endpoint_no, count(*) as n from ${chosen} group by 1) g
    join postrider.endpoints n on n.endpoint_no = g.endpoint_no
    join postrider.partners p on p.partner_no = n.partner_no
    left join postrider.circuits c on c.endpoint_no = n.endpoint_no and c.circuit_no = n.circuit_no`);

/** A JSON list of the causes in `column` of `found`, with how many. */
export const causesSql = (found: string, column: string): string =>
  listed(`select ${column} as cause, count(*) as n from ${found} group by 1`);

const listed = (
  causes: string,
): string => `(select coalesce(json_agg(json_build_object('cause', c.cause, 'count', c.n) order by c.n desc, c.cause), '[]')
  from (select cause, sum(n)::float8 as n from (${causes}) a where cause is not null group by 1) c)`;

export type Skips = readonly CauseCount<SkipCause>[];
export type Waits = readonly CauseCount<WaitCause>[];
