import { createGate, untilAborted } from "./gate.ts";
import { busyReading } from "./ledger-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { Reads, ReadSize, SqlValue } from "./sql.ts";

/** Of each size, that wait for a place. More are refused: they would only wait for longer than anybody does. */
const mostWaiting = 20;
/** The longest that a read waits for its place. */
const waitMs = 5_000;

/** Runs one statement; once `signal` aborts nobody wants its rows. Settles when the ledger is free of it. */
export type RunRead = (
  sql: string,
  values: readonly SqlValue[],
  signal: AbortSignal | undefined,
) => Promise<readonly unknown[]>;

/** A read that several wait for. */
interface Shared {
  readonly rows: Promise<readonly unknown[]>;
  readonly stop: AbortController;
  askers: number;
}

/**
 * Operators' reads, kept so small in number that they never stop accepting and sending: see docs/decisions/reads.md.
 *
 * @example const reads = createReads(run, { small: 3, any: 2, whole: 1 }, systemClock)
 */
export function createReads(run: RunRead, places: Readonly<Record<ReadSize, number>>, clock: Clock): Reads {
  const gate = createGate<ReadSize>({ places, mostWaiting, waitMs, clock, busy: busyReading });
  const shared = new Map<string, Shared>();

  const share = (key: string, begin: (signal: AbortSignal) => Promise<readonly unknown[]>): Shared => {
    const found = shared.get(key);
    if (found !== undefined) return found;
    const stop = new AbortController();
    const rows = begin(stop.signal).finally(() => forget(key, made));
    const made: Shared = { rows, stop, askers: 0 };
    shared.set(key, made);
    return made;
  };
  const forget = (key: string, one: Shared) => {
    if (shared.get(key) === one) shared.delete(key);
  };

  const readWhole = async (
    sql: string,
    values: readonly SqlValue[],
    signal: AbortSignal | undefined,
  ): Promise<readonly unknown[]> => {
    signal?.throwIfAborted();
    const key = JSON.stringify([sql, values]);
    const one = share(key, (stop) => gate.run("whole", () => run(sql, values, stop), stop));
    one.askers += 1;
    try {
      return await untilAborted(one.rows, signal);
    } finally {
      one.askers -= 1;
      if (one.askers === 0) {
        forget(key, one);
        one.stop.abort(signal?.reason);
      }
    }
  };

  return {
    async query<Row>(
      sql: string,
      values: readonly SqlValue[] = [],
      { size = "any", signal }: { readonly size?: ReadSize; readonly signal?: AbortSignal | undefined } = {},
    ) {
      const rows =
        size === "whole"
          ? readWhole(sql, values, signal)
          : gate.run(size, () => run(sql, values, signal), signal);
      return (await rows) as readonly Row[];
    },
  };
}
