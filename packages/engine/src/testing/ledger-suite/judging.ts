import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventIssues } from "../../core/event-form.ts";
import { issueText } from "../../core/errors.ts";
import { createJudgedDoor } from "../../judged-door.ts";
import type { Sql } from "../../ledger/sql.ts";
import { type Bench, suiteNowMs } from "./bench.ts";

interface Row {
  readonly event_id: string;
  readonly status: string;
  readonly error: string | null;
  readonly deliveries: number;
}

/** What `postrider.accept` answers for a JSON text. */
const bySql = (run: Pick<Sql, "query">, json: string, routine = "accept", type = "json") =>
  run.query<Row>(
    `select event_id, status, error, deliveries from postrider.${routine}($1::text::${type}, false, to_timestamp($2::float8 / 1000)) order by ord`,
    [json, suiteNowMs],
  );

/** What the API's judge says of a document's text, in one line. */
const byJudge = (json: string) =>
  eventIssues(JSON.parse(json), json.trim()).map(issueText).join("; ") || null;

/** Without what the two doors say each in its own way: near misses, and the spelling of odd keys. */
const plainWords = (error: string | null) =>
  error
    ?.replaceAll(/ is not known; (did you mean \w+\?|known are [\w, ]+)/g, " is not known")
    .replaceAll(/(^|; )(?!\w+…? is not known)[^;]*? is not known/g, "$1? is not known") ?? null;

const nested = (levels: number, open = "[", close = "]") => open.repeat(levels) + close.repeat(levels);
const pad = (bytes: number) => {
  const empty = '{"event_id":"e","type":"a","data":{"pad":""}}';
  return empty.replace('""', `"${"x".repeat(bytes - empty.length)}"`);
};

