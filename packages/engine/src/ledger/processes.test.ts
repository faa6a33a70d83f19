import { expect, test } from "vitest";
import { createDispatchLedger } from "./dispatch-ledger.ts";
import { busyPool } from "./ledger-error.ts";
import { createSeal } from "./seal.ts";
import type { Sql } from "./sql.ts";

test("the living processes are read if all other connections are taken, small, and for as long as somebody waits", async () => {
  const asked: unknown[] = [];
  const sql = {
    capabilities: { name: "postgresql", parallel: 10, shared: true },
    query: async () => {
      throw busyPool();
    },
    reads: {
      query: async (_text: string, _values: unknown, options: unknown) => {
        asked.push(options);
        return [];
      },
    },
    onLost() {},
  } as unknown as Sql;
  const ledger = createDispatchLedger(sql, createSeal([new Uint8Array(32).fill(7)]));
  const { signal } = new AbortController();
  expect(await ledger.processes(signal)).toEqual([]);
  expect(asked).toEqual([{ size: "small", signal }]);
});
