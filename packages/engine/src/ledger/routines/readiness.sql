-- Readiness: tries what accepting needs and leaves nothing behind.

-- try_accepting: fails where an accept would: no right, a server that only reads, and with p_room no room on the disk.
-- The room is taken in a file of its own, which truncate gives within this transaction: pages that are free in older
-- files would hide a full disk. Where a dump or another process holds the table, the next call looks.
create or replace function postrider.try_accepting(p_room boolean) returns void
language plpgsql volatile
set lock_timeout = '50ms' as $$
begin
  if not (has_table_privilege('postrider.events', 'insert') and has_table_privilege('postrider.event_keys', 'insert')
          and has_table_privilege('postrider.pending', 'insert')) then
    raise insufficient_privilege using message = 'permission denied for the tables of the ledger';
  end if;
  if pg_is_in_recovery() or current_setting('transaction_read_only')::boolean then
    raise read_only_sql_transaction using message = 'cannot write in a read-only transaction';
  end if;
  if not p_room then
    return;
  end if;
  begin
    truncate postrider.room;
    insert into postrider.room select 'x' from generate_series(1, 512);
    -- Takes it back.
    raise exception using errcode = 'PR001';
  exception when sqlstate 'PR001' or lock_not_available then
    null;
  end;
end $$;
