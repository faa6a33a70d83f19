import type { PresenceLedger, RingLedger } from "../ports/ledger.ts";
import { attend, type ProcessIdentity } from "./processes.ts";
import { parseRing } from "./ring-channel.ts";
import type { Sql } from "./sql.ts";

/** Signs of life of one process, and the lock of its name, which it holds while it hears rings. */
export interface SignsOfLife extends Pick<PresenceLedger, "attend">, RingLedger {
  /** Before turns are asked for: a living process whose lock is gone must not be taken for dead once it has its answer. */
  sayUnlocked(): Promise<void>;
}

/** The signs of life of a process, and its lock, in the ledger. */
export function createSignsOfLife(sql: Sql, process: ProcessIdentity): SignsOfLife {
  /** Whether this process holds the lock of its name, as far as it knows, and whether the ledger may think so. */
  let [locked, saidLocked] = [false, false];
  return {
    async sayUnlocked() {
      if (locked || !saidLocked) return;
      await sql.query("select postrider.unlocked($1::uuid)", [process.id]);
      saidLocked = false;
    },

    onRing: (listener) =>
      sql.listen("postrider_ring", (payload) => listener(parseRing(payload)), {
        lockSql: `pg_try_advisory_lock(postrider.process_lock('${process.id}'))`,
        held: (now) => (locked = now),
      }),

    async attend(sign) {
      if (!sql.capabilities.shared) return { alive: 1, first: true, idlest: null, foundDead: 0, time: null };
      const said = locked;
      saidLocked ||= said;
      const attendance = await attend(sql, process, sign, said);
      // The lock may have been lost, and that said, while this was on its way: it is said again.
      saidLocked ||= said;
      return attendance;
    },
  };
}
