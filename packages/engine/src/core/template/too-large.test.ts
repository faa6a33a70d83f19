import { expect, test } from "vitest";
import { longestBody } from "./render-body.ts";
import { rendered } from "./template.fixture.ts";
import type { TemplateSource } from "./compile.ts";

const url = "https://partner.example/pb";
const post = (body: TemplateSource["body"]): TemplateSource => ({ method: "POST", url, body: body! });
const large = "x".repeat(200_000);
const items = `[${"1,".repeat(199)}1]`;
const data = JSON.stringify({ large, quotes: '"'.repeat(100_000) }).replace("{", `{"items":${items},`);
const tooLarge = { ok: false, reason: "body_too_large" };

test.each<[string, TemplateSource]>([
  ["a value in each item", post({ list: { $each: "data.items", do: "{data.large}" } })],
  ["literal text in each item", post({ list: { $each: "data.items", do: "y".repeat(30_000) } })],
  ["a text with a value in each item", post({ list: { $each: "data.items", do: "a {data.large}" } })],
  ["keys in each item", post({ list: { $each: "data.items", do: { ["k".repeat(30_000)]: "{item}" } } })],
  ["many leaves", post(Array.from({ length: 30_000 }, () => "{data.large}"))],
  ["one leaf with many macros", post({ a: "{data.large}".repeat(30_000) })],
  ["a plain text with many macros", post({ $text: "{data.large}".repeat(30_000) })],
  [
    "JSON text that escapes JSON text",
    post({ a: { $json: { b: { $json: Array(12).fill("{data.quotes}") } } } }),
  ],
  [
    "a form with a value in each item",
    { ...post("form"), parameters: [{ each: "data.items", params: { "a{n}": "{data.large}" } }] },
  ],
  [
    "a form with JSON text in each item",
    { ...post("form"), parameters: [{ each: "data.items", params: { a: { $json: ["{data.large}"] } } }] },
  ],
  [
    "a form with a joined list",
    { ...post("form"), parameters: [{ each: "data.items", join: "|", params: { a: "{data.large}" } }] },
  ],
])("a body that would be too large is not made: %s", (_, source) => {
  expect(rendered(source, data)).toMatchObject(tooLarge);
});

test("an envelope as a form repeats the names around each value: it has the same limit", () => {
  const long = `{"${"n".repeat(100_000)}":[${"1,".repeat(60_000)}1]}`;
  expect(rendered(post("form"), long)).toMatchObject(tooLarge);
});

test("the limit is exact, and what is shorter is whole", () => {
  const each = post({ $each: "data.items", do: "{data.x}" });
  // 200 items with their quotes, 199 commas, 2 brackets.
  const fits = (longestBody - 2 - 199) / 200 - 2;
  const bodyFor = (length: number) => rendered(each, `{"items":${items},"x":"${"x".repeat(length)}"}`);
  const whole = bodyFor(Math.floor(fits));
  expect(whole.ok && JSON.parse(whole.body!)).toHaveLength(200);
  expect(bodyFor(Math.ceil(fits))).toMatchObject(tooLarge);
});

test("white space that a JSON text leaves out makes no room for what was left out before", () => {
  const spaced = `{"a":[${" ".repeat(250_000)}1]}`;
  const body = { $json: Array.from({ length: 20 }, () => "{data.a}") };
  expect(rendered(post({ body }), spaced)).toMatchObject(tooLarge);
});

test.each<[string, Partial<TemplateSource>]>([
  ["one parameter with many macros", { url: `${url}?a=${"{data.large}".repeat(600)}` }],
  ["a path with many segments", { url: `https://partner.example${"/{data.large}".repeat(600)}` }],
  ["parameters for each item", { parameters: [{ each: "data.items", params: { a: "{data.large}" } }] }],
])("a URL that would be too long is not made: %s", (_, source) => {
  expect(rendered({ method: "GET", url, ...source }, data)).toMatchObject({ reason: "url_too_long" });
});

test("a URL of the longest length is whole", () => {
  const source: TemplateSource = {
    method: "GET",
    url,
    parameters: [
      { each: "data.list", join: ",", params: { a: "{item}" } },
      { params: { j: { $json: { b: "{data.x}" } } } },
    ],
  };
  const list = `[${Array(100).fill('"0123456789012345678901234567890123456789"').join(",")}]`;
  const sent = rendered(source, `{"list":${list},"x":"${"x".repeat(3_500)}"}`);
  expect(sent.ok && sent.url).toHaveLength(
    url.length + 3 + 4_000 + 99 * 3 + 3 + 3_500 + "%7B%22b%22%3A%22%22%7D".length,
  );
});

test("a header that would be too long is not made", () => {
  const source: TemplateSource = { method: "GET", url, headers: { "x-a": "{data.large}".repeat(600) } };
  expect(rendered(source, data)).toMatchObject({ reason: "invalid_header" });
});

test("filters that would fill the memory fail", () => {
  const leaf = `{data.large|replace:"x","yyyyy"}`;
  const source = post({ a: Array.from({ length: 5_000 }, () => leaf) });
  expect(rendered(source, data)).toMatchObject({ reason: "invalid_value", macro: "data.large" });
});
