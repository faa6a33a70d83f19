import type { NumberUse, StatusOperations } from "../../ports/operations.ts";
import type { OperationsContext } from "./context.ts";

/** How far the ledger's counters are. */
export function numberOperations({ reads }: OperationsContext): Pick<StatusOperations, "numbers"> {
  return {
    numbers: (signal) => reads(signal).query<NumberUse>(numbersSql),
  };
}

/** Read from the catalogue, so that a new counter is among them. One that gave no number yet has no last value. */
const numbersSql = `select coalesce(t.relname || '.' || a.attname, s.sequencename) as name,
  coalesce((s.last_value::float8 - s.min_value::float8) / (s.max_value::float8 - s.min_value::float8), 0) as used
  from pg_sequences s
  left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass
   and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  left join pg_class t on t.oid = d.refobjid
  left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
 where s.schemaname = 'postrider' order by used desc, name`;
