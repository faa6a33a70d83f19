import { expect, test } from "vitest";
import { forbiddenHeaderPrefixes, forbiddenHeaders, isForbiddenHeader } from "./compile-headers.ts";
import { refused } from "./template.fixture.ts";

const withHeader = (name: string, value: string) =>
  refused({ method: "GET", url: "https://t.example/", headers: { [name]: value } });

test.each([
  ["x a", "v", "invalid_header_name headers.x a@0"],
  ["", "v", "invalid_header_name headers.@0"],
  ["x:a", "v", "invalid_header_name headers.x:a@0"],
  ["x-{data.a}", "v", "invalid_header_name headers.x-{data.a}@0"],
  ["x-é", "v", "invalid_header_name headers.x-é@0"],
  ["x-a", "a\r\nb", "forbidden_character headers.x-a@1"],
  ["x-a", "{type}é", "forbidden_character headers.x-a@6"],
  ["x-a", "ok\u0000", "forbidden_character headers.x-a@2"],
  ["x-a", "{data.x", "unclosed_macro headers.x-a@0"],
  ["x-a", "v".repeat(8001), "forbidden_character headers.x-a@8000"],
])("header %j: %j is refused", (name, value, issue) => {
  expect(withHeader(name, value)).toEqual([issue]);
});

test.each([...forbiddenHeaders, ...forbiddenHeaderPrefixes.map((prefix) => `${prefix}x`)])(
  "%s is not a template's to set, in any case",
  (name) => {
    expect(withHeader(name.toUpperCase(), "v")).toEqual([`forbidden_header headers.${name.toUpperCase()}@0`]);
    expect(isForbiddenHeader(`x-${name}`)).toBe(false);
  },
);

test("one header may not be given twice", () => {
  const headers = { "x-a": "1", "X-A": "2" };
  expect(refused({ method: "GET", url: "https://t.example/", headers })).toEqual([
    "duplicate_header headers.X-A@0",
  ]);
});
