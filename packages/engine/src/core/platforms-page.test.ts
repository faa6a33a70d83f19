/** The endpoint documents of docs/guide/platforms.md make the requests, and read the answers, as the page says. */
import { readFileSync } from "node:fs";
import { completeEndpoint, endpointDocument, verdictRules, withExactNumbers } from "@postrider/contract";
import { expect, test } from "vitest";
import { parseExactJson } from "@postrider/contract/exact-json";
import { compileStrictly } from "./template/compile-strictly.ts";
import { DataPathSet, pickValues } from "./template/data-paths.ts";
import { renderTemplate } from "./template/render.ts";
import { factsWith } from "./template/template.fixture.ts";
import { compileVerdicts } from "./verdicts/compile.ts";
import { judge, verdictWord } from "./verdicts/judge.ts";
import type { RecipeAnswer } from "./verdicts/recipes.fixture.ts";

/** What stands under a document: the partner's texts, an event's data, the request, and answers. */
interface Check {
  readonly constants?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly sends: object;
  readonly answers?: readonly RecipeAnswer[];
}

const page = readFileSync(new URL("../../../../docs/guide/platforms.md", import.meta.url), "utf8");
const sections = [
  ...page.matchAll(/^## (\w+)\n(?:(?!^## )[\s\S])*?```json endpoint\n(.*?)```\n\n```json\n(.*?)```/gms),
].map(([, name = "", document = "", check = ""]) => [name, document, check] as const);

/** The data of the check as the page writes it, digit for digit. */
function dataTextOf(check: string): string {
  const set = new DataPathSet();
  set.slotOf(["data"]);
  const [data] = pickValues(set.build() as NonNullable<ReturnType<typeof set.build>>, check);
  return typeof data === "object" ? data.json : "{}";
}

test.each(sections)("%s", (_, documentText, checkText) => {
  const exact = parseExactJson(documentText) as object;
  const document = withExactNumbers(
    completeEndpoint(endpointDocument.parse(JSON.parse(documentText))),
    exact,
  );
  const { constants = {}, secrets = {}, sends, answers = [] } = JSON.parse(checkText) as Check;
  const texts = {
    constants: new Map(Object.entries(constants)),
    secrets: new Map(Object.entries(secrets)),
  };
  const compiled = compileStrictly(document, texts);
  if (!compiled.ok) return expect(compiled.issues).toEqual([]);
  expect(renderTemplate(compiled.template, factsWith(dataTextOf(checkText)))).toMatchObject(sends);

  const rules = compileVerdicts({ verdicts: verdictRules.parse(document.verdicts) });
  if (!rules.ok) return expect(rules.issues).toEqual([]);
  for (const { status, body, is, wait } of answers) {
    const facts = {
      status,
      failure: null,
      location: null,
      responseBody: body,
      truncated: false,
      answerHeaders: {},
    };
    const found = judge(rules.verdicts, facts, () => factsWith({}));
    expect([body, verdictWord(found), found.retryAfter ?? undefined]).toEqual([body, is, wait]);
  }
});

test("the page has each platform, with a document and a check", () => {
  expect(sections.map(([name]) => name)).toEqual([...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name));
  expect(sections.length).toBeGreaterThanOrEqual(7);
});
