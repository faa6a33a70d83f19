import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { factsWith } from "../template/template.fixture.ts";
import { compileVerdicts, verdictIssueCodes } from "./compile.ts";
import { judge, verdictWord } from "./judge.ts";
import { recipesOf } from "./recipes.fixture.ts";

const recipes = [...recipesOf("guide/answers.md"), ...recipesOf("reference/verdicts.md")];

test.each(recipes.map((recipe) => [recipe.name, recipe] as const))(
  "%s",
  (_, { verdicts, answers, refused }) => {
    const compiled = compileVerdicts({ verdicts });
    if (!compiled.ok) return expect(compiled.issues).toMatchObject([refused]);
    expect(refused).toBeUndefined();
    for (const { status, body, headers = {}, is, wait } of answers ?? []) {
      const answerHeaders = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const facts = {
        status,
        failure: null,
        location: null,
        responseBody: body,
        truncated: false,
        answerHeaders,
      };
      const found = judge(compiled.verdicts, facts, () => factsWith({}));
      expect([body, verdictWord(found), found.retryAfter ?? undefined]).toEqual([body, is, wait]);
    }
  },
);

test("the pages have the recipes, and a row for each code", () => {
  expect(recipes.filter(({ answers }) => answers !== undefined).length).toBeGreaterThanOrEqual(13);
  const page = readFileSync(new URL("../../../../../docs/reference/verdicts.md", import.meta.url), "utf8");
  const rows = [...page.split("## Issues")[1]!.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
  expect(rows.toSorted()).toEqual(verdictIssueCodes.toSorted());
});
