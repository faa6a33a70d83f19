import { expect, test } from "vitest";
import { type Bench, dayMs, suiteNowMs as now } from "./bench.ts";

const retentionMs = 35 * dayMs;
const retention = { deliveredMs: retentionMs, undeliveredMs: retentionMs };

/** Partitions to come, weeks past retention, keys to forget. */
export function upkeepTests(bench: () => Bench): void {
  const partitions = async (parent: string) =>
    (
      await bench().sql.query<{ name: string }>(
        "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::text::regclass order by 1",
        [`postrider.${parent}`],
      )
    ).map(({ name }) => name);
  const rowsIn = async (table: string) =>
    (await bench().sql.query<{ n: number }>(`select count(*)::int as n from postrider.${table}`))[0]!.n;

  test("this week and the next two have partitions; a row lands in its own", async () => {
    const { partner, enqueue, finishAll, dispatch } = bench();
    await dispatch.keepUp(now, retention);
    for (const parent of ["events", "finished", "attempts"]) {
      expect(await partitions(parent)).toEqual(
        ["20260302", "20260309", "20260316"].map((week) => `${parent}_${week}`).concat(`${parent}_default`),
      );
    }
    const acme = await partner();
    await enqueue(acme, 2, now + 7 * dayMs);
    await finishAll(acme, now + 7 * dayMs);
    expect(
      await Promise.all(["events_20260309", "finished_20260309", "attempts_20260309"].map(rowsIn)),
    ).toEqual([2, 2, 2]);
    expect(await Promise.all(["events_default", "finished_default", "attempts_default"].map(rowsIn))).toEqual(
      [0, 0, 0],
    );
  });

  test("a week past retention is dropped whole with its keys; a week in which something waits is kept", async () => {
    const { partner, event, door, enqueue, finishAll, dispatch, operations, waiting } = bench();
    const [acme, slow] = [await partner(), await partner()];
    const old = event(acme);
    await door.accept([old], now);
    await enqueue(slow, 1, now);
    await finishAll(acme, now);
    const later = now + retentionMs + 7 * dayMs;
    await dispatch.keepUp(later, retention);
    expect(await operations.getEvent(old.event_id)).not.toBeNull();
    await finishAll(slow, now);
    await dispatch.keepUp(later, retention);
    expect(await operations.getEvent(old.event_id)).toBeNull();
    expect(await partitions("events")).not.toContain("events_20260302");
    expect(await partitions("events")).toContain("events_20260309");
    expect(await waiting(slow)).toEqual([]);
    expect(await operations.conservation()).toMatchObject({ drift: 0 });
    expect((await door.accept([{ ...old, data_text: '{"new":true}' }], later)).results).toMatchObject([
      { status: "accepted" },
    ]);
  });

  test("an id is remembered for as long as its event is kept", async () => {
    const { partner, event, door, dispatch, sql } = bench();
    const acme = await partner();
    const one = event(acme);
    const at = now + retentionMs + 14 * dayMs;
    await door.accept([one], at);
    await dispatch.keepUp(at + retentionMs, retention);
    expect(
      await sql.query("select 1 as kept from postrider.event_keys where event_id = $1", [one.event_id]),
    ).toEqual([{ kept: 1 }]);
    expect((await door.accept([one], at + retentionMs)).results).toMatchObject([{ status: "duplicate" }]);
  });

  test("after a silence of months, rows in the default partition are found, and later weeks get their own", async () => {
    const { partner, enqueue, finishAll, dispatch, operations } = bench();
    const acme = await partner();
    const at = now + 200 * dayMs;
    await enqueue(acme, 3, at);
    await finishAll(acme, at);
    await dispatch.keepUp(at, retention);
    expect(await operations.groupDeliveries({ partner: acme.id })).toMatchObject({ matched: 3 });
    expect(await rowsIn("events_default")).toBeGreaterThanOrEqual(3);
    expect((await operations.conservation()).drift).toBe(0);
  });
}
