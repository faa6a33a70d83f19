import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileTemplate, type TemplateSource } from "./compile.ts";
import { forbiddenHeaderPrefixes, forbiddenHeaders } from "./compile-headers.ts";
import { macroRoots } from "./facts.ts";
import { filters } from "./filters.ts";
import { templateIssueCodes } from "./issue.ts";
import { renderFailureReasons } from "./render.ts";
import { factsWith, rendered, sent } from "./template.fixture.ts";
import { pickValues, DataPathSet } from "./data-paths.ts";

const page = readFileSync(new URL("../../../../../docs/reference/templates.md", import.meta.url), "utf8");

interface Example {
  readonly template: TemplateSource;
  readonly sends?: { url?: string; body?: string; headers?: string[][]; content_type?: string };
  readonly fails?: { reason: string; macro?: string };
  readonly refused?: { code: string; field: string; position: number };
}

/** The example's data as the page writes it, digit for digit. */
function dataTextOf(block: string): string {
  const set = new DataPathSet();
  set.slotOf(["data"]);
  const [data] = pickValues(set.build() as NonNullable<ReturnType<typeof set.build>>, block);
  return typeof data === "object" ? data.json : "{}";
}

const blocks = [...page.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1] as string);

describe("docs/reference/templates.md", () => {
  test.each(blocks)("example %#", (block) => {
    const { template, sends, fails, refused } = JSON.parse(block) as Example;
    const data = dataTextOf(block);
    if (sends !== undefined) {
      const { url, body, headers, contentType: content_type } = sent(template, data);
      expect({ url, body, headers, content_type }).toMatchObject(sends);
    } else if (fails !== undefined) {
      expect(rendered(template, data)).toMatchObject({ ok: false, ...fails });
    } else {
      expect(compileTemplate(template)).toMatchObject({ ok: false, issues: [refused] });
    }
  });

  /** The first column of the table under the heading that begins with `heading`. */
  const tableUnder = (heading: string): string[] => {
    const section = page.split(/^##+ /m).find((text) => text.startsWith(heading)) ?? "";
    return [...section.matchAll(/^\| `(\w+)/gm)].map((match) => match[1] as string);
  };

  test("has a row for every code, reason and filter, and for nothing else", () => {
    expect(tableUnder("Issues").toSorted()).toEqual(templateIssueCodes.toSorted());
    expect(tableUnder("Failures").toSorted()).toEqual(renderFailureReasons.toSorted());
    expect(tableUnder("Filters").toSorted()).toEqual([...filters.keys()].toSorted());
  });

  test("names every root and every forbidden header, and the facts it assumes", () => {
    for (const name of [...macroRoots, ...forbiddenHeaders, ...forbiddenHeaderPrefixes]) {
      expect(page).toContain(`\`${name}\``);
    }
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
