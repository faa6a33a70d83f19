import type { VerdictRule } from "@postrider/contract";
import { expect, test } from "vitest";
import { compileVerdicts } from "./compile.ts";

const issuesOf = (verdicts: readonly VerdictRule[]) => {
  const compiled = compileVerdicts({ verdicts });
  return compiled.ok ? [] : compiled.issues;
};
const when = (test: VerdictRule["when"]): VerdictRule => ({ when: test, then: "dead" });

test("an endpoint without rules has nothing to judge by", () => {
  expect(compileVerdicts({ verdicts: [] })).toEqual({ ok: true, verdicts: null });
});

test.each<[string, VerdictRule[], string]>([
  ["the same rule again", [when({ equals: "a" }), when({ equals: "a" })], "verdicts[0] takes"],
  ["a status of a class before it", [when({ status: "2xx" }), when({ status: 200 })], "verdicts[0] takes"],
  ["a narrower rule", [when({ contains: "a" }), when({ status: 200, contains: "a" })], "verdicts[0] takes"],
  [
    "one more test of JSON",
    [
      when({ json: { pointer: "/a", equals: 1 } }),
      when({
        json: [
          { pointer: "/b", exists: true },
          { pointer: "/a", equals: 1 },
        ],
      }),
    ],
    "verdicts[0] takes",
  ],
  [
    "statuses taken one by one",
    [when({ status: 200 }), when({ status: 201 }), when({ status: [200, 201] })],
    "the rules before it take",
  ],
])("no answer reaches %s", (_, rules, words) => {
  const issues = issuesOf(rules);
  expect(issues).toMatchObject([{ path: `verdicts[${rules.length - 1}]`, code: "unreachable_rule" }]);
  expect(issues[0]!.message).toContain(words);
});

test.each<[string, VerdictRule[]]>([
  ["another status", [when({ status: 200 }), when({ status: 201 })]],
  ["a wider rule", [when({ status: 200, contains: "a" }), when({ contains: "a" })]],
  ["any status after all of a class", [when({ status: "2xx" }), when({ contains: "a" })]],
  [
    "another number",
    [when({ json: { pointer: "/a", equals: 1 } }), when({ json: { pointer: "/a", equals: 2 } })],
  ],
  [
    "a text like a number",
    [when({ json: { pointer: "/a", equals: 1 } }), when({ json: { pointer: "/a", equals: "1" } })],
  ],
])("%s is reached", (_, rules) => {
  expect(issuesOf(rules)).toEqual([]);
});

test("all mistakes are found at once, each with its place and position", () => {
  const rules: VerdictRule[] = [
    { when: { equals: "{event_id}:OK}" }, then: "delivered" },
    {
      when: { json: [{ pointer: "code", in: ["{data.x|nofilter}", 1] }] },
      then: "retry",
      wait: { pointer: "/~" },
    },
  ];
  expect(issuesOf(rules).map(({ path, code, position }) => [path, code, position])).toEqual([
    ["verdicts[1].when.json[0].pointer", "invalid_pointer", 0],
    ["verdicts[1].wait.pointer", "invalid_pointer", 1],
    ["verdicts[0].when.equals", "stray_brace", 13],
    ["verdicts[1].when.json[0].in[0]", "unknown_filter", 8],
  ]);
});
