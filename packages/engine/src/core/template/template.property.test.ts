import fc from "fast-check";
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
    unit: fc.constantFrom(..."&=?#/\\%+ ;:@{}[]()<>\"'|!$.~\r\n\t\u0000é🎉\ud800a1"),
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
const json = fc.oneof(
  hostile,
  fc.jsonValue({ maxDepth: 3, noUnicodeString: false } as fc.JsonSharedConstraints),
);

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
}

describe("no value can change anything but its own place", () => {
  test("in a URL: origin, path shape and parameters stay, and decoding gives the value back", () => {
    const template = compiled({
      method: "GET",
      url: "https://t.example:8443/a/{data.p}/z?q={data.q}&x=1&o=-{data.o?}&e={event_id}",
    });
    fc.assert(
      fc.property(hostile, json, json, hostile, (p, q, o, eventId) => {
        const result = renderTemplate(template, factsWith({ p, q, o }, { eventId }));
        if (!result.ok) {
          expect(p).toMatch(/^\.\.?$/);
          return;
        }
        const url = new URL(result.url);
        expect(url.href).toBe(result.url);
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
    const template = compiled(source);
    fc.assert(
      fc.property(json, hostile, (a, c) => {
        const result = renderTemplate(template, factsWith({ a, c }));
        if (!result.ok) throw new Error(result.message);
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
    const clean = (value: unknown) => (typeof value === "string" ? value.toWellFormed() : value);
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

  test("for any strings, with positions inside them; what compiles, renders to what an HTTP client sends", () => {
    fc.assert(
      fc.property(text, text, text, fc.constantFrom("GET", "POST", "PUT"), (url, header, leaf, method) => {
        const source: TemplateSource = { method, url, headers: { "x-a": header } };
        const full = method === "GET" ? source : { ...source, body: { [leaf]: [leaf] } };
        for (const candidate of [source, full, { method, url } as TemplateSource]) {
          const result = compileTemplate(candidate);
          if (!result.ok) {
            expect(result.issues.length).toBeGreaterThan(0);
            for (const issue of result.issues) {
              const length = issue.field === "url" ? url.length : Math.max(header.length, leaf.length);
              expect(issue.position).toBeGreaterThanOrEqual(0);
              expect(issue.position).toBeLessThanOrEqual(length);
              expect(issue.message.length).toBeGreaterThan(20);
            }
            continue;
          }
          const outcome = renderTemplate(result.template, factsWith({ x: "a b&/?#é" }));
          if (!outcome.ok) continue;
          expect(new URL(outcome.url).href).toBe(outcome.url);
          expect(new URL(outcome.url).origin).toBe(result.template.origin);
        }
      }),
      { seed, numRuns: 5000 },
    );
  });
});
