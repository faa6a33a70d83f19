import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementTexts, memberText } from "./json-slices.ts";

/** The events of a batch, as the API cuts them out. */
const eventTexts = (json: string) => elementTexts(memberText(json, "events") ?? "[]");

describe("cutting the events out of a batch", () => {
  test.each([
    ['{"events":[]}', []],
    ['{"events":[1.50,"a",null]}', ["1.50", '"a"', "null"]],
    [' { "x" : {"events":[9]} , "events" : [ {"a":[1,{"b":"]}"}]} , [] ] } ', ['{"a":[1,{"b":"]}"}]}', "[]"]],
    ['{"\\u0065vents":[1]}', ["1"]],
    ['{"events":[1],"events":[2]}', ["2"]],
    ['{"a\\\\":1,"b\\"":2,"events":["\\\\",true]}', ['"\\\\"', "true"]],
    ["{}", []],
  ])("%s", (json, texts) => {
    expect(eventTexts(json)).toEqual(texts);
  });

  test("a number keeps its digits", () => {
    expect(eventTexts('{"events":[12345678901234567890.10]}')).toEqual(["12345678901234567890.10"]);
  });

  test("depth is no matter", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(eventTexts(`{"events":[${deep},1]}`)).toEqual([deep, "1"]);
  });

  test("for any JSON, in any spacing, the pieces parse to the elements", () => {
    const space = fc.constantFrom(undefined, 1, "\t", " \n");
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        space,
        (before, events, after, spacing) => {
          const json = JSON.stringify({ ...before, events, ...after }, null, spacing);
          const parsed = (JSON.parse(json) as { events: unknown }).events;
          if (!Array.isArray(parsed)) return;
          const pieces = eventTexts(json);
          expect(pieces.map((piece) => JSON.parse(piece) as unknown)).toEqual(parsed);
          for (const piece of pieces) expect(json).toContain(piece);
        },
      ),
      { seed: 20261123, numRuns: 500 },
    );
  });
});
