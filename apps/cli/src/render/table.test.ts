import { assert, integer, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Output } from "../context.ts";
import { facts, table } from "./table.ts";
import { cut, plain, widthOf } from "./text.ts";

const output = (changes: Partial<Output> = {}): Output => ({
  write: () => {},
  isTTY: false,
  colour: false,
  columns: 80,
  ...changes,
});
const columns = [
  { title: "ID", of: (row: { id: string; url: string }) => row.id },
  { title: "URL", of: (row: { id: string; url: string }) => row.url, elastic: true },
];

describe("table", () => {
  it("aligns columns by what the terminal shows, wide characters included", () => {
    const text = table(output(), columns, [
      { id: "日本", url: "https://a.example" },
      { id: "acme", url: "b" },
    ]);
    expect(text).toBe("ID    URL\n日本  https://a.example\nacme  b\n");
  });

  it("cuts elastic columns to the terminal's width and leaves ids whole", () => {
    const rows = [{ id: "dlv_01h2xcejqtf2nbrexx3v", url: `https://acme.example/${"x".repeat(200)}` }];
    const text = table(output({ isTTY: true, columns: 60 }), columns, rows);
    expect(text).toContain("dlv_01h2xcejqtf2nbrexx3v  https://acme.example/xxx");
    expect(text).toContain("…");
    for (const line of text.split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(60);
  });

  it("cuts nothing in a pipe", () => {
    const url = `https://acme.example/${"x".repeat(200)}`;
    expect(table(output({ columns: 60 }), columns, [{ id: "a", url }])).toContain(url);
  });

  it("colours only where the output takes colours", () => {
    const toned = [{ title: "STATE", of: (row: { state: string }) => row.state, tone: () => "bad" as const }];
    expect(table(output(), toned, [{ state: "dead" }])).toBe("STATE\ndead\n");
    expect(table(output({ colour: true }), toned, [{ state: "dead" }])).toContain("\u001b[31mdead\u001b[39m");
  });

  it("never lets a value move the cursor or start a line", () => {
    const rows = [{ id: "a\u001b[2J", url: "one\ntwo\u202e" }];
    const text = table(output({ isTTY: true }), columns, rows);
    expect(text).not.toContain("\u001b");
    expect(text.trimEnd().split("\n")).toHaveLength(2);
    expect(facts(output(), [["name", "a\u009b31m\nstate  active"]])).toBe(
      "name  a\\u009b31m\\nstate  active\n",
    );
  });

  it("keeps every text printable and within its width, whatever it is", () => {
    assert(
      property(string({ unit: "binary", maxLength: 60 }), integer({ min: 1, max: 40 }), (text, width) => {
        expect(widthOf(cut(plain(text), width))).toBeLessThanOrEqual(width);
      }),
      { seed: 20260131 },
    );
    assert(
      property(string({ unit: "binary" }), (text) => {
        expect(plain(text)).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
      }),
      { seed: 20260131 },
    );
  });
});
