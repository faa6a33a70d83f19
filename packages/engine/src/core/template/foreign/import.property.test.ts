import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileStrictly } from "../compile-strictly.ts";
import { importTemplate } from "./import-template.ts";

const seed = 20_260_131;
const numRuns = 2_000;

const names = fc.constantFrom(
  "CLICK_ID",
  "payout",
  "s1",
  "fooBar",
  "x",
  "user.os",
  "TX",
  "app-id",
  "YOUR_TOKEN",
);
const macro = fc
  .tuple(
    names,
    fc.constantFrom(
      (name: string) => `{${name}}`,
      (name: string) => `{{${name}}}`,
      (name: string) => `\${${name}}`,
      (name: string) => `\${(${name})!}`,
      (name: string) => `$${name}`,
      (name: string) => `[${name}]`,
      (name: string) => `[%${name}%]`,
      (name: string) => `#${name}#`,
      (name: string) => `!!!${name}!!!`,
      (name: string) => `%%${name}_ESC%%`,
      (name: string) => `__${name}__`,
      (name: string) => `(${name})`,
      (name: string) => `<${name}>`,
      (name: string) => `:${name}`,
      (name: string) => `%7B${name}%7D`,
      (name: string) => `%5B${name}%5D`,
      (name: string) => `YOUR_${name}`,
    ),
  )
  .map(([name, write]) => write(name));
const own = fc.constantFrom(
  "{data.click_id}",
  "{data.payout!}",
  "{event_id}",
  '{data.x|default:"[x] &amp; #y#"}',
  "{data.sub?}",
);
const literal = fc.string({
  unit: fc.constantFrom(...Array.from("abcXYZ019._~-+"), "%20", "%C3%A9", "é"),
  minLength: 1,
  maxLength: 8,
});
const piece = fc.oneof(
  macro,
  own,
  literal,
  fc.constantFrom(
    "[",
    "]",
    "{{",
    "}}",
    "(",
    ")",
    "__",
    "$",
    ":",
    "<",
    ">",
    "%23",
    "¤",
    "&amp;",
    "!!!",
    "%%",
    "#",
    '"',
    "'",
  ),
);
const values = fc.array(piece, { maxLength: 5 }).map((parts) => parts.join(""));
const parameter = fc
  .tuple(fc.constantFrom("a", "cid", "currency", "d[x]", "ltv"), values)
  .map((pair) => pair.join("="));
const urls = fc
  .tuple(
    fc.array(values, { maxLength: 2 }),
    fc.array(parameter, { maxLength: 6 }),
    fc.constantFrom("&", "&amp;", "&#38;"),
  )
  .map(([path, query, and]) => `https://t.example/${path.join("/")}?${query.join(and)}`);

describe("importing", () => {
  test("gives what can be stored, or says what is left or wrong; and its result comes back as it is", () => {
    let stored = 0;
    fc.assert(
      fc.property(urls, (text) => {
        const { url, left, issues } = importTemplate(text);
        const good = compileStrictly({ method: "GET", url }).ok;
        expect(good || left.length + issues.length > 0).toBe(true);
        expect(left.filter(({ found }) => !url.includes(found))).toEqual([]);
        if (left.length + issues.length > 0) return;
        stored += 1;
        expect(good).toBe(true);
        expect(importTemplate(url)).toMatchObject({
          url,
          repaired: [],
          mapped: [],
          guessed: [],
          left: [],
          issues: [],
        });
      }),
      { seed, numRuns },
    );
    expect(stored).toBeGreaterThan(numRuns / 20);
  });

  test("changes nothing of a template that can be stored", () => {
    let unchanged = 0;
    fc.assert(
      fc.property(urls, (url) => {
        if (!compileStrictly({ method: "GET", url }).ok) return;
        unchanged += 1;
        expect(importTemplate(url)).toMatchObject({ url, repaired: [], mapped: [], guessed: [], left: [] });
      }),
      { seed, numRuns: 6_000 },
    );
    expect(unchanged).toBeGreaterThan(100);
  });

  test("loses no literal parameter and changes no order", () => {
    const literals = fc
      .tuple(fc.constantFrom("a", "cid", "x[0]", "goal"), literal)
      .map(([name, value]) => ({ text: `${name}=${value}`, isLiteral: true }));
    const macros = fc
      .tuple(fc.constantFrom("m", "n"), macro)
      .map(([name, value]) => ({ text: `${name}=${value}`, isLiteral: false }));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(literals, macros), { minLength: 1, maxLength: 8 }),
        fc.constantFrom("&", "&amp;"),
        (parameters, and) => {
          const text = `https://t.example/pb?${parameters.map((one) => one.text).join(and)}`;
          const after = importTemplate(text).url.slice("https://t.example/pb?".length).split("&");
          expect(after).toHaveLength(parameters.length);
          const expected = parameters.map(({ text: before, isLiteral }, index) =>
            isLiteral ? before : after[index],
          );
          expect(after).toEqual(expected);
          const namesAfter = after.map((one) => one.split("=")[0]);
          expect(namesAfter).toEqual(parameters.map((one) => one.text.split("=")[0]));
        },
      ),
      { seed, numRuns },
    );
  });

  test("ends for any text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          urls.map((url) => url.slice(0, -3)),
        ),
        (text) => {
          const { url, left, issues } = importTemplate(text);
          expect(compileStrictly({ method: "GET", url }).ok || left.length + issues.length > 0).toBe(true);
        },
      ),
      { seed, numRuns },
    );
  });
});
