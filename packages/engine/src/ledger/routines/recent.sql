-- recent_data: the data of the newest events of the types that match some patterns (`a.b`, `a.*` or `*`): some p_limit of
-- them, spread over the types, without those larger than p_bytes or addressed to another partner. Reads p_limit events at
-- most, and a probe for each type that there is.
create or replace function postrider.recent_data(p_partner text, p_patterns text[], p_limit integer, p_bytes integer) returns setof text
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_sort = off
set plan_cache_mode = force_generic_plan set jit = off set max_parallel_workers_per_gather = 0 as $$
#variable_conflict use_column
declare
  v_types text[] := array(select distinct t.type from unnest(p_patterns) as s(pattern) cross join lateral unnest(postrider.types_like(s.pattern)) as t(type)
                           limit p_limit);
begin
  return query
  select e.data from unnest(v_types) as u(type)
   cross join lateral (
     -- Compared as pairs, for only events_type has that order: see select_deliveries.
     select * from postrider.events e
      where (e.type, e.id) >= (u.type, '00000000-0000-0000-0000-000000000000') and (e.type, e.id) <= (u.type, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
      order by e.type desc, e.id desc limit ceil(p_limit::float8 / cardinality(v_types))) e
   where octet_length(e.data) <= p_bytes and (e.partner is null or e.partner = p_partner);
end $$;
