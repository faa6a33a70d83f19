-- prune_endpoint_versions: removes versions of endpoints' documents that no attempt which is kept can have used: they
-- were replaced, or their endpoint was deleted, a day or more before the oldest delivery that is kept (an attempt goes on
-- with what its turn has read). The newest p_keep of a living endpoint stay. Of one that changes all the time at most
-- p_most are kept, whatever used them. Reads the index alone, in its order.
--
-- Out: how many were removed.
create or replace function postrider.prune_endpoint_versions(p_now timestamptz, p_keep integer, p_most integer) returns integer
language plpgsql volatile as $$
declare
  v_oldest uuid := least(
    (select w.first_id from postrider.past_weeks('infinity') w order by w.week limit 1),
    (select f.id from postrider.finished_default f order by f.id limit 1),
    (select q.id from postrider.pending q order by q.id limit 1),
    postrider.id_floor(p_now));
  v_gone   integer;
begin
  with versions as materialized (
    select v.endpoint_no, v.version,
           lead(v.at) over newer as until,
           count(*) over (newer rows between current row and unbounded following) as place
      from postrider.endpoint_versions v
    window newer as (partition by v.endpoint_no order by v.version)
  )
  delete from postrider.endpoint_versions v using versions r, postrider.endpoints n
   where v.endpoint_no = r.endpoint_no and v.version = r.version and n.endpoint_no = r.endpoint_no
     and (r.place > p_most
       or ((r.place > p_keep or n.deleted_at is not null)
         and postrider.id_floor(coalesce(r.until, n.deleted_at) + interval '1 day') <= v_oldest));
  get diagnostics v_gone = row_count;
  return v_gone;
end $$;
