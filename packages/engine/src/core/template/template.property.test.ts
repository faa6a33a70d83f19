import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileTemplate, type TemplateSource } from "./compile.ts";
import { renderTemplate } from "./render.ts";
import { compiled, factsWith, rendered, sent } from "./template.fixture.ts";

const seed = 20260131;
const runs = { seed, numRuns: 1000 };

/** Values an attacker or an accident would put into an event. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom(...Array.from("&=?#/\\%+ ;:@{}[]()<>\"'|!$.~\r\n\t\u0000é🎉\ud800a1")),
    maxLength: 20,
  }),
  fc.constantFrom(
    "a@b.c&payout=999",
    "..",
    ".",
    "%2e%2e",
    "//evil.example/",
    "@evil.example",
    "{event_id}",
    "%00",
    "+",
  ),
);
const json = fc.oneof(hostile, fc.jsonValue({ maxDepth: 3, noUnicodeString: false }));

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
}

/** What a JSON document holds of a value: strings well formed, the rest as it is. */
function clean(value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

describe("no value can change anything but its own place", () => {
  test("in a URL: origin, path shape and parameters stay, and decoding gives the value back", () => {
    const template = compiled({
      method: "GET",
      url: "https://t.example:8443/a/{data.p}/z?q={data.q}&x=1&o=-{data.o?}&e={event_id}",
    });
    fc.assert(
      fc.property(hostile, json, json, hostile, (p, q, o, eventId) => {
        fc.pre(!/^\.\.?$/.test(p));
        const result = renderTemplate(template, factsWith({ p, q, o }, { eventId }));
        const text = result.ok ? result.url : result.reason;
        const url = new URL(text);
        expect(url.href).toBe(text);
        expect(url.origin).toBe("https://t.example:8443");
        expect(url.pathname.split("/").map(decodeURIComponent)).toEqual(["", "a", p.toWellFormed(), "z"]);
        const dropped = o === null || o === "";
        const pairs = url.search
          .slice(1)
          .split("&")
          .map((pair) => pair.split("=").map(decodeURIComponent));
        expect(pairs).toEqual([
          ["q", shown(q)],
          ["x", "1"],
          ...(dropped ? [] : [["o", `-${shown(o)}`]]),
          ["e", eventId.toWellFormed()],
        ]);
        expect(url.hash + url.username + url.password).toBe("");
      }),
      runs,
    );
  });

  test("in a form: the fields are those of the template", () => {
    const source = {
      method: "POST",
      url: "https://t.example/?a={data.a}&b=1&c=x{data.c}",
      body: "form",
    } as const;
    fc.assert(
      fc.property(json, hostile, (a, c) => {
        const result = sent(source, { a, c });
        expect([...new URLSearchParams(result.body ?? "")]).toEqual([
          ["a", shown(a)],
          ["b", "1"],
          ["c", `x${c.toWellFormed()}`],
        ]);
        const written = new URLSearchParams([["a", shown(a)]]).toString();
        expect(result.body?.split("&")[0]).toBe(written);
      }),
      runs,
    );
  });

  test("in the envelope as a form: each leaf is one field", () => {
    const source = { method: "POST", url: "https://t.example/", body: "form" } as const;
    fc.assert(
      fc.property(fc.dictionary(hostile, fc.oneof(hostile, fc.dictionary(hostile, hostile))), (data) => {
        const leaves = Object.values(data).flatMap((value) =>
          typeof value === "string" ? [value] : Object.values(value),
        );
        const fields = [...new URLSearchParams(sent(source, data).body ?? "")].slice(4);
        expect(fields.map(([, value]) => value)).toEqual(leaves.map((leaf) => leaf.toWellFormed()));
        // Names stay apart; JavaScript cannot hold two keys that differ in lone surrogates only by name on the wire.
        const wellFormed =
          JSON.stringify(data).toWellFormed() === JSON.stringify(data) &&
          !/\\ud[89a-f]/.test(JSON.stringify(data));
        expect(!wellFormed || new Set(fields.map(([name]) => name)).size === fields.length).toBe(true);
      }),
      runs,
    );
  });

  test("in a JSON document: the result is the document with the values put in", () => {
    const source = {
      method: "POST",
      url: "https://t.example/",
      body: { a: "{data.a}", b: ["{data.b?}", { c: "<{data.c}>" }], k: 1 },
    } as const;
    fc.assert(
      fc.property(json, json, json, (a, b, c) => {
        const dropped = b === null || b === "";
        const data = JSON.stringify({ a, b, c });
        const round = JSON.parse(data) as Record<string, unknown>;
        expect(JSON.parse(sent(source, data).body ?? "")).toEqual({
          a: clean(round.a),
          b: [...(dropped ? [] : [clean(round.b)]), { c: `<${shown(round.c)}>` }],
          k: 1,
        });
      }),
      runs,
    );
  });

  test("in a header: what cannot be carried is refused, the rest is exact", () => {
    const source = { method: "GET", url: "https://t.example/", headers: { "x-a": "{data.x}" } } as const;
    fc.assert(
      fc.property(hostile, (x) => {
        const result = rendered(source, { x });
        expect(result).toMatchObject(
          /^[\t -~]*$/.test(x)
            ? { ok: true, headers: [["x-a", x]] }
            : { ok: false, reason: "invalid_header" },
        );
      }),
      runs,
    );
  });
});

describe("compiling is total", () => {
  const syntax = fc.constantFrom(
    ...'{}!?|:"\\.[]()#%$/&=@ ,-é\ud800\u0000'.split(""),
    "{{",
    "}}",
    "data",
    "event_id",
    "default",
    "https://",
    "t.example",
    "%%",
    "!!!",
    "%2e",
    "..",
    "{data.x}",
    '{data.x|default:"0"}',
  );
  const text = fc.oneof(
    fc.array(syntax, { maxLength: 25 }).map((parts) => parts.join("")),
    fc.array(syntax, { maxLength: 20 }).map((parts) => `https://t.example/${parts.join("")}`),
    fc.string({ unit: "binary" }),
  );

  const sources = fc
    .tuple(text, text, text, fc.constantFrom("POST" as const, "PUT" as const))
    .map(([url, header, leaf, method]): TemplateSource[] => [
      { method: "GET", url },
      { method: "GET", url, headers: { "x-a": header } },
      { method, url, body: { [leaf]: [leaf] } },
      { method, url, body: "form" },
    ]);

  test("for any strings, and every issue points into the string at fault", () => {
    fc.assert(
      fc.property(sources, (candidates) => {
        for (const source of candidates) {
          const result = compileTemplate(source);
          const issues = result.ok ? [] : result.issues;
          const leaf = typeof source.body === "object" ? (Object.keys(source.body)[0] ?? "") : "";
          const lengthOf = (field: string) =>
            field === "url" ? source.url.length : (source.headers?.["x-a"] ?? leaf).length;
          const misplaced = issues.filter(
            ({ field, position }) => position < 0 || position > lengthOf(field),
          );
          expect(misplaced).toEqual([]);
          expect(result.ok || issues.length > 0).toBe(true);
        }
      }),
      { seed, numRuns: 3000 },
    );
  });

  test("and what compiles renders to the very bytes that an HTTP client sends", () => {
    let compiledCount = 0;
    fc.assert(
      fc.property(sources, (candidates) => {
        const templates = candidates
          .map((source) => compileTemplate(source))
          .flatMap((result) => (result.ok ? [result.template] : []));
        compiledCount += templates.length;
        const outcomes = templates.map((template) => ({
          origin: template.origin,
          result: renderTemplate(template, factsWith({ x: "a b&/?#é" })),
        }));
        const urls = outcomes.flatMap(({ origin, result }) =>
          result.ok ? [{ origin, href: result.url }] : [],
        );
        expect(urls.map(({ href }) => ({ origin: new URL(href).origin, href: new URL(href).href }))).toEqual(
          urls,
        );
        const guarded = outcomes.flatMap(({ result }) => (result.ok ? [] : [result.message]));
        expect(guarded.filter((message) => /another URL|still holds|no longer leads/.test(message))).toEqual(
          [],
        );
      }),
      { seed, numRuns: 3000 },
    );
    expect(compiledCount).toBeGreaterThan(500);
  });
});
