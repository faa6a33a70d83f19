import { describe, expect, test } from "vitest";
import { createJudgedDoor } from "../../judged-door.ts";
import { type Bench, suiteNowMs } from "./bench.ts";
import { bySql } from "./judging.ts";

/** The forms in which the door can be called. */
export function sqlDoorTests(bench: () => Bench): void {
  test("accept takes text, json and jsonb, and a call that names no type; named parameters hold for each", async () => {
    const { sql } = bench();
    const one = (id: string) => JSON.stringify({ event_id: id, type: "a", data: { b: 1.1, a: 1 } });
    for (const type of ["text", "json", "jsonb", "varchar"])
      expect(await bySql(sql, one(`as-${type}`), "accept", type)).toMatchObject([{ status: "accepted" }]);
    expect(await sql.query("select status from postrider.accept($1)", [one("as-unknown")])).toEqual([
      { status: "accepted" },
    ]);
    expect(
      await sql.query(`select status from postrider.accept('${one("as-literal")}', p_notify => false)`),
    ).toEqual([{ status: "accepted" }]);
    expect(
      await sql.query(`select status from postrider.accept('${one("as-literal")}', false, p_now => now())`),
    ).toEqual([{ status: "duplicate" }]);
    expect(
      await sql.query(
        "select status from postrider.accept(jsonb_build_object('event_id', 'built', 'type', 'a'))",
      ),
    ).toEqual([{ status: "accepted" }]);
    expect(
      await sql.query(
        "select status from postrider.accept(p_events => json_build_array(json_build_object('event_id', 'built', 'type', 'a')))",
      ),
    ).toEqual([{ status: "duplicate" }]);
    const dataOf = async (id: string) =>
      (await sql.query("select data from postrider.events where event_id = $1", [id]))[0];
    expect(await dataOf("as-text")).toEqual({ data: '{"b":1.1,"a":1}' });
    expect(await dataOf("as-jsonb"), "jsonb has its own spelling").toEqual({ data: '{"a": 1, "b": 1.1}' });
  });

  test("from a trigger, and with accept_or_raise the change does not stand without its event", async () => {
    const { sql } = bench();
    await sql.script(`create table orders (id text primary key);
      create function announce() returns trigger language plpgsql as $$ begin
        perform postrider.accept_or_raise(jsonb_build_object('event_id', 'order-' || new.id, 'type', 'order.paid', 'data', jsonb_build_object('id', new.id)));
        return new; end $$;
      create trigger announce after insert on orders for each row execute function announce()`);
    try {
      await sql.query("insert into orders values ('7')");
      await expect(sql.query("insert into orders values ('with space')")).rejects.toMatchObject({
        code: "PR400",
        message: expect.stringMatching(/order-with space.*event_id must be 1 to 200 visible ASCII/),
      });
      expect(await sql.query("select id from orders")).toEqual([{ id: "7" }]);
    } finally {
      await sql.script("drop table orders; drop function announce()");
    }
  });

  describe("accept_or_raise", () => {
    const good = { event_id: "raise-1", type: "a" };
    test("gives the rows of accept where every event is taken, for json, jsonb and text", async () => {
      expect(await bySql(bench().sql, JSON.stringify([good]), "accept_or_raise")).toMatchObject([
        { status: "accepted" },
      ]);
      for (const type of ["jsonb", "text"])
        expect(await bySql(bench().sql, JSON.stringify([good, good]), "accept_or_raise", type)).toMatchObject(
          [{ status: "duplicate" }, { status: "duplicate" }],
        );
    });

    test.each([
      [
        "PR400",
        [
          { event_id: "raise-1", type: "other" },
          { event_id: "a b", type: "a" },
        ],
        /event a b is not valid: event_id must be/,
      ],
      [
        "PR409",
        [
          { event_id: "raise-2", type: "a" },
          { event_id: "raise-1", type: "other" },
        ],
        /event raise-1 was accepted before with other content/,
      ],
      ["PR400", [7], /must be an object/],
    ])("raises %s, and nothing of the call stays", async (code, events, message) => {
      const { sql, operations } = bench();
      await bySql(sql, JSON.stringify(good));
      await expect(bySql(sql, JSON.stringify(events), "accept_or_raise")).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
      expect(await operations.getEvent("raise-2")).toBeNull();
    });
  });

  describe.each(["json", "jsonb", "text"])("nothing, as %s,", (type) => {
    const call = (routine: string, value: string | null) =>
      bench().sql.query<object>(`select status, error from postrider.${routine}($1::text::${type})`, [value]);

    test.each([
      ["SQL's null", null, /^event is not valid: must be an object/],
      ["JSON's null", "null", /^event is not valid: must be an object/],
      ["an empty list", "[]", /no event is given/],
    ])("does not let a change commit alone: %s", async (_name, value, message) => {
      await expect(call("accept_or_raise", value)).rejects.toMatchObject({
        code: "PR400",
        message: expect.stringMatching(message),
      });
    });

    test("is a row of accept, unless the list is empty", async () => {
      const row = { status: "invalid", error: "must be an object" };
      expect([await call("accept", null), await call("accept", "null"), await call("accept", "[]")]).toEqual([
        [row],
        [row],
        [],
      ]);
    });
  });

  test("a caller in the process is judged too, and what is wrong is not stored", async () => {
    const { door, operations } = bench();
    const judged = createJudgedDoor(door);
    const events = [
      { event_id: "lib-1", type: "a", data_text: '{"n":1.10}' },
      { event_id: "has space", type: "" },
      { event_id: "lib-2", type: "a", data_text: "not json" },
      { event_id: "lib-3", type: "a", data_text: "[]" },
      { event_id: "lib-4", type: "a", data_text: '{"a":"\ud800"}' },
      { event_id: "lib-5", type: "a", data: {} } as never,
      { event_id: "lib-6", type: "a", data_text: `{"x":"${"x".repeat(262_144)}"}` },
      { event_id: "lib-7", type: "a", schema_version: undefined } as never,
    ];
    const { results } = await judged.accept(events, suiteNowMs);
    expect(results.map(({ status }) => status)).toEqual([
      "accepted",
      "invalid",
      "invalid",
      "invalid",
      "invalid",
      "invalid",
      "invalid",
      "accepted",
    ]);
    expect(results[1]?.error).toBe(
      "event_id must be 1 to 200 visible ASCII characters, without spaces; type must be words of letters, digits, _ and - with dots between them",
    );
    expect(await operations.getEvent("has space")).toBeNull();
    expect(await operations.getEvent("lib-4")).toBeNull();
  });
}
