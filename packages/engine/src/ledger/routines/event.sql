-- The form of an event document, in the words of the HTTP API: packages/engine/src/core/event-form.ts has the same rules
-- for callers in the process, and a property of the ledger suite holds the two together.

-- True for an ISO 8601 instant with a zone that PostgreSQL reads without an error, and that is within the years 1 to
-- 9999 in UTC too. By text alone: one bad event must not fail the call that carries it, and an exception block per event
-- would cost a subtransaction each.
create or replace function postrider.is_instant(p_text text) returns boolean
language sql immutable parallel safe as $$
  select coalesce(
    p_text ~ '^\d\d\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$'
    and left(p_text, 4) <> '0000' and length(p_text) - case right(p_text, 1) when 'Z' then 1 else 6 end <= 29
    and (substr(p_text, 9, 2)::int <= 28 or substr(p_text, 9, 2)::int <= case substr(p_text, 6, 2)
      when '02' then case when left(p_text, 4)::int % 4 = 0 and (left(p_text, 4)::int % 100 <> 0 or left(p_text, 4)::int % 400 = 0) then 29 else 28 end
      when '04' then 30 when '06' then 30 when '09' then 30 when '11' then 30 else 31 end)
    and case left(p_text, 10)
      when '0001-01-01' then p_text !~ '\+..:..$' or substr(p_text, 12, 5) >= right(p_text, 5)
      when '9999-12-31' then p_text !~ '-..:..$'
        or substr(p_text, 12, 2)::int * 60 + substr(p_text, 15, 2)::int + left(right(p_text, 5), 2)::int * 60 + right(p_text, 2)::int < 1440
      else true end, false)
$$;

-- The same instant in UTC, with all the digits that were given, and at least milliseconds. In PL/pgSQL as what it casts depends on no setting, which
-- PostgreSQL cannot know.
create or replace function postrider.utc_text(p_instant text) returns text
language plpgsql immutable parallel safe as $$
declare
  v_fraction text := coalesce(substring(p_instant from '\.\d+'), '.');
