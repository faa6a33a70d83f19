-- backlog: how much waits, cheaply enough for every scrape.
--
-- Out: the partners with most waiting (at most p_limit rows, at least one), each beside the total. Counting reads some
--      200,000 index entries at most, whatever the backlog: an endpoint is counted up to a cap of 10,000, or less
--      where more than 20 endpoints wait, but never less than 100. Below the cap everything is exact; a partner at
--      its cap has at least that many, and the total is then the server's own running estimate of the table.
--      oldest_due_ms is the earliest due time, which may lie ahead, of what nobody paused or disabled: the rest is
--      counted, and waits for whoever resumes it.
create or replace function postrider.backlog(p_limit integer)
returns table (total double precision, total_oldest_due_ms double precision, partner text, pending double precision, oldest_due_ms double precision)
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan set jit = off as $$
#variable_conflict use_column
begin
  return query
  with recursive waiting as (
    (select q.endpoint_no from postrider.pending q order by q.endpoint_no, q.lane, q.due_at, q.id limit 1)
    union all
    select n.endpoint_no from waiting w cross join lateral (
      select q.endpoint_no from postrider.pending q where q.endpoint_no > w.endpoint_no
       order by q.endpoint_no, q.lane, q.due_at, q.id limit 1) n
  ), cap as materialized (
    select greatest(100, least(10000, 200000 / greatest(count(*), 1))) as entries from waiting
  ), counted as materialized (
    select n.partner_no, c.entries as n, c.entries >= cap.entries as capped,
           case when n.enabled and n.paused_at is null and n.deleted_at is null and not p.paused and p.deleted_at is null then o.due_at end as due_at
      from waiting w cross join cap
      join postrider.endpoints n on n.endpoint_no = w.endpoint_no
      join postrider.partners p on p.partner_no = n.partner_no
     cross join lateral (
       select count(*) as entries from (select 1 from postrider.pending q where q.endpoint_no = w.endpoint_no limit cap.entries) x) c
     cross join lateral (
       select min(h.due_at) as due_at from (values (0::smallint), (1::smallint), (2::smallint)) as l(lane) cross join lateral (
         select q.due_at from postrider.pending q where q.endpoint_no = w.endpoint_no and q.lane = l.lane
          order by q.endpoint_no, q.lane, q.due_at, q.id limit 1) h) o
  ), whole as (
    select greatest(coalesce(sum(n), 0), case when bool_or(capped) then pg_stat_get_live_tuples('postrider.pending'::regclass) end)::float8 as n,
           (extract(epoch from min(due_at)) * 1000)::float8 as oldest
      from counted
  ), largest as (
    select p.id, sum(c.n)::float8 as n, (extract(epoch from min(c.due_at)) * 1000)::float8 as oldest
      from counted c join postrider.partners p on p.partner_no = c.partner_no
     group by p.partner_no order by 2 desc, 1 limit p_limit
  )
  select w.n, w.oldest, l.id, l.n, l.oldest from whole w left join largest l on true order by l.n desc, l.id;
end $$;
