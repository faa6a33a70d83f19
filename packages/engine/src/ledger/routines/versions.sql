-- next_version: the version after p_before, in microseconds of the server's clock. Never used twice: a server that took
-- over without the last changes goes on from an older version, and would by counting come to the lost ones again.
-- Below 2^53 until the year 2255.
create or replace function postrider.next_version(p_before bigint) returns bigint
language sql volatile as $$
  select greatest(p_before + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
$$;

-- next_circuit_no: the same in seconds since 2026, for what was known of an endpoint's circuit.
create or replace function postrider.next_circuit_no(p_before integer) returns integer
language sql volatile as $$
  select greatest(p_before + 1, (extract(epoch from clock_timestamp()) - 1767225600)::integer)
$$;
