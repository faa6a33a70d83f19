import fc from "fast-check";
import { expect, test } from "vitest";
import { parseEndpointDocument } from "./documents.ts";
import { compileTemplate, renderTemplate } from "./template/index.ts";
import { factsWith } from "./template/template.fixture.ts";

const facts = factsWith({ items: [{ sku: "A" }], sku: "B" });

function sent(stored: string): string | null {
  const compiled = compileTemplate(parseEndpointDocument(stored));
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  const rendered = renderTemplate(compiled.template, facts);
  if (!rendered.ok) throw new Error(rendered.message);
  return rendered.body;
}

const older = (body: string) => `{"url":"https://partner.example/","method":"POST","body":${body}}`;

test.each([
  ['{"$text":"{data.sku}"}', '{"$text":"B"}'],
  ['{"$json":{"a":1.50}}', '{"$json":{"a":1.50}}'],
  ['{"do":1,"$each":"data.items"}', '{"do":1,"$each":"data.items"}'],
  ['{"a":[{"$json":"{data.sku}"},{"$json":1,"b":2}]}', '{"a":[{"$json":"B"},{"$json":1,"b":2}]}'],
  ['{"$$id":"{data.sku}","$$$x":1,"$sku":2}', '{"$$id":"B","$$$x":1,"$sku":2}'],
  ['{"__proto__":{"$text":1}}', '{"__proto__":{"$text":1}}'],
  ['[{"$each":"x","do":{"$json":[]}}]', '[{"$each":"x","do":{"$json":[]}}]'],
])("a body that was stored before there were nodes is sent as it was: %s", (body, expected) => {
  expect(sent(older(body))).toBe(expected);
});

test("a body that is stored now has its nodes", () => {
  const now = older('{"list":{"$each":"data.items","do":"{item.sku}"},"$$json":1}');
  expect(sent(`${now.slice(0, -1)},"parameters":[]}`)).toBe('{"list":["A"],"$json":1}');
});

test("whatever keys an older body has, they are sent", () => {
  const key = fc.oneof(
    fc.constantFrom("$json", "$text", "$each", "do", "$$json", "$", "$$"),
    // Braces would be macros.
    fc.stringMatching(/^[a-z$_\u00e9-]{0,4}$/),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.boolean(), tie("list"), tie("object")),
    list: fc.array(tie("tree"), { maxLength: 3 }),
    object: fc.dictionary(key, tie("tree"), { maxKeys: 3, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, tree, { maxKeys: 3, noNullPrototype: true }), (body) => {
      const json = JSON.stringify(body);
      expect(JSON.parse(sent(older(json)) ?? "null")).toEqual(JSON.parse(json));
    }),
    { seed: 20_261_128, numRuns: 500 },
  );
});
