import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TemplateSource } from "./compile.ts";
import { forbiddenHeaderPrefixes, forbiddenHeaders } from "./compile-headers.ts";
import { compileStrictly } from "./compile-strictly.ts";
import { templateIssueCodes } from "./issue.ts";
import { renderTemplate } from "./render.ts";
import { renderFailureReasons } from "./render-failure.ts";
import { macroRoots } from "./roots.ts";
import { factsWith } from "./template.fixture.ts";
import { pickValues, DataPathSet } from "./data-paths.ts";

const page = readFileSync(new URL("../../../../../docs/reference/templates.md", import.meta.url), "utf8");

/** An example has a template, the event's data, and one of `sends`, `fails`, `refused`. */
interface Example {
  readonly template: TemplateSource;
  readonly data?: unknown;
}

/** The example's data as the page writes it, digit for digit. */
function dataTextOf(block: string): string {
  const set = new DataPathSet();
  set.slotOf(["data"]);
  const [data] = pickValues(set.build() as NonNullable<ReturnType<typeof set.build>>, block);
  return typeof data === "object" ? data.json : "{}";
}

const blocks = [...page.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1] as string);

/** What became of the example, in the page's words. */
function outcomeOf(template: TemplateSource, data: string) {
  const compiled = compileStrictly(template);
  if (!compiled.ok) return { refused: compiled.issues[0] };
  const result = renderTemplate(compiled.template, factsWith(data));
  if (!result.ok) return { fails: result };
  return { sends: { ...result, content_type: result.contentType } };
}

/** The first column of the table under the heading that begins with `heading`. */
function tableUnder(heading: string): string[] {
  const section = page.split(/^##+ /m).find((text) => text.startsWith(heading)) ?? "";
  return [...section.matchAll(/^\| `(\w+)/gm)].map((match) => match[1] as string);
}

describe("docs/reference/templates.md", () => {
  test.each(blocks)("example %#", (block) => {
    const { template, data: _, ...expected } = JSON.parse(block) as Example;
    expect(Object.keys(expected)).toHaveLength(1);
    expect(outcomeOf(template, dataTextOf(block))).toMatchObject(expected);
  });

  test("has a row for every code and reason, and for nothing else", () => {
    expect(tableUnder("Issues").toSorted()).toEqual(templateIssueCodes.toSorted());
    expect(tableUnder("Failures").toSorted()).toEqual(renderFailureReasons.toSorted());
  });

  test("names every root and every forbidden header, and the facts it assumes", () => {
    for (const name of macroRoots) expect(page).toContain(`\`${name}\``);
    const owned = /Postrider's signature owns them: (.*?)\n\n/s.exec(page)?.[1] ?? "";
    const names = [...owned.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]);
    expect(names).toEqual([...forbiddenHeaders, ...forbiddenHeaderPrefixes]);
    const { eventId, type, occurredAt, deliveryId, partner, endpoint } = factsWith({});
    for (const value of [eventId, type, occurredAt, deliveryId, partner, endpoint]) {
      expect(page).toContain(`\`${value}\``);
    }
  });

  test("has examples of every kind", () => {
    expect(blocks.length).toBeGreaterThanOrEqual(8);
    for (const kind of ["sends", "fails", "refused"]) expect(page).toContain(`"${kind}": {`);
  });
});