/** Documents as text, because that is where the two doors could differ. */
const documents: readonly (readonly [what: string, json: string])[] = [
  ["an empty object", "{}"],
  ["null", "null"],
  ["a number", "7"],
  ["a text", '"x"'],
  ["a text with a lone surrogate", '"\\ud800"'],
  ["true", "true"],
  ["a list", "[]"],
  ["a numeric id", '{"event_id":17,"type":"a"}'],
  ["an object as id", '{"event_id":{"a":1},"type":"a"}'],
  ["null as id", '{"event_id":null,"type":"a"}'],
  ["an id with a space", '{"event_id":"a b","type":"a"}'],
  ["an empty id", '{"event_id":"","type":"a"}'],
  ["an id of one dot", '{"event_id":".","type":"a"}'],
  ["an id of two dots", '{"event_id":"..","type":"a"}'],
  ["an id of three dots", '{"event_id":"...","type":"a"}'],
  ["an id of quotes and backslashes", '{"event_id":"\\"\\\\/","type":"a"}'],
  ["an id with an escaped letter", '{"event_id":"\\u0061\\u002e","type":"a"}'],
  ["the longest id", `{"event_id":"${"i".repeat(200)}","type":"a"}`],
  ["an id too long", `{"event_id":"${"i".repeat(201)}","type":"a"}`],
  ["the longest id of quotes", `{"event_id":"${'\\"'.repeat(200)}","type":"a"}`],
  ["U+0000 in the id", '{"event_id":"a\\u0000b","type":"a"}'],
  ["a lone surrogate in the id", '{"event_id":"a\\udc00","type":"a"}'],
  ["an emoji in the id", '{"event_id":"\\ud83d\\ude00","type":"a"}'],
  ["a private use letter in the id", '{"event_id":"\\ue000","type":"a"}'],
  ["true as type", '{"event_id":"e","type":true}'],
  ["a number as type", '{"event_id":"e","type":5}'],
  ["an empty type", '{"event_id":"e","type":""}'],
  ["an empty word in the type", '{"event_id":"e","type":"a..b"}'],
  ["the longest type", `{"event_id":"e","type":"${"t".repeat(100)}"}`],
  ["a type too long", `{"event_id":"e","type":"${"t".repeat(101)}"}`],
  ["a type with a line end", '{"event_id":"e","type":"a\\n"}'],
  ["version 0", '{"event_id":"e","type":"a","schema_version":0}'],
  ["version -1", '{"event_id":"e","type":"a","schema_version":-1}'],
  ["version 1.0", '{"event_id":"e","type":"a","schema_version":1.0}'],
  ["version 1e0", '{"event_id":"e","type":"a","schema_version":1E0}'],
  ["version 20e-1", '{"event_id":"e","type":"a","schema_version":20e-1}'],
  ["version 1.5", '{"event_id":"e","type":"a","schema_version":1.5}'],
  ["version 1e999", '{"event_id":"e","type":"a","schema_version":1e999}'],
  ["version 1e-999", '{"event_id":"e","type":"a","schema_version":1e-999}'],
  ["the largest version", '{"event_id":"e","type":"a","schema_version":999999999}'],
  ["a version too large", '{"event_id":"e","type":"a","schema_version":1000000000}'],
  ["a version as text", '{"event_id":"e","type":"a","schema_version":"1"}'],
  ["a version of null", '{"event_id":"e","type":"a","schema_version":null}'],
  ...[
    '"2026-01-31T10:00:00Z"',
    '"2026-01-31T10:00:00.123456789+14:00"',
    '"2026-01-31T10:00:00.1234567890Z"',
    '"2026-02-30T10:00:00Z"',
    '"2024-02-29T10:00:00Z"',
    '"1900-02-29T10:00:00Z"',
    '"2000-02-29T10:00:00Z"',
    '"2026-04-31T10:00:00Z"',
    '"2026-12-31T24:00:00Z"',
    '"2026-01-31T10:00:60Z"',
    '"2026-01-31T10:00:00"',
    '"2026-01-31t10:00:00z"',
    '"2026-01-31 10:00:00Z"',
    '"0000-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+14:00"',
    '"0001-01-01T13:59:00+14:00"',
    '"0001-01-01T14:00:00+14:00"',
    '"0001-01-01T00:00:00-14:00"',
    '"9999-12-31T23:59:59Z"',
    '"9999-12-31T23:59:59-14:00"',
    '"9999-12-31T10:00:00-14:00"',
    '"9999-12-31T09:59:59.999999999-14:00"',
    '"9999-12-31T23:59:59+14:00"',
    '"2026-01-31T10:00:00+15:00"',
    '"2026-01-31T10:00:00+0100"',
    '"now"',
    '"infinity"',
    '""',
    "1769853600",
    "null",
    "{}",
  ].flatMap((value) => [
    [`occurred_at ${value}`, `{"event_id":"e","type":"a","occurred_at":${value}}`] as const,
    [`not_before ${value}`, `{"event_id":"e","type":"a","not_before":${value}}`] as const,
  ]),
  ...["[]", "null", '"x"', "7", "{}", '{"a":1e400,"b":-0}', '{"a":1,"a":2}'].map(
    (value) => [`data ${value}`, `{"event_id":"e","type":"a","data":${value}}`] as const,
  ),
  ...['"Acme"', '""', "7", "null", '"-a"', '"a b"', `"${"p".repeat(65)}"`, '"Ä"', '"nobody"'].map(
    (value) => [`partner ${value}`, `{"event_id":"e","type":"a","partner":${value}}`] as const,
  ),
  ...[
    '"7d"',
    '"90"',
    '"0.1ms"',
    '"0.5ms"',
    '"365d"',
    '"366d"',
    '"8760h"',
    '"1.0001s"',
    '""',
    "7",
    "null",
  ].map(
    (value) => [`expires_after ${value}`, `{"event_id":"e","type":"a","expires_after":${value}}`] as const,
  ),
  ...['"k"', '""', '"a b"', "7", "null", `"${"k".repeat(201)}"`].map(
    (value) => [`order_key ${value}`, `{"event_id":"e","type":"a","order_key":${value}}`] as const,
  ),
  ["a misspelt key", '{"event_id":"e","type":"a","partnr":"acme"}'],
  [
    "keys in other letters",
    '{"event_id":"e","type":"a","notBefore":"x","expiresAfter":1,"orderKey":null,"payload":{}}',
  ],
  [
    "more unknown keys than are named",
    `{"event_id":"e","type":"a",${Array.from({ length: 300 }, (_, n) => `"zzzz${n}":1`).join(",")}}`,
  ],
  ["an unknown key that is long", `{"event_id":"e","type":"a","${"k".repeat(500)}":1}`],
  ["an unknown key with U+0000", '{"event_id":"e","type":"a","\\u0000":1}'],
  ["__proto__", '{"event_id":"e","type":"a","__proto__":{"type":"b"}}'],
  ["constructor", '{"event_id":"e","type":"a","constructor":1}'],
  ["an escaped known key", '{"event_id":"e","\\u0074ype":"a"}'],
  [
    "an escaped known key beside a lone surrogate",
    '{"event_id":"e","\\u0074ype":"a","data":{"a":"\\ud800"}}',
  ],
  ["a key twice, the last one good", '{"event_id":"a b","type":"a","event_id":"e"}'],
  ["a key twice, the last one wrong", '{"event_id":"e","type":"a","event_id":"a b"}'],
  ["a key twice, the last one null", '{"event_id":"e","type":"a","partner":"p","partner":null}'],
  ["an unknown key twice", '{"event_id":"e","type":"a","zzz":1,"zzz":2}'],
  ["spaces and line ends", ' \n{ "event_id" : "e" ,\t"type":"a" , "data" : { } }\r\n '],
  ["spaces around an unknown key", '{ "event_id" : "e", "type" : "a", "zzz" : null }'],
  [
    "several faults",
    '{"event_id":"a b","type":"","schema_version":0,"data":7,"partner":"A","order_key":"","zzz":1}',
  ],
  ["the largest event", pad(262_144)],
  ["an event too large", pad(262_145)],
  ["an event too large in bytes only", `{"event_id":"e","type":"a","data":{"pad":"${"é".repeat(131_060)}"}}`],
  ["an event too large that is wrong too", `{"zzz":"${"x".repeat(262_145)}"}`],
  ["the deepest event", `{"event_id":"e","type":"a","data":{"x":${nested(98)}}}`],
  ["an event too deep", `{"event_id":"e","type":"a","data":{"x":${nested(99)}}}`],
  [
    "an event too deep in objects",
    `{"event_id":"e","type":"a","data":${'{"x":'.repeat(100)}1${"}".repeat(100)}}`,
  ],
  ["an event far too deep", `{"event_id":"e","type":"a","data":{"x":${nested(2_000)}}}`],
  [
    "brackets in texts, which are not levels",
    `{"event_id":"e","type":"a","data":{"x":"${nested(200)}\\"${"{".repeat(200)}"}}`,
  ],
  [
    "many lists beside each other",
    `{"event_id":"e","type":"a","data":{"x":[${Array(300).fill("[]").join(",")}]}}`,
  ],
  ["depth in a key that is repeated", `{"event_id":"e","type":"a","data":{"x":${nested(150)}},"data":{}}`],
];

