import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compactJson, cutList, endOfValue, forEachMember, memberText, type Slices } from "./json-text.ts";
import { DataPathSet, pickValues } from "./template/data-paths.ts";
import type { Value } from "./template/value.ts";

const seed = 20260131;

/** JSON text with white space, escapes and numbers in their own notation, as applications write it. */
const space = fc.constantFrom("", "", " ", "\n\t ", "\r\n");
const spaced = (text: fc.Arbitrary<string>) => fc.tuple(space, text, space).map((part) => part.join(""));
const stringText = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u0061"', '"\\\\"', '"\\\\\\""', '"}"', '"]\\","', '"\\/"', '""'),
);
const nameText = fc.oneof(stringText, fc.constantFrom('"a"', '"b"', '"\\u0061"', '"__proto__"', '"0"'));
const numberText = fc.constantFrom("0", "-0", "10.50", "12345678901234567890", "1E+2", "0.1e-7");
const { json: jsonText } = fc.letrec<{ json: string }>((tie) => ({
  json: spaced(
    fc.oneof(
      { depthSize: "medium" },
      stringText,
      numberText,
      fc.constantFrom("true", "false", "null", "{ }", "[\n]"),
      fc.array(tie("json"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
      fc
        .array(fc.tuple(spaced(nameText), tie("json")), { maxLength: 4 })
        .map((members) => `{${members.map((member) => member.join(":")).join(",")}}`),
    ),
  ),
}));

function revive(_: string, value: unknown, context: { source?: string }): unknown {
  return typeof value === "number" ? { source: context.source } : value;
}

/** The reference: JSON.parse, with the source text of each number by its reviver. */
function parsed(text: string): unknown {
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

function reference(text: string, path: readonly string[]): unknown {
  let value = parsed(text);
  for (const name of path) {
    const isNumber = typeof value === "object" && value !== null && Object.hasOwn(value, "source");
    if (typeof value !== "object" || value === null || isNumber || !Object.hasOwn(value, name))
      return undefined;
    if (Array.isArray(value) && name === "length") return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function comparable(value: Value): unknown {
  return typeof value === "object" ? parsed(value.json) : value;
}

describe("picking values out of JSON text", () => {
  test("agrees with JSON.parse, duplicates, escapes and exact numbers included", () => {
    const paths = [
      [],
      ["a"],
      ["b"],
      ["0"],
      ["1"],
      ["a", "a"],
      ["a", "0"],
      ["0", "a"],
      ["__proto__"],
      ["length"],
      ["a", "b", "0"],
    ];
    const set = new DataPathSet();
    for (const path of paths) set.slotOf(path);
    const compiledPaths = set.build();
    fc.assert(
      fc.property(jsonText, (text) => {
        const values = pickValues(compiledPaths as NonNullable<typeof compiledPaths>, text);
        expect(values.map(comparable)).toEqual(paths.map((path) => reference(text, path)));
      }),
      { seed, numRuns: 1000 },
    );
  });

  test("ends, without a throw, on text that is not JSON", () => {
    const garbage = fc.string({
      unit: fc.constantFrom("{", "}", "[", "]", '"', ":", ",", "\\", "a", "1", " "),
      maxLength: 40,
    });
    fc.assert(
      fc.property(garbage, (text) => {
        const seen: number[] = [];
        forEachMember(text, 0, (_, start) => seen.push(start));
        expect(seen).toEqual(seen.toSorted((a, b) => a - b));
        expect(endOfValue(text, 0)).toBeLessThanOrEqual(text.length);
        expect(compactJson(text).length).toBeLessThanOrEqual(text.length);
      }),
      { seed, numRuns: 2000 },
    );
  });

  test("is not recursive over the data", () => {
    const deep = `{"a":${"[".repeat(500_000)}${"]".repeat(500_000)},"b":1}`;
    const set = new DataPathSet();
    const slot = set.slotOf(["b"]);
    expect(pickValues(set.build() as NonNullable<ReturnType<typeof set.build>>, deep)[slot]).toEqual({
      json: "1",
    });
  });
});

test("compact JSON has the same meaning and no white space outside strings", () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      const compact = compactJson(text);
      expect(parsed(compact)).toEqual(parsed(text));
      expect(compact.replaceAll(/"(?:[^"\\]|\\.)*"/gsu, "")).not.toMatch(/\s/);
    }),
    { seed, numRuns: 500 },
  );
});

describe("the text of one member", () => {
  test.each<[string, string | null]>([
    ['{"data":{"a":1.50}, "b":2}', '{"a":1.50}'],
    ['{"data":1,"data" : 2 }', "2"],
    ['{"\\u0064ata":"x\\"}"}', '"x\\"}"'],
    ['{"b":{"data":1}}', null],
    ['["data",1]', null],
    ["{}", null],
    // The beginning of a longer text: what stands whole in it is found.
    ['{"data":"a","b":{"c":', '"a"'],
    ['{"b":1,"data":{"c":1', null],
  ])("%s", (json, text) => expect(memberText(json, "data")).toBe(text));
});

/** An event loop that nothing else waits for. */
const slices: Slices = { over: () => false, next: () => Promise.resolve() };

/** The events of a batch, as the API cuts them out. */
async function eventTexts(json: string): Promise<readonly string[] | "broken" | null> {
  const cut = await cutList(json, "events", 1_000, slices);
  return cut === null || cut === "broken" ? cut : cut.texts;
}

describe("cutting the events out of a batch", () => {
  test.each([
    ['{"events":[]}', []],
    ['{"events":[1.50,"a",null]}', ["1.50", '"a"', "null"]],
    [' { "x" : {"events":[9]} , "events" : [ {"a":[1,{"b":"]}"}]} , [] ] } ', ['{"a":[1,{"b":"]}"}]}', "[]"]],
    ['{"\\u0065vents":[1]}', ["1"]],
    ['{"events":[1],"events":[2]}', ["2"]],
    ['{"a\\\\":1,"b\\"":2,"events":["\\\\",true]}', ['"\\\\"', "true"]],
    ["{}", null],
    ['{"event_id":"events","data":{"events":[1]}}', null],
    ['{"events":{"a":[1]}}', null],
  ])("%s", async (json, texts) => {
    expect(await eventTexts(json)).toEqual(texts);
  });

  test("a number keeps its digits", async () => {
    expect(await eventTexts('{"events":[12345678901234567890.10]}')).toEqual(["12345678901234567890.10"]);
  });

  test("depth is no matter", async () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(await eventTexts(`{"events":[${deep},1]}`)).toEqual([deep, "1"]);
  });

  test("gives the event loop back within one long value, and cuts the same", async () => {
    let given = 0;
    const eager: Slices = { over: () => true, next: async () => void (given += 1) };
    const long = `["${"x".repeat(200_000)}",${"[1],".repeat(200_000)}2]`;
    const cut = await cutList(`{"events":[${long},{"a":3}],"b":${long}}`, "events", 10, eager);
    expect(cut).toEqual({ texts: [long, '{"a":3}'], count: 2, others: ["b"] });
    expect(given).toBeGreaterThan(10);
  });

  test("names the keys beside it, and counts what it does not cut", async () => {
    expect(await cutList('{"a":1,"events":[1,2,3],"b":2,"a":3}', "events", 2, slices)).toEqual({
      texts: ["1", "2"],
      count: 3,
      others: ["a", "b"],
    });
  });

  test.each([
    "",
    " ",
    "[",
    "7",
    "{",
    '{"events"',
    '{"events":',
    '{"events":[',
    '{"events":[1',
    '{"events":[1}',
    '{"events":[1]',
  ])("%s is broken", async (json) => expect(await eventTexts(json)).toBe("broken"));

  test.each([
    '{"events":[1]} x',
    '{"events":[1]}}',
    '{"events":[1],}',
    '{"events":[1 2]}',
    '{"events":[,1]}',
    '{,"events":[1]}',
    '{"events" [1]}',
    '\u0001{"events":[1]}',
    '{"a":"\\","events":[1]}',
  ])("%s is broken", async (json) => expect(await eventTexts(json)).toBe("broken"));

  /** As the API reads a body: cut, then each piece parsed; whole where it is no batch. Null: not JSON. */
  async function readPieces(json: string): Promise<unknown> {
    try {
      const texts = await eventTexts(json);
      if (texts === null) return JSON.parse(json) as unknown;
      return texts === "broken" ? null : { events: texts.map((text) => JSON.parse(text) as unknown) };
    } catch {
      return null;
    }
  }

  test("a batch with a letter lost, doubled or changed is read exactly if it is JSON still", async () => {
    const letters = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      ",",
      ":",
      "\\",
      " ",
      "0",
      "a",
      "e",
      "\n",
      "\u0001",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 4 }),
        fc.nat(),
        fc.constantFrom("lost", "doubled", "changed"),
        letters,
        async (events, at, what, letter) => {
          const whole = JSON.stringify({ events });
          const place = at % whole.length;
          const changed = { lost: "", doubled: whole.charAt(place).repeat(2), changed: letter }[what];
          const json = whole.slice(0, place) + changed + whole.slice(place + 1);
          const read = await readPieces(json);
          let parsed: unknown = null;
          try {
            parsed = JSON.parse(json);
          } catch {}
          expect([json, read]).toEqual([json, parsed]);
        },
      ),
      { seed: 20261127, numRuns: 3_000 },
    );
  });

  test("for any JSON, in any spacing, the pieces parse to the elements", async () => {
    const space = fc.constantFrom(undefined, 1, "\t", " \n");
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        space,
        async (before, events, after, spacing) => {
          const json = JSON.stringify({ ...before, events, ...after }, null, spacing);
          const parsed = (JSON.parse(json) as { events: unknown }).events;
          if (!Array.isArray(parsed)) return;
          const pieces = (await eventTexts(json)) as readonly string[];
          expect(pieces.map((piece) => JSON.parse(piece) as unknown)).toEqual(parsed);
          for (const piece of pieces) expect(json).toContain(piece);
        },
      ),
      { seed: 20261123, numRuns: 500 },
    );
  });
});
