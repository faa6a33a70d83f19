import { expect, test } from "vitest";
import { findHandwrittenJson, handwrittenJsonMessage } from "./handwritten-json.ts";

const url = "https://t.example/";

test.each([
  [{ url, body: { e: '{{"af_revenue":"{data.v}"}}' } }, "body.e", "data.v"],
  [{ url, body: { e: ["a", '[{{ "v": {data.v} }}]'] } }, "body.e[1]", "data.v"],
  [{ url, body: { $text: 'payload={{"a":"{data.a}"}}' } }, "body.$text", "data.a"],
  [{ url: `${url}?e={{"a":"{data.v?}"}}` }, "url", "data.v"],
  [{ url: `${url}?e=%7B%22a%22%3A%22{data.v}%22%7d` }, "url", "data.v"],
  [{ url, headers: { "x-json": '{{"a":{event_id}}}' } }, "headers.x-json", "event_id"],
  [
    { url, parameters: [{ params: { data: '[{{"a":"{data.v}"}}]' } }] },
    "parameters[0].params.data",
    "data.v",
  ],
])("JSON written by hand beside a macro is found (%#)", (source, field, macro) => {
  expect(findHandwrittenJson(source)).toEqual([{ field, macro }]);
  expect(handwrittenJsonMessage({ field, macro })).toContain("$json");
});

test.each([
  {
    url: `${url}?a={data.v}&b={{x}}`,
    body: { a: "{data.a}", b: 'said "{data.a}" today', c: "{{{data.a}}}" },
  },
  { url, body: { fixed: '{{"a":"b"}}', text: "total: {data.v}", node: { $json: { a: "{data.a}" } } } },
  { url, parameters: [{ params: { data: { $json: { a: "{data.v}" } } } }] },
])("anything else is not (%#)", (source) => {
  expect(findHandwrittenJson(source)).toEqual([]);
});

test("at most ten places are listed", () => {
  const body = Array.from({ length: 30 }, () => '{{"a":"{data.v}"}}');
  expect(findHandwrittenJson({ url, body })).toHaveLength(10);
});
