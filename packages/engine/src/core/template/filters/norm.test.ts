import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { rendered } from "../template.fixture.ts";
import { faults, filteredText } from "./filter.fixture.ts";
import { normRules } from "./norm-rules.ts";

interface Vector {
  readonly rule: string;
  readonly input: string;
  readonly country?: string;
  readonly normalized: string | null;
  readonly sha256?: string;
}

const { published, edges } = JSON.parse(
  readFileSync(new URL("norm-vectors.json", import.meta.url), "utf8"),
) as { published: Vector[]; edges: Vector[] };

const written = ({ rule, country }: Vector): string =>
  country === undefined ? `|norm:"${rule}"` : `|norm:"${rule}","${country}"`;

describe("norm", () => {
  test.each([...published, ...edges])("$rule makes $normalized of $input", (vector) => {
    const { input, normalized, sha256 } = vector;
    expect(filteredText(written(vector), input)).toBe(normalized);
    const hash = normalized === null ? null : createHash("sha256").update(normalized, "utf8").digest("hex");
    expect(filteredText(`${written(vector)}|sha256`, input)).toBe(hash);
    if (sha256 !== undefined) expect(hash).toBe(sha256);
  });

  test("has a vector for each rule, and each rule names its source", () => {
    const tried = new Set([...published, ...edges].map(({ rule }) => rule));
    expect(normRules.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
    for (const { source } of normRules) expect(source).not.toBe("");
  });

  test("takes the country from the event, and none is as if it was not written", () => {
    const send = (data: object) => {
      const body = ['{data.ph?|norm:"google.phone",data.country}'];
      const result = rendered({ method: "POST", url: "https://t.example/", body }, data);
      return result.ok ? result.body : result;
    };
    expect(send({ ph: "06 12 34 56 78", country: "FR" })).toBe('["+33612345678"]');
    expect(send({ ph: "06 12 34 56 78", country: "fr" })).toBe('["+33612345678"]');
    expect(send({ ph: "+33 6 12 34 56 78" })).toBe('["+33612345678"]');
    expect(send({ ph: "06 12 34 56 78", country: "XX" })).toBe("[]");
  });

  test("knows each rule as version 1, which never changes", () => {
    expect(filteredText('|norm:"meta.email@1"', "A@B.example")).toBe("a@b.example");
    expect(faults('|norm:"meta.email@2"')).toEqual(["invalid_argument@13"]);
  });

  test.each([
    ['|norm:"meta.emial"', "invalid_argument@13"],
    ['|norm:"meta.email","FR"', "invalid_argument@26"],
    ['|norm:"meta.phone","XX"', "invalid_argument@26"],
    ["|norm", "invalid_argument@12"],
    ['|sha256|norm:"meta.email"', "filter_mismatch@15"],
  ])("%s is refused", (filters, issue) => {
    expect(faults(filters)).toEqual([issue]);
  });
});
