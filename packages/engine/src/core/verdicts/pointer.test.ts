import fc from "fast-check";
import { expect, test } from "vitest";
import { factsWith } from "../template/template.fixture.ts";
import { compileVerdicts } from "./compile.ts";
import { judge } from "./judge.ts";
import { parsePointer } from "./pointer.ts";

// RFC 6901, section 5, as JSON strings.
test.each([
  ["", []],
  ["/foo", ["foo"]],
  ["/foo/0", ["foo", "0"]],
  ["/", [""]],
  ["/a~1b", ["a/b"]],
  ["/c%d", ["c%d"]],
  ["/i\\j", ["i\\j"]],
  ['/k"l', ['k"l']],
  ["/ ", [" "]],
  ["/m~0n", ["m~n"]],
  ["/~01", ["~1"]],
])("%j names %j", (text, names) => {
  expect(parsePointer(text)).toEqual(names);
});

test.each([
  ["code", 0],
  ["#/code", 0],
  ["/a~", 2],
  ["/a~2b", 2],
  ["/~0/~x", 4],
])("%j is refused at %i", (text, position) => {
  expect(parsePointer(text)).toMatchObject({ position });
});

const escaped = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** The value at a pointer as the standard has it, by JavaScript's own values. */
function lookUp(value: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((at, name) => {
    if (Array.isArray(at)) return /^(0|[1-9]\d*)$/.test(name) ? at[Number(name)] : undefined;
    return typeof at === "object" && at !== null && Object.hasOwn(at, name)
      ? (at as Record<string, unknown>)[name]
      : undefined;
  }, value);
}

const names = fc.array(fc.oneof(fc.constantFrom("a", "b", "0", "1", "01", "~", "/", ""), fc.string()), {
  maxLength: 4,
});
const json = fc.jsonValue({ maxDepth: 4 });

test("what a pointer finds in any JSON is what the standard says", () => {
  fc.assert(
    fc.property(json, names, fc.boolean(), (inner, path, wrapped) => {
      // Half of the time the value is put where the pointer leads.
      const value: unknown = wrapped
        ? path.toReversed().reduce<unknown>((child, name) => ({ other: 1, [name]: child }), inner)
        : inner;
      const text = JSON.stringify(value, null, wrapped ? 2 : 0);
      const expected = lookUp(JSON.parse(text), path);
      const exists = expected !== undefined && expected !== null;
      const pointer = path.map((name) => `/${escaped(name)}`).join("");
      const compiled = compileVerdicts({
        verdicts: [{ when: { json: { pointer, exists: true } }, then: "dead" }],
      });
      if (!compiled.ok) throw new Error(pointer);
      const answer = { status: 200, failure: null, location: null, responseBody: text, truncated: false };
      expect(judge(compiled.verdicts, answer, () => factsWith({})).rule !== null).toBe(exists);
    }),
    { seed: 6_901, numRuns: 2_000 },
  );
});

test("no body, however broken, throws or passes a test of JSON", () => {
  const compiled = compileVerdicts({
    verdicts: [
      {
        when: {
          json: [
            { pointer: "/a/0", exists: false },
            { pointer: "", exists: true },
          ],
        },
        then: "dead",
      },
    ],
  });
  if (!compiled.ok) throw new Error("does not compile");
  const pieces = fc.array(
    fc.constantFrom("{", "}", "[", "]", '"', ":", ",", "a", "0", "\\", " ", "null", '"a":'),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const responseBody = parts.join("");
      const answer = { status: 200, failure: null, location: null, responseBody, truncated: false };
      const { rule } = judge(compiled.verdicts, answer, () => factsWith({}));
      if (rule !== null) expect(() => JSON.parse(responseBody) as unknown).not.toThrow();
    }),
    { seed: 8_259, numRuns: 2_000 },
  );
});

test("a pointer has at most 32 names, because each walks over the rest of an answer once more", () => {
  expect(parsePointer("/a".repeat(32))).toHaveLength(32);
  expect(parsePointer("/a".repeat(33))).toMatchObject({ position: 0 });
});
