import { expect, test } from "vitest";
import { type Bench, suiteNowMs } from "./bench.ts";
import { bySql } from "./judging.ts";

/** A ceiling on what may wait for a partner. */
export function backlogTests(bench: () => Bench): void {
  const capped = async (ceiling: number) => {
    const { partner, operations } = bench();
    const acme = await partner();
    const before = (await operations.getPartner(acme.id))!;
    await operations.putPartner(acme.id, { ...before, max_backlog: ceiling }, suiteNowMs);
    return acme;
  };

  test("what is addressed to a partner is refused at its ceiling, by both doors; a repetition is a duplicate still", async () => {
    const { event, door, sql, waiting, operations, finishAll } = bench();
    const acme = await capped(3);
    expect((await operations.getPartner(acme.id))?.max_backlog).toBe(3);
    const events = Array.from({ length: 5 }, () => event(acme, { partner: acme.id }));
    const { results } = await door.accept(events, suiteNowMs);
    expect(results.map(({ status }) => status)).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "backlog_full",
      "backlog_full",
    ]);
    expect(results[4]?.error).toBe(`the backlog of partner ${acme.id} is full`);
    expect(await waiting(acme)).toHaveLength(3);
    const { data_text: _none, ...late } = events[3]!;
    expect(await bySql(sql, JSON.stringify(late))).toMatchObject([
      { status: "backlog_full", error: `the backlog of partner ${acme.id} is full` },
    ]);
    await expect(bySql(sql, JSON.stringify(late), "accept_or_raise")).rejects.toMatchObject({
      code: "PR429",
    });
    expect((await door.accept(events.slice(0, 4), suiteNowMs)).results.map(({ status }) => status)).toEqual([
      "duplicate",
      "duplicate",
      "duplicate",
      "backlog_full",
    ]);
    expect(await operations.getEvent(events[4]!.event_id)).toBeNull();

    await finishAll(acme, suiteNowMs, 200);
    expect((await door.accept(events, suiteNowMs)).results.map(({ status }) => status)).toEqual([
      "duplicate",
      "duplicate",
      "duplicate",
      "accepted",
      "accepted",
    ]);
  });

  test("an event that goes to many is never refused for one of them, and another partner's is not", async () => {
    const { event, door, partner, waiting } = bench();
    const acme = await capped(1);
    const other = await partner();
    const toAll = () => event(acme);
    const { results } = await door.accept(
      [
        event(acme, { partner: acme.id }),
        toAll(),
        toAll(),
        event(acme, { partner: acme.id }),
        event(other, { partner: other.id }),
      ],
      suiteNowMs,
    );
    expect(results.map(({ status }) => status)).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "backlog_full",
      "accepted",
    ]);
    expect(await waiting(acme)).toHaveLength(3);
  });

  test("a large backlog is counted once a second, and the count holds until then", async () => {
    const { event, door, sql } = bench();
    const acme = await capped(1_500);
    const accept = async (count: number) => {
      const events = Array.from({ length: count }, () => event(acme, { partner: acme.id }));
      const { results } = await door.accept(events, suiteNowMs);
      return results.filter(({ status }) => status === "accepted").length;
    };
    expect(await accept(1_400)).toBe(1_400);
    expect(await accept(90), "counted now: there is room for 100").toBe(90);
    await sql.query(
      "update postrider.backlogs set waiting = 1500, counted_at = clock_timestamp() + interval '1 minute'",
    );
    expect(await accept(1), "the count of a moment ago says full").toBe(0);
    await sql.query("update postrider.backlogs set counted_at = clock_timestamp() - interval '2 seconds'");
    expect(await accept(4), "counted again").toBe(4);
    await sql.query(
      "update postrider.backlogs set waiting = 1500, counted_at = clock_timestamp() + interval '1 hour'",
    );
    expect(await accept(20), "a count of an hour ahead is of another clock: counted again").toBe(6);
    expect(
      await sql.query("select waiting from postrider.backlogs where partner_no = $1::int", [acme.no]),
    ).toEqual([{ waiting: 1_494 }]);
  });

  test("an unknown partner is invalid, a full one is full, in one batch", async () => {
    const { event, door } = bench();
    const acme = await capped(1);
    const to = (id: string) => event(acme, { partner: id });
    const { results } = await door.accept([to(acme.id), to("nobody"), to(acme.id)], suiteNowMs);
    expect(results.map(({ status }) => status)).toEqual(["accepted", "invalid", "backlog_full"]);
  });
}
