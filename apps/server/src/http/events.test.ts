import { PostriderError } from "@postrider/engine";
import { describe, expect, test } from "vitest";
import { serverOverFake } from "../testing/server-over-fake.testsuite.ts";

const event = (event_id: string, more: object = {}) => ({ event_id, type: "conversion.approved", ...more });

/** An event of exactly so many bytes. */
const sized = (bytes: number) => {
  const empty = JSON.stringify(event("a", { data: { pad: "" } }));
  return empty.replace('""', `"${"x".repeat(bytes - empty.length)}"`);
};

/** An event with so many lists within each other, two levels down. */
const deep = (levels: number) =>
  `{"event_id":"d","type":"a","data":{"x":${"[".repeat(levels)}${"]".repeat(levels)}}}`;

describe("one event", () => {
  test("is committed with its data as it came, and the partners are rung", async () => {
    const { call, engine } = await serverOverFake();
    const text = '{"event_id":"conv-1","type":"a.b","data":{"payout":10.50,"big":12345678901234567890}}';
    const { status, json } = await call("POST", "/v1/events", `\n${text} `);
    expect([status, json]).toEqual([
      202,
      { results: [{ event_id: "conv-1", status: "accepted", deliveries: 1 }] },
    ]);
    expect(engine.acceptCalls).toEqual([
      [{ event_id: "conv-1", type: "a.b", data_text: '{"payout":10.50,"big":12345678901234567890}' }],
    ]);
    expect(engine.rung).toEqual([7]);
  });

  test("may say when, for how long and in which order", async () => {
    const { call, engine } = await serverOverFake();
    const timing = { not_before: "2026-01-31T10:00:00+02:00", expires_after: "7d", order_key: "txn-1" };
    expect((await call("POST", "/v1/events", event("conv-1", timing))).status).toBe(202);
    expect(engine.acceptCalls).toEqual([[{ event_id: "conv-1", type: "conversion.approved", ...timing }]]);
  });

  test("again: duplicate; with other content: 409 conflict", async () => {
    const { call } = await serverOverFake();
    await call("POST", "/v1/events", event("conv-1"));
    expect((await call("POST", "/v1/events", event("conv-1"))).json.results[0].status).toBe("duplicate");
    const { status, json } = await call("POST", "/v1/events", event("conv-1", { data: { x: 1 } }));
    expect([status, json.error.code]).toEqual([409, "conflict"]);
  });

  test.each([
    ["no id", { type: "a" }, "event_id"],
    ["a space in the id", { event_id: "a b", type: "a" }, "event_id"],
    ["an empty id", { event_id: "", type: "a" }, "event_id"],
    ["a long id", { event_id: "x".repeat(201), type: "a" }, "event_id"],
    ["an id that is a number", { event_id: 7, type: "a" }, "event_id"],
    ["an empty word in the type", { event_id: "a", type: "a..b" }, "type"],
    ["a long type", { event_id: "a", type: "a".repeat(101) }, "type"],
    ["version 0", { event_id: "a", type: "a", schema_version: 0 }, "schema_version"],
    ["version 1.5", { event_id: "a", type: "a", schema_version: 1.5 }, "schema_version"],
    ["a time without zone", { event_id: "a", type: "a", occurred_at: "2026-01-31T10:00:00" }, "occurred_at"],
    ["a day that is not", { event_id: "a", type: "a", occurred_at: "2026-02-30T10:00:00Z" }, "occurred_at"],
    ["the year 0", { event_id: "a", type: "a", occurred_at: "0000-01-01T10:00:00Z" }, "occurred_at"],
    ["data that is a list", { event_id: "a", type: "a", data: [] }, "data"],
    ["data that is null", { event_id: "a", type: "a", data: null }, "data"],
    ["a partner in capitals", { event_id: "a", type: "a", partner: "Acme" }, "partner"],
    ["a delay without zone", { event_id: "a", type: "a", not_before: "2026-01-31T10:00:00" }, "not_before"],
    ["an expiry without unit", { event_id: "a", type: "a", expires_after: "90" }, "expires_after"],
    ["an expiry of nothing", { event_id: "a", type: "a", expires_after: "0.1ms" }, "expires_after"],
    ["an expiry of years", { event_id: "a", type: "a", expires_after: "366d" }, "expires_after"],
    ["an empty order key", { event_id: "a", type: "a", order_key: "" }, "order_key"],
    ["an id of dots", { event_id: "..", type: "a" }, "event_id"],
    [
      "a year before the first",
      { event_id: "a", type: "a", occurred_at: "0001-01-01T00:00:00+01:00" },
      "occurred_at",
    ],
    ["a misspelt key", { event_id: "a", type: "a", ocurred_at: "2026-01-31T10:00:00Z" }, "ocurred_at"],
  ])("with %s is invalid, and the place is named", async (_, body, path) => {
    const { call, engine } = await serverOverFake();
    const { status, json } = await call("POST", "/v1/events", body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_event", path]);
    expect(engine.acceptCalls).toEqual([]);
  });

  test.each(["2026-01-31T10:00:00Z", "2024-02-29T23:59:59.123456789+05:30", "2026-12-31T00:00:00-14:00"])(
    "with the time %s is taken",
    async (occurred_at) => {
      const { call } = await serverOverFake();
      expect(
        (
          await call(
            "POST",
            "/v1/events",
            event("a", { occurred_at, schema_version: 3, partner: "acme", data: {} }),
          )
        ).status,
      ).toBe(202);
    },
  );

  test("a misspelt key and a capital get their remedy", async () => {
    const { call } = await serverOverFake();
    const { json } = await call("POST", "/v1/events", event("a", { pratner: "acme", partner: "ACME" }));
    const messages = json.error.issues.map(
      ({ path, message }: { path: string; message: string }) => `${path} ${message}`,
    );
    expect(messages).toContainEqual("pratner is not known; did you mean partner?");
    expect(messages).toContainEqual(expect.stringContaining("did you mean acme?"));
  });

  test("the sentence of a refusal has one mark at its end, and names the whole as it", async () => {
    const { call } = await serverOverFake();
    const messageOf = async (body: unknown) => (await call("POST", "/v1/events", body)).json.error.message;
    expect(await messageOf(event("a", { dta: {} }))).toBe(
      "The event a is not valid: dta is not known; did you mean data?",
    );
    expect(await messageOf(sized(262_145))).toMatch(
      /^The event \S+ is not valid: it is larger than 262144 bytes\.$/,
    );
    expect(await messageOf(event("a", { type: "" }))).toMatch(
      /^The event a is not valid: type must .*[^.?]\.$/,
    );
    expect(await messageOf({ events: [event("a", { type: "" })] })).toBe(
      "The event was not taken; results says why.",
    );
  });

  test("of hundreds of unknown keys, a few are named and the others counted", async () => {
    const { call } = await serverOverFake();
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`tpye${n}`, n]));
    const { json } = await call("POST", "/v1/events", event("a", many));
    expect(json.error.issues).toHaveLength(6);
    expect(json.error.issues[5].message).toBe("has 295 more keys that are not known");
  });

  test("more than 256 KiB, or deeper than 100 levels, is invalid; just within is not", async () => {
    const { call } = await serverOverFake();
    expect((await call("POST", "/v1/events", sized(262_144))).status).toBe(202);
    expect((await call("POST", "/v1/events", sized(262_145))).json.error.code).toBe("invalid_event");
    expect((await call("POST", "/v1/events", deep(98))).status).toBe(202);
    expect((await call("POST", "/v1/events", deep(99))).json.error.issues[0].message).toContain("100 levels");
    expect((await call("POST", "/v1/events", deep(100_000))).json.error.code).toBe("invalid_event");
  });

  test("that the ledger refuses is a 400 with its words", async () => {
    const { call, engine } = await serverOverFake();
    engine.acceptWith = async () => [
      { event_id: "a", status: "invalid", deliveries: 0, error: "partner acme does not exist" },
    ];
    const { status, json } = await call("POST", "/v1/events", event("a", { partner: "acme" }));
    expect([status, json.error.code]).toEqual([400, "invalid_event"]);
    expect(json.error.message).toBe("The event a is not valid: partner acme does not exist.");
    expect(json.error.issues).toEqual([{ path: "partner", message: "acme does not exist" }]);
  });
});