begin
  if p_instant like '%Z' then
    return p_instant;
  end if;
  return to_char((left(p_instant, 19) || right(p_instant, 6))::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || rpad(v_fraction, greatest(4, length(v_fraction)), '0') || 'Z';
end $$;

-- One text for all that name the same instant: in UTC, without zeros at the end.
create or replace function postrider.instant_key(p_instant text) returns text
language sql immutable parallel safe as $$
  select case when u.t like '%.%' then rtrim(rtrim(left(u.t, -1), '0'), '.') else left(u.t, -1) end from (select postrider.utc_text(p_instant) as t) u
$$;

-- Milliseconds of a duration text: a number and a unit, `90s`, `1.5h`, `7d`. Null for another text.
create or replace function postrider.duration_ms(p_text text) returns double precision
language sql immutable parallel safe as $$
  select case when p_text ~ '^\d{1,11}(\.\d{1,3})?(ms|s|m|h|d)$' then
    round(substring(p_text from '^[\d.]+')::numeric
      * case substring(p_text from '[a-z]+$') when 'ms' then 1 when 's' then 1000 when 'm' then 60000 when 'h' then 3600000 else 86400000 end)::float8
  end
$$;

-- True for a JSON text that is nested more than 100 levels deep. Strings are taken out, brackets are made one kind, and
-- each round takes away the innermost level.
create or replace function postrider.is_deep(p_text text) returns boolean
language plpgsql immutable parallel safe as $$
declare
  v_brackets text := translate(regexp_replace(regexp_replace(p_text, '"([^"\\]|\\.)*"', '', 'g'), '[^\]{}[]+', '', 'g'), '[]', '{}');
begin
  for n in 1..100 loop
    exit when v_brackets = '';
    v_brackets := replace(v_brackets, '{}', '');
  end loop;
  return v_brackets <> '';
end $$;

-- A whole number from 1 to 999999999 as JSON writes it (1, 1.0, 1e0); 0 for any other, and null for none.
create or replace function postrider.version_number(p_version json) returns integer
language plpgsql immutable parallel safe as $$
declare
  v_text text := p_version::text;
begin
  if v_text is null or v_text ~ '^[1-9]\d{0,8}$' then
    return v_text::integer;
  end if;
  -- As a double, as JSON.parse reads it. Kept away from what would be out of a double's range.
  if length(v_text) > 400 or v_text !~ '^\d+(\.\d+)?([eE][+-]?\d{1,3})?$' or v_text::numeric not between 0.5 and 1e9 then
    return 0;
  end if;
  return case when v_text::float8 = trunc(v_text::float8) and v_text::float8 < 1e9 then v_text::float8::integer else 0 end;
end $$;

-- What an event document may hold, in the order in which its faults are named.
create or replace function postrider.event_fields() returns text[]
language sql immutable parallel safe as $$
  select '{event_id,type,schema_version,occurred_at,data,partner,not_before,expires_after,order_key}'::text[]
$$;

-- What is wrong with the value of one field, or null. The value is null where the field is absent.
create or replace function postrider.field_error(p_name text, p_value json) returns text
language plpgsql immutable parallel safe as $$
declare
  v_kind text := json_typeof(p_value);
  v_text text := case when v_kind = 'string' then p_value #>> '{}' end;
begin
  if p_value is null and p_name not in ('event_id', 'type') then
    return null;
  end if;
  return p_name || ' ' || case p_name
    when 'event_id' then case
      when v_text is null then 'must be a text of 1 to 200 visible ASCII characters'
      when length(v_text) > 200 or v_text !~ '^[!-~]+$' then 'must be 1 to 200 visible ASCII characters, without spaces'
      when v_text in ('.', '..') then 'must not be . or .., which no URL path can name' end
    when 'type' then case
      when v_text is null then 'must be a text such as conversion.approved'
      when length(v_text) > 100 then 'must have at most 100 characters'
      when v_text !~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' then 'must be words of letters, digits, _ and - with dots between them' end
    when 'schema_version' then case when v_kind <> 'number' or postrider.version_number(p_value) = 0 then 'must be a whole number from 1 to 999999999' end
    when 'data' then case when v_kind <> 'object' then 'must be an object' end
    when 'partner' then case
      when v_text is null then 'must be the id of a partner'
      when v_text !~ '^[a-z0-9][a-z0-9_-]{0,63}$' then 'must be 1 to 64 lower-case letters, digits, _ and -, beginning with a letter or digit'
        || case when v_text ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' then '; did you mean ' || lower(v_text) || '?' else '' end end
    when 'expires_after' then case
      when v_text is null then 'must be a duration text with a unit, such as 90s or 7d'
      when coalesce(postrider.duration_ms(v_text), 0) not between 1 and 365 * 86400000.0 then 'must be a duration with a unit, such as 90s or 7d, from 1ms to 365d' end
    when 'order_key' then case
      when v_text is null then 'must be a text of 1 to 200 visible ASCII characters'
      when length(v_text) > 200 or v_text !~ '^[!-~]+$' then 'must be 1 to 200 visible ASCII characters, without spaces' end
    else case
      when v_text is null or not postrider.is_instant(v_text) then 'must be an ISO 8601 instant with a zone, such as 2026-01-31T10:00:00Z' end
    end;
end $$;

-- What is wrong with an event document, or null: every place, in the words of the API.
create or replace function postrider.document_errors(p_document json) returns text
language plpgsql immutable parallel safe as $$
declare
  v_text    text := p_document::text;
  v_errors  text;
  v_unknown text[];
begin
  if octet_length(v_text) > 262144 then
    return 'is larger than 262144 bytes';
  elsif json_typeof(p_document) <> 'object' then
    return 'must be an object';
  end if;
  -- Where a key is repeated the last one counts, as everywhere else.
  with members as (
    select distinct on (e.key) e.key, e.value, min(e.ord) over (partition by e.key) as ord from json_each(p_document) with ordinality as e(key, value, ord) order by e.key, e.ord desc
  )
  select string_agg(postrider.field_error(f.name, m.value), '; ' order by f.ord) filter (where f.name is not null),
         array_agg(m.key order by m.ord) filter (where f.name is null)
    into v_errors, v_unknown
    from unnest(postrider.event_fields()) with ordinality as f(name, ord) full join members m on m.key = f.name;
  v_errors := concat_ws('; ', v_errors,
    (select string_agg(case when length(k) > 60 then left(k, 60) || '…' else k end || ' is not known'
              || case when n = 1 then '; known are ' || array_to_string(postrider.event_fields(), ', ') else '' end, '; ' order by n)
       from unnest(v_unknown[1:5]) with ordinality as u(k, n)),
    case when cardinality(v_unknown) > 5 then 'has ' || cardinality(v_unknown) - 5 || ' more keys that are not known' end);
  if v_errors = '' and postrider.is_deep(v_text) then
    return 'is nested more than 100 levels deep';
  end if;
  return nullif(v_errors, '');
end $$;

-- mask_escapes: a JSON text without the escapes that PostgreSQL refuses to decode (\u0000, and surrogates, which may
-- be alone), each replaced by another that does not occur in it; and what was replaced, to put it back into what is
-- stored verbatim. Same length, and exact: what is put in begins with the only backslash in it, so that it can be found
-- again wherever it stands.
create or replace function postrider.mask_escapes(p_text text, out masked text, out originals text[], out masks text[])
language plpgsql immutable parallel safe as $$
declare
  v_next integer := 57344; -- U+E000, the first for private use
  v_mask text;
  v_original text;
begin
  masked := p_text; originals := '{}'; masks := '{}';
  for v_original in select distinct m[1] from regexp_matches(p_text, '(\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))', 'g') as m loop
    loop
      -- Private use first, then anything that decodes: a text of 256 KiB cannot hold them all.
      v_mask := '\u' || to_hex(v_next);
      v_next := case v_next when 63743 then 4096 else v_next + 1 end;
      exit when strpos(p_text, v_mask) = 0;
    end loop;
    masked := replace(masked, v_original, v_mask);
    originals := originals || v_original;
    masks := masks || v_mask;
  end loop;
end $$;

-- The text with the escapes put back that mask_escapes took out: as escapes, and as the characters they decode to.
create or replace function postrider.unmask_escapes(p_text text, p_originals text[], p_masks text[], p_decoded boolean) returns text
language plpgsql immutable parallel safe as $$
declare
  v_text text := p_text;
begin
  for n in 1..cardinality(p_masks) loop
    v_text := replace(v_text, case when p_decoded then chr(('x' || right(p_masks[n], 4))::bit(16)::integer) else p_masks[n] end, p_originals[n]);
  end loop;
  return v_text;
end $$;