/** The two doors, and the judge of callers in the process, say the same. */
export function judgingTests(bench: () => Bench): void {
  const reset = async () => {
    await bench().sql.query("delete from postrider.event_keys");
  };

  test.each(documents)("both doors judge alike: %s", async (_what, json) => {
    await reset();
    const words = byJudge(json);
    // A list of its own would be a batch.
    const [row] = await bySql(bench().sql, json === "[]" ? "[[]]" : json);
    const unknownPartner = words === null && json.includes('"partner":"nobody"');
    expect(plainWords(row?.error ?? null)).toBe(
      unknownPartner ? "partner nobody does not exist" : plainWords(words),
    );
    expect(row?.status).toBe(words === null && !unknownPartner ? "accepted" : "invalid");
  });

  test("all of them in one call: each has its row, and the good ones are stored", async () => {
    await reset();
    // Ids are made distinct where they are good, so that no event is another's duplicate.
    const all = documents
      .filter(([, json]) => !json.includes('"nobody"') && json.length < 10_000)
      .map(([, json], index) => json.replace('"event_id":"e"', `"event_id":"all-${index}"`));
    const rows = await bySql(bench().sql, `[${all.join(",")}]`);
    expect(rows.map(({ status }) => status)).toEqual(
      all.map((json) => (byJudge(json) === null ? "accepted" : "invalid")),
    );
  });

  /** JSON texts with all that JSON can say, escapes of every kind among it. */
  const escapes = fc.constantFrom(
    "\\u0000",
    "\\ud800",
    "\\udfff",
    "\\uD83D\\uDE00",
    "\\ud83d",
    "\\ue000",
    "\\\\u0000",
    "\\\\",
    "\\/",
    '\\"',
    "\\n",
    "é",
    "😀",
    "a",
    "{",
    "]",
  );
  const texts = fc.array(escapes, { maxLength: 6 }).map((parts) => `"${parts.join("")}"`);
  const { json } = fc.letrec<{ json: string }>((tie) => ({
    json: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      texts,
      fc.constantFrom("null", "true", "1.10", "-0", "1e400", "12345678901234567890"),
      fc.array(tie("json"), { maxLength: 3 }).map((parts) => `[${parts.join(", ")}]`),
      fc
        .array(fc.tuple(texts, tie("json")), { maxLength: 3 })
        .map((parts) => `{${parts.map(([key, value]) => `${key} : ${value}`).join(",")}}`),
    ),
  }));
  const field = fc.tuple(
    fc.constantFrom(
      '"event_id"',
      '"type"',
      '"schema_version"',
      '"occurred_at"',
      '"data"',
      '"partner"',
      '"not_before"',
      '"expires_after"',
      '"order_key"',
      '"\\u0074ype"',
      '"zzz"',
      '"\\ud800"',
    ),
    fc.oneof(
      json,
      fc.constantFrom(
        '"a.b"',
        "1",
        "2.0",
        '"2026-01-31T10:00:00.123456+01:00"',
        '"0001-01-01T00:00:00+00:01"',
        "{}",
        '{"a":"\\u0000"}',
        '"7d"',
        '"k"',
        '"."',
      ),
    ),
  );
  const eventJson = fc
    .tuple(fc.boolean(), fc.array(field, { maxLength: 6 }), fc.constantFrom(",", " ,\n "))
    .map(([good, fields, comma]) => {
      const members = [
        ...(good
          ? [
              ['"event_id"', '"e"'],
              ['"type"', '"a.b"'],
            ]
          : []),
        ...fields,
      ];
      return `{${members.map(([key, value]) => `${key}:${value}`).join(comma)}}`;
    });

  test("random documents, whole and broken, are judged alike and stored letter for letter", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 5, arbitrary: eventJson }, { weight: 1, arbitrary: json }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (given) => {
          await reset();
          const rows = await bySql(bench().sql, `[${given.join(" , ")}]`);
          const words = given.map(byJudge);
          // What the ledger alone can know is no matter of form.
          const form = rows.map(({ error }) =>
            /^(event e was accepted before|partner \S+ does not exist$)/.test(error ?? "") ? null : error,
          );
          expect(form.map(plainWords)).toEqual(words.map(plainWords));
          expect(
            rows.filter(({ status }, index) => status === "invalid" && rows[index]?.error === null),
          ).toEqual([]);
          for (const [index, row] of rows.entries()) {
            if (row.status !== "accepted") continue;
            const [stored] = await bench().sql.query<{ data: string }>(
              "select e.data from postrider.event_keys k join postrider.events e on e.id = k.event where k.event_id = $1",
              [row.event_id],
            );
            const data = (JSON.parse(given[index]!) as { data?: unknown }).data;
            expect(JSON.parse(stored!.data)).toEqual(data ?? {});
            expect(data === undefined || given[index]!.includes(stored!.data)).toBe(true);
          }
        },
      ),
      { seed: 20_260_131, numRuns: 150 },
    );
  }, 60_000);

  test("the same instant is the same event, whatever its digits and its offset; another is a conflict", async () => {
    const { sql, operations } = bench();
    const of = async (id: string, occurredAt: string) =>
      (await bySql(sql, JSON.stringify({ event_id: id, type: "a", occurred_at: occurredAt })))[0]?.status;
    const same: readonly (readonly [string, string, stored: string])[] = [
      ["2026-11-27T10:00:00.123456+00:00", "2026-11-27T10:00:00.123456+00:00", "2026-11-27T10:00:00.123456Z"],
      [
        "2026-11-27T10:00:00.9999999+00:00",
        "2026-11-27T09:00:00.99999990-01:00",
        "2026-11-27T10:00:00.9999999Z",
      ],
      [
        "2026-11-27T10:00:00.123456789-05:30",
        "2026-11-27T15:30:00.123456789Z",
        "2026-11-27T15:30:00.123456789Z",
      ],
      ["2026-11-27T10:00:00Z", "2026-11-27T12:00:00.000+02:00", "2026-11-27T10:00:00Z"],
      ["2026-11-27T10:00:00.5+01:00", "2026-11-27T09:00:00.50Z", "2026-11-27T09:00:00.500Z"],
      ["0001-01-01T14:00:00+14:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
      [
        "9999-12-31T09:59:59.999999999-14:00",
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-31T23:59:59.999999999Z",
      ],
      ["2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00Z", "2024-03-01T00:30:00.000Z"],
    ];
    for (const [index, [first, again, stored]] of same.entries()) {
      expect([await of(`same-${index}`, first), await of(`same-${index}`, again)]).toEqual([
        "accepted",
        "duplicate",
      ]);
      expect((await operations.getEvent(`same-${index}`))?.occurred_at).toBe(stored);
      const other = first.replace(/(\.\d*?)\d?(Z|[+-]..:..)$|(\d)(Z|[+-]..:..)$/, (_, f, z, d, y) =>
        f ? `${f.length < 9 ? `${f}3` : `${f}8`}${z}` : `${(Number(d) + 1) % 10}${y}`,
      );
      if (other !== first) expect([other, await of(`same-${index}`, other)]).toEqual([other, "conflict"]);
    }
  });

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

  test("an unknown partner is invalid, a full one is full, in one batch", async () => {
    const { event, door } = bench();
    const acme = await capped(1);
    const to = (id: string) => event(acme, { partner: id });
    const { results } = await door.accept([to(acme.id), to("nobody"), to(acme.id)], suiteNowMs);
    expect(results.map(({ status }) => status)).toEqual(["accepted", "invalid", "backlog_full"]);
  });
}
