import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutList } from "./json-slices.ts";
import { createProcessorSlices } from "./processor-slices.ts";

const slices = createProcessorSlices().begin();

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
