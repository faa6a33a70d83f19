import { expect, test } from "vitest";
import type { Sql } from "../../ledger/sql.ts";
import type { Bench } from "./bench.ts";

/** Readiness tries what accepting needs. */
export function readinessTests(bench: () => Bench): void {
  const trying = (sql: Pick<Sql, "query">, room: boolean) =>
    sql.query("select postrider.try_accepting($1::boolean)", [room]);

  test("a try leaves nothing behind, however often", async () => {
    const { sql } = bench();
    const size = async () =>
      (
        await sql.query<{ bytes: number }>("select pg_total_relation_size('postrider.room')::float8 as bytes")
      )[0]?.bytes;
    const before = await size();
    for (let n = 0; n < 20; n++) await trying(sql, n % 2 === 0);
    expect([await size(), await sql.query("select * from postrider.room")]).toEqual([before, []]);
  });

  test.each([true, false])(
    "where nothing can be written it fails with the SQLSTATE of an accept (room: %s)",
    async (room) => {
      const { sql, door, event, partner } = bench();
      const acme = await partner();
      const readOnly = (work: (tx: Pick<Sql, "query">) => Promise<unknown>) =>
        sql.transaction(async (tx) => {
          await tx.query("set transaction read only");
          return work(tx);
        });
      await expect(readOnly((tx) => trying(tx, room))).rejects.toMatchObject({ code: "25006" });
      const { results } = await door.accept([event(acme)], Date.now());
      expect(results[0]?.status).toBe("accepted");
    },
  );
}