describe("a batch", () => {
  test("is answered in order, the invalid ones among the others, and only the valid ones are committed", async () => {
    const { call, engine } = await serverOverFake();
    const events = [
      event("e1"),
      { event_id: "bad id", type: "a" },
      event("e2"),
      event("e1"),
      event("e2", { data: { other: true } }),
      7,
    ];
    const { status, json } = await call("POST", "/v1/events", { events });
    expect(status).toBe(202);
    expect(
      json.results.map((result: { event_id: string; status: string }) => [result.event_id, result.status]),
    ).toEqual([
      ["e1", "accepted"],
      ["bad id", "invalid"],
      ["e2", "accepted"],
      ["e1", "duplicate"],
      ["e2", "conflict"],
      ["", "invalid"],
    ]);
    expect(json.results[1].error).toContain("event_id");
    expect(engine.acceptCalls.flat()).toHaveLength(4);
  });

  test("keeps the text of each event's data", async () => {
    const { call, engine } = await serverOverFake();
    await call(
      "POST",
      "/v1/events",
      '{ "events" : [ {"event_id":"a","type":"t","data":{"n":1.00}} , {"event_id":"b","type":"t"} ] }',
    );
    expect(engine.acceptCalls).toEqual([
      [
        { event_id: "a", type: "t", data_text: '{"n":1.00}' },
        { event_id: "b", type: "t" },
      ],
    ]);
  });

  test("of only invalid events commits nothing", async () => {
    const { call, engine } = await serverOverFake();
    const { status, json } = await call("POST", "/v1/events", { events: [{}] });
    expect([status, json.error.code, json.results]).toEqual([
      400,
      "invalid_event",
      [
        {
          event_id: "",
          status: "invalid",
          deliveries: 0,
          error: expect.stringContaining("event_id must be"),
        },
      ],
    ]);
    expect(engine.acceptCalls).toEqual([]);
  });

  const statuses = ["accepted", "duplicate", "conflict", "invalid", "backlog_full"] as const;
  /** Every set of statuses that a batch can have. */
  const sets = Array.from({ length: 2 ** statuses.length - 1 }, (_, set) =>
    statuses.filter((_status, bit) => ((set + 1) >> bit) & 1),
  );
  test.each(sets)("of %s %s %s %s %s has one status, and all of its results", async (...given) => {
    const { call, engine } = await serverOverFake();
    engine.acceptWith = async (events) =>
      events.map(({ event_id }, index) => ({ event_id, status: given[index]!, deliveries: 0 }));
    const answer = await call("POST", "/v1/events", { events: given.map((_, index) => event(`e${index}`)) });
    const taken = given.includes("accepted") || given.includes("duplicate");
    const [status, code] = taken
      ? [202, undefined]
      : given.includes("backlog_full")
        ? [429, "backlog_full"]
        : given.includes("invalid")
          ? [400, "invalid_event"]
          : [409, "conflict"];
    expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
    expect(answer.json.results.map((result: { status: string }) => result.status)).toEqual(given);
    expect(answer.headers.get("retry-after")).toBe(status === 429 ? "60" : null);
  });

  test("a single event for a partner whose backlog is full is a 429 with its words", async () => {
    const { call, engine } = await serverOverFake();
    engine.acceptWith = async () => [
      { event_id: "a", status: "backlog_full", deliveries: 0, error: "the backlog of partner acme is full" },
    ];
    const { status, json, headers } = await call("POST", "/v1/events", event("a", { partner: "acme" }));
    expect([status, json.error.code, headers.get("retry-after")]).toEqual([429, "backlog_full", "60"]);
    expect(json.error.message).toContain("the backlog of partner acme is full");
  });

  test.each([
    ["no events", { events: [] }, "events"],
    ["too many", { events: Array.from({ length: 1_001 }, () => 1) }, "events"],
    ["something else", { events: {} }, "events"],
    ["a key beside events", { events: [event("a")], dry_run: true }, "dry_run"],
  ])("with %s is refused whole", async (_, body, path) => {
    const { call } = await serverOverFake();
    const { status, json } = await call("POST", "/v1/events", body);
    expect([status, json.error.code, json.error.issues[0].path]).toEqual([400, "invalid_request", path]);
  });

  test("a bare list is refused with its remedy", async () => {
    const { call } = await serverOverFake();
    expect((await call("POST", "/v1/events", [event("a")])).json.error.hint).toContain('"events"');
  });

  test("concurrent requests: one that poisons a commit fails alone", async () => {
    const { call, engine } = await serverOverFake();
    engine.acceptWith = async (events) => {
      if (events.some(({ event_id }) => event_id === "poison")) throw new Error("invalid byte");
      return events.map(({ event_id }) => ({ event_id, status: "accepted", deliveries: 1 }));
    };
    const ids = Array.from({ length: 30 }, (_, index) => (index === 13 ? "poison" : `e${index}`));
    const answers = await Promise.all(ids.map((id) => call("POST", "/v1/events", event(id))));
    expect(answers.map(({ status }, index) => [ids[index], status])).toEqual(
      ids.map((id) => [id, id === "poison" ? 500 : 202]),
    );
    expect(answers.flatMap(({ json }) => json.results ?? []).map(({ event_id }) => event_id)).toEqual(
      ids.filter((id) => id !== "poison"),
    );
  });

  test("too much waiting is refused with Retry-After", async () => {
    const { call, engine } = await serverOverFake();
    engine.failWith = new PostriderError("rate_limited", "Too many events are waiting.");
    const { status, headers } = await call("POST", "/v1/events", event("a"));
    expect([status, headers.get("retry-after")]).toEqual([429, "1"]);
  });
});
