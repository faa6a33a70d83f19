import { describe, expect, it } from "vitest";
import { code, heading, list, table, text } from "./blocks.ts";
import { toHtml } from "./html.ts";
import { sampleOf } from "./json-schema-sample.ts";
import { inUnits, ladder } from "./ladder.ts";
import { toMarkdown } from "./markdown.ts";

describe("the retry ladder", () => {
  it("adds the waits up", () => {
    expect(ladder(["5s", "1m", "2h"], "80h")).toEqual([
      { attempt: 1, wait: null, afterAtMost: "at once" },
      { attempt: 2, wait: "5s", afterAtMost: "5s" },
      { attempt: 3, wait: "1m", afterAtMost: "1m 5s" },
      { attempt: 4, wait: "2h", afterAtMost: "2h 1m 5s" },
    ]);
  });

  it("ends where deliveries expire", () => {
    expect(ladder(["1h", "24h", "1m"], "2h").map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it.each([
    [0, "0s"],
    [90_061_001, "1d 1h 1m 1s 1ms"],
    [3_600_000, "1h"],
  ])("says %s ms as %s", (ms, words) => expect(inUnits(ms)).toBe(words));
});

describe("a sample of a JSON Schema", () => {
  const root = {
    $defs: { money: { type: "object", properties: { n: { type: "integer", minimum: 5 } } } },
    $ref: "#/$defs/money",
  };
  it.each([
    [{ const: "x" }, "x"],
    [{ type: "string", examples: ["e"], default: "d" }, "e"],
    [{ type: "string", default: "d", enum: ["a"] }, "d"],
    [{ enum: ["a", "b"] }, "a"],
    [{ type: "string", minLength: 6 }, "textxx"],
    [{ type: "number", exclusiveMinimum: 3 }, 4],
    [{ type: "number", minimum: 0, maximum: 0.5 }, 0],
    [{ type: ["string", "null"], format: "email" }, "someone@example.com"],
    [{ type: "array", items: { type: "boolean" } }, [true]],
    [{ anyOf: [{ type: "integer" }, { type: "null" }] }, 1],
    [{ allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] }, { a: 1, b: 2 }],
    [root, { n: 5 }],
    [{ $ref: "#/$defs/absent" }, null],
    [{ $ref: "#" }, null],
    [true, null],
  ])("%j gives %j", (schema, sample) => expect(sampleOf(schema)).toEqual(sample));
});

describe("the page", () => {
  const blocks = [
    heading(2, "A *b* <i>"),
    text("see ", { code: "a`b" }, " and ", { link: "x/y.md" }),
    list(["one\ntwo"]),
    table(["h|1"], [["<b>&\"'"]]),
    code("sh", "echo '```'\n</code><script>\n"),
  ];

  it("is Markdown whose texts are only texts", () => {
    expect(toMarkdown(blocks)).toBe(
      [
        String.raw`## A \*b\* \<i\>`,
        "see ``a`b`` and [x/y.md](x/y.md)",
        "- one two",
        `| h\\|1 |\n| --- |\n| \\<b\\>&"' |`,
        "````sh\necho '```'\n</code><script>\n````\n",
      ].join("\n\n"),
    );
  });

  it("is HTML whose texts are only texts", () => {
    const html = toHtml("</title><script>", blocks);
    expect(html).not.toContain("<script");
    expect(html).toContain("<h2>A *b* &lt;i&gt;</h2>");
    expect(html).toContain("<td>&lt;b&gt;&amp;&quot;&#39;</td>");
    expect(html).toContain("default-src 'none'");
  });
});
