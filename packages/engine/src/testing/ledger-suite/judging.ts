import fc from "fast-check";
import { expect, test } from "vitest";
import { eventIssues } from "../../core/event-form.ts";
import { issueText } from "../../core/errors.ts";
import type { Sql } from "../../ledger/sql.ts";
import { eventDocuments } from "../event-documents.ts";
import { type Bench, suiteNowMs } from "./bench.ts";

interface Row {
  readonly event_id: string;
  readonly status: string;
  readonly error: string | null;
  readonly deliveries: number;
}

/** What `postrider.accept` answers for a JSON text. */
export const bySql = (run: Pick<Sql, "query">, json: string, routine = "accept", type = "json") =>
  run.query<Row>(
    `select event_id, status, error, deliveries from postrider.${routine}($1::text::${type}, false, to_timestamp($2::float8 / 1000)) order by ord`,
    [json, suiteNowMs],
  );

/** What the API's judge says of a document's text, in one line. */
const byJudge = (json: string) =>
  eventIssues(JSON.parse(json), json.trim()).map(issueText).join("; ") || null;

/** Without the parts that the two doors may word differently: near misses, and the spelling of odd keys. */
const plainWords = (error: string | null) =>
  error
    ?.replaceAll(/ is not known; (did you mean \w+\?|known are [\w, ]+)/g, " is not known")
    .replaceAll(/(^|; )(?!\w+…? is not known)[^;]*? is not known/g, "$1? is not known") ?? null;

/** The two doors, and the judge of callers in the process, say the same. */
export function judgingTests(bench: () => Bench): void {
  const reset = async () => {
    await bench().sql.query("delete from postrider.event_keys");
  };

  test.each(eventDocuments)("both doors judge alike: %s", async (_what, json) => {
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
    // Ids are made distinct if they are good, so that no event is another's duplicate.
    const all = eventDocuments
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
          // What only the ledger can know is not checked as form.
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
}
