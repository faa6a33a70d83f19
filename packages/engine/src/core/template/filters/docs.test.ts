import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileTemplate, type TemplateSource } from "../compile.ts";
import { memberText } from "../../json-text.ts";
import { renderTemplate } from "../render.ts";
import { factsWith } from "../template.fixture.ts";
import { patternFields } from "./date-pattern.ts";
import { filters } from "./index.ts";
import { normRules } from "./norm-rules.ts";

const page = readFileSync(new URL("../../../../../../docs/reference/filters.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1] as string);

/** An example has a template, perhaps secrets and data, and one of `sends`, `fails`, `refused`. */
interface Example {
  readonly template: TemplateSource;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly data?: unknown;
}

/** What became of the example, in the page's words. */
function outcomeOf({ template, secrets }: Example, data: string) {
  const names = secrets === undefined ? {} : { secrets: new Map(Object.entries(secrets)) };
  const compiled = compileTemplate(template, names);
  if (!compiled.ok) return { refused: compiled.issues[0] };
  const result = renderTemplate(compiled.template, factsWith(data));
  return result.ok ? { sends: result } : { fails: result };
}

const section = (heading: string): string =>
  page.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";

/** The filters that the first columns of a section's tables show; what stands behind a `|` is shown elsewhere. */
const namesIn = (text: string): string[] =>
  [...text.matchAll(/^\| (`.*?) \| /gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name as string),
  );

describe("docs/reference/filters.md", () => {
  test.each(blocks)("example %#", (block) => {
    const { template, secrets, data: _, ...expected } = JSON.parse(block) as Example;
    expect(Object.keys(expected)).toHaveLength(1);
    const example = secrets === undefined ? { template } : { template, secrets };
    expect(outcomeOf(example, memberText(block, "data") ?? "{}")).toMatchObject(expected);
  });

  test("has every filter in a table and in an example, and no other", () => {
    const shown = page
      .split(/^## /m)
      .filter((text) => !text.startsWith("Personal data"))
      .flatMap(namesIn);
    expect(new Set([...shown, "norm"])).toEqual(new Set(filters.keys()));
    const examples = blocks.join("\n");
    const without = [...filters.keys()].filter((name) => !new RegExp(`\\|${name}\\b`).test(examples));
    expect(without).toEqual([]);
  });

  test("has every rule of norm, and every field of a date", () => {
    const rules = [...section("Personal data").matchAll(/`([a-z]+\.[a-z_]+)`/g)].map(([, name]) => name);
    expect(new Set(rules)).toEqual(new Set(normRules.map(({ name }) => name)));
    const dates = section("Dates");
    for (const field of patternFields.filter((name) => !name.startsWith("S"))) {
      expect(dates, field).toMatch(new RegExp(`[\` ]${field}[\` ]`));
    }
  });
});
