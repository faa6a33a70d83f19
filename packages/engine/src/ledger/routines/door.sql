-- accept: the one door for events, for any language that speaks SQL; also inside the caller's own transaction.
--
-- In:  p_events  one event document, or an array of them: { event_id, type, schema_version?, occurred_at?, data?, partner?,
--                 not_before?, expires_after?, order_key? }. As json or text, data is stored letter for letter; jsonb has
--                 its own spelling, which is stored then (numbers keep their digits, order and repeated keys are lost).
--      p_notify  whether to NOTIFY postrider_ring at commit. NOTIFY takes a database-wide lock at commit, so callers
--                that ring by themselves pass false.
--      p_now     the time of acceptance.
-- Out: a row per event, in order: status accepted | duplicate | conflict | invalid | backlog_full, the number of
--      deliveries, the error in words, and the numbers of the partners to ring. NULL is one event that is not valid.
-- Same id and same content: duplicate. Same id, other content: conflict, and nothing is changed. Judged as the API judges
-- (document_errors): what is wrong is a row, and no event makes the call fail.
--
-- With the rights of the ledger's owner, so that a role needs no others than to call it. So the search path is pinned, and
-- everything that is called is named with its schema. What it calls stays with the rights of its caller.
create or replace function postrider.accept(p_events json, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set enable_nestloop = off set jit = off as $$
#variable_conflict use_column
declare
  v_events  json := coalesce(p_events, 'null');
  v_objects json;
  v_hidden  record;
  v_statuses text[]; v_deliveries integer[]; v_ring integer[];
  v_given   record;
begin
  if json_typeof(v_events) <> 'array' then
    v_events := json_build_array(v_events);
  end if;
  v_objects := v_events;
  -- Two things are rare, and found by the error they make: looking for them cost as much as a fifth of the judgement.
  for v_try in 1..4 loop
    begin
      -- First what is good at a glance, which nearly all are; document_errors looks closely at the others. A document has
      -- no key that is unknown, null or repeated if its fields account for each of its bytes, or else for each of its
      -- keys: the bytes are four times as cheap, and fit what is written without spaces.
      select array_agg(j.event_id) as ids, array_agg(j.error) as errors,
             array_agg(j.ord::integer) filter (where j.error is null) as valid, array_agg(j.event_id) filter (where j.error is null) as event_id,
             array_agg(case when j.good then btrim(j.type::text, '"') else j.type #>> '{}' end) filter (where j.error is null) as type,
             array_agg(case when j.good then j.schema_version::text::integer else postrider.version_number(j.schema_version) end) filter (where j.error is null) as schema_version,
             array_agg(case when j.good then btrim(j.occurred_at::text, '"') else j.occurred_at #>> '{}' end) filter (where j.error is null) as occurred_at,
             array_agg(j.partner #>> '{}') filter (where j.error is null) as partner, array_agg(j.data::text) filter (where j.error is null) as data,
             array_agg((j.not_before #>> '{}')::timestamptz) filter (where j.error is null) as not_before,
             array_agg(postrider.duration_ms(j.expires_after #>> '{}')) filter (where j.error is null) as expires_ms,
             array_agg(j.order_key #>> '{}') filter (where j.error is null) as order_key
        into v_given
        from (
          select l.*, case when not l.good then postrider.document_errors(l.document) end as error,
                 case when l.good then btrim(l.id::text, '"')
                      when json_typeof(l.document) = 'object' and json_typeof(l.id) = 'string' then left(l.id #>> '{}', 200) else '' end as event_id
            from (
              select r.*, coalesce(
                     r.id::text ~ '^"[A-Za-z0-9][]!#-[^-~]*"$' and length(r.id::text) <= 202
                     and r.type::text ~ '^"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"$' and length(r.type::text) <= 102
                     and (r.schema_version is null or r.schema_version::text ~ '^[1-9]\d*$' and length(r.schema_version::text) <= 9)
                     and (r.occurred_at is null
                       or r.occurred_at::text ~ '^"[1-8]\d\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z"$' and length(r.occurred_at::text) <= 32
                       or json_typeof(r.occurred_at) = 'string' and postrider.is_instant(r.occurred_at #>> '{}'))
                     and (r.data is null or json_typeof(r.data) = 'object')
                     and (r.partner is null or r.partner::text ~ '^"[a-z0-9][a-z0-9_-]*"$' and length(r.partner::text) <= 66)
                     and num_nulls(r.not_before, r.expires_after, r.order_key) = 3
                     and case octet_length(r.document::text)
                       when 1 + coalesce(octet_length(r.id::text) + 12, 0) + coalesce(octet_length(r.type::text) + 8, 0)
                         + coalesce(octet_length(r.schema_version::text) + 18, 0) + coalesce(octet_length(r.occurred_at::text) + 15, 0)
                         + coalesce(octet_length(r.data::text) + 8, 0) + coalesce(octet_length(r.partner::text) + 11, 0) then true
                       else json_typeof(r.document) = 'object' and num_nonnulls(r.id, r.type, r.schema_version, r.occurred_at, r.data, r.partner)
                         = (select count(*) from json_object_keys(case when json_typeof(r.document) = 'object' then r.document end)) end
                     and octet_length(r.document::text) <= 262144
                     and (octet_length(r.data::text) <= 200 or r.data is null
                       or octet_length(r.data::text) - octet_length(replace(replace(r.data::text, '{', ''), '[', '')) < 100), false) as good
                from rows from (
                  json_array_elements(v_events),
                  json_to_recordset(v_objects) as (event_id json, type json, schema_version json, occurred_at json, data json, partner json,
                    not_before json, expires_after json, order_key json)) with ordinality
                  as r(document, id, type, schema_version, occurred_at, data, partner, not_before, expires_after, order_key, ord)
              offset 0) l
          offset 0) j;
      exit;
    exception
      -- An element that is no object: the records get an empty one in its place.
      when invalid_parameter_value then
        if v_try = 4 then raise; end if;
        select json_agg(case when json_typeof(e.value) = 'object' then e.value else '{}' end order by e.ord) into v_objects
          from json_array_elements(v_events) with ordinality as e(value, ord);
      -- An escape that PostgreSQL does not decode: judged is a copy without, stored is what was given.
      when untranslatable_character or invalid_text_representation then
        if v_hidden is not null then raise; end if;
        v_hidden := postrider.mask_escapes(v_events::text);
        v_events := v_hidden.masked;
        v_objects := v_events;
    end;
  end loop;

  if v_hidden is not null then
    v_given.data := array(select postrider.unmask_escapes(d, v_hidden.originals, v_hidden.masks, false) from unnest(v_given.data) with ordinality as u(d, n) order by n);
    v_given.ids := array(select postrider.unmask_escapes(d, v_hidden.originals, v_hidden.masks, true) from unnest(v_given.ids) with ordinality as u(d, n) order by n);
    v_given.errors := array(select postrider.unmask_escapes(d, v_hidden.originals, v_hidden.masks, true) from unnest(v_given.errors) with ordinality as u(d, n) order by n);
  end if;

  if v_given.valid is not null then
    select b.statuses, b.deliveries, b.ring into v_statuses, v_deliveries, v_ring from postrider.accept_batch(
      v_given.event_id, v_given.type, v_given.schema_version, v_given.occurred_at, v_given.partner, v_given.data, p_now,
      case when array_remove(v_given.not_before, null) <> '{}' then v_given.not_before end,
      case when array_remove(v_given.expires_ms, null) <> '{}' then v_given.expires_ms end,
      case when array_remove(v_given.order_key, null) <> '{}' then v_given.order_key end) b;
    if p_notify and v_ring is not null then
      -- A payload may have 8,000 bytes; '*' asks for a sweep.
      perform pg_notify('postrider_ring', case when cardinality(v_ring) <= 700 then array_to_string(v_ring, ',') else '*' end);
    end if;
    if cardinality(v_given.valid) < cardinality(v_given.ids) then
      -- In the places that the events had before the invalid ones were taken out.
      select array_agg(b.status order by n), array_agg(b.deliveries order by n), array_agg(b.partner order by n)
        into v_statuses, v_deliveries, v_given.partner
        from generate_subscripts(v_given.ids, 1) as n left join unnest(v_given.valid, v_statuses, v_deliveries, v_given.partner) as b(n, status, deliveries, partner) using (n);
    end if;
  end if;

  return query
  select g.ord::integer, g.event_id,
         case g.status when 'a' then 'accepted' when 'd' then 'duplicate' when 'c' then 'conflict' when 'f' then 'backlog_full' else 'invalid' end,
         coalesce(g.deliveries, 0),
         case g.status when 'c' then 'event ' || g.event_id || ' was accepted before with other content'
                       when 'p' then 'partner ' || g.partner || ' does not exist'
                       when 'f' then 'the backlog of partner ' || g.partner || ' is full' else g.error end,
         coalesce(v_ring, '{}')
    from unnest(v_given.ids, v_given.errors, v_statuses, v_deliveries, v_given.partner) with ordinality as g(event_id, error, status, deliveries, partner, ord);
end $$;

create or replace function postrider.accept(p_events text, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select * from postrider.accept(p_events::json, p_notify, p_now)
$$;

create or replace function postrider.accept(p_events jsonb, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select * from postrider.accept(p_events::text::json, p_notify, p_now)
$$;

-- accept_or_raise: accept, all or none. Where any event is not accepted (or a duplicate) it raises, so that the caller's
-- transaction cannot commit its change without the event: SQLSTATE PR400 for an event that is not valid, PR409 for a
-- conflict, PR429 for a full backlog. The first in this order speaks; the detail says which of how many. Without any
-- event it raises PR400: a list that came out empty would commit the change alone.
create or replace function postrider.accept_or_raise(p_events json, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  v_rows postrider.accept_result[] := array(select (a.ord, a.event_id, a.status, a.deliveries, a.error, a.partners)::postrider.accept_result
                                              from postrider.accept(p_events, p_notify, p_now) a order by a.ord);
  v_bad  record;
begin
  if v_rows = '{}' then
    raise exception using errcode = 'PR400', message = 'no event is given: the list is empty',
      hint = 'Call it only if there is something to report; accept takes an empty list.';
  end if;
  select b.*, count(*) over () as refused into v_bad from unnest(v_rows) b where b.status not in ('accepted', 'duplicate')
   order by array_position('{invalid,conflict,backlog_full}', b.status), b.ord limit 1;
  if found then
    raise exception using
      errcode = case v_bad.status when 'invalid' then 'PR400' when 'conflict' then 'PR409' else 'PR429' end,
      message = case when v_bad.status = 'invalid' then concat_ws(' ', 'event', nullif(v_bad.event_id, ''), 'is not valid:', v_bad.error) else v_bad.error end,
      detail = format('Event %s of %s; %s not accepted.', v_bad.ord, cardinality(v_rows), case v_bad.refused when 1 then 'it alone was' else v_bad.refused || ' were' end),
      hint = case v_bad.status when 'invalid' then 'Correct the event; nothing of this call is kept.'
                               when 'conflict' then 'Give a new fact a new event_id; a repetition must have the same content.'
                               else 'Send it again later, or raise max_backlog of the partner.' end;
  end if;
  return query select r.* from unnest(v_rows) r;
end $$;

create or replace function postrider.accept_or_raise(p_events text, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select * from postrider.accept_or_raise(p_events::json, p_notify, p_now)
$$;

create or replace function postrider.accept_or_raise(p_events jsonb, p_notify boolean default true, p_now timestamptz default clock_timestamp())
returns table (ord integer, event_id text, status text, deliveries integer, error text, partners integer[])
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select * from postrider.accept_or_raise(p_events::text::json, p_notify, p_now)
$$;

-- Functions may be called by everybody who may use their schema, and these have their owner's rights: a role that was
-- only to read would be able to write. So they are for the roles that are granted them, and for those that could write
-- events before there was anything to grant.
do $$
declare
  v_functions text := (select string_agg(p.oid::regprocedure::text, ', ') from pg_proc p
    where p.pronamespace = 'postrider'::regnamespace and p.proname in ('accept', 'accept_or_raise'));
  v_role text;
begin
  execute 'revoke execute on function ' || v_functions || ' from public';
  for v_role in
    select distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end
      from pg_class c cross join lateral aclexplode(c.relacl) a
     where c.oid = 'postrider.events'::regclass and a.privilege_type = 'INSERT' and a.grantee <> c.relowner
  loop
    execute 'grant execute on function ' || v_functions || ' to ' || v_role;
  end loop;
end $$;
