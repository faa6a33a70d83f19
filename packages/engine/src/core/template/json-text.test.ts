import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataPathSet, pickValues } from "./data-paths.ts";
import { compactJson, endOfValue, forEachMember } from "./json-text.ts";
import type { Value } from "./value.ts";

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
