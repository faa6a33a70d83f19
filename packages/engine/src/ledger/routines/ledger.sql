-- The ledger itself: its id, and whether it lives where it was noted to live.

-- ledger_id: the ledger's own id, which no other ledger has. An adopted copy gets a new one.
create or replace function postrider.ledger_id() returns uuid
language sql stable as $$
  select l.id from postrider.ledger l
$$;

-- ledger_place: the cluster and the database of now. A standby that was promoted has its primary's; what was restored from
-- a dump, or made from a template, has another. system_identifier is null where the role or the server does not tell it.
create or replace function postrider.ledger_place(out system_identifier text, out database_oid bigint)
language plpgsql stable as $$
begin
  database_oid := (select d.oid::bigint from pg_database d where d.datname = current_database());
  begin
    system_identifier := (select c.system_identifier::text from pg_control_system() c);
  exception when others then
    system_identifier := null;
  end;
end $$;

-- note_place: says which ledger this is and whether it was copied, and notes where it lives, as far as that is not noted yet:
-- a role that may not call pg_control_system() leaves the rest to a later one that may.
--
-- In:  p_adopt  the id of a copy that is to be adopted, or null: it then lives here, and has a new id
-- Out: id, and copied: its noted place is not the present one
create or replace function postrider.note_place(p_adopt text, out id uuid, out copied boolean)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  v_place  record;
  v_ledger postrider.ledger;
begin
  select * into v_place from postrider.ledger_place();
  select * into v_ledger from postrider.ledger;
  id := v_ledger.id;
  -- What is not known on one side says nothing.
  copied := coalesce(v_ledger.database_oid <> v_place.database_oid, false)
         or coalesce(v_ledger.system_identifier <> v_place.system_identifier, false);
  if copied and p_adopt = v_ledger.id::text then
    -- Of several processes that adopt it at once the first does; the others see what it did.
    update postrider.ledger l
       set id = gen_random_uuid(), system_identifier = v_place.system_identifier, database_oid = v_place.database_oid
     where l.id = v_ledger.id;
    select l.id into id from postrider.ledger l;
    copied := false;
  elsif not copied and (v_ledger.database_oid is null
        or (v_ledger.system_identifier is null and v_place.system_identifier is not null)) then
    -- What another process noted meanwhile stays.
    update postrider.ledger l
       set system_identifier = coalesce(l.system_identifier, v_place.system_identifier),
           database_oid = coalesce(l.database_oid, v_place.database_oid)
     where l.database_oid is null or l.system_identifier is null;
  end if;
end $$;
