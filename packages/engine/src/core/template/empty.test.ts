import { expect, test } from "vitest";
import { findEmptyMacros } from "./empty.ts";
import { compiled } from "./template.fixture.ts";

const data = '{"click_id":"c-1","sub":"","coupon":null,"zero":0,"no":false,"list":[]}';

test.each([
  ["a={data.click_id!}&b={data.zero}&c={data.no}&d={data.list}&e={event_id}", []],
  ["a={data.sub?}&b={data.sub?}", [["data.sub", "left_out"]]],
  [
    'a={data.coupon|default:"x"}&b={data.other}',
    [
      ["data.coupon", "default"],
      ["data.other", "empty"],
    ],
  ],
  ["a={data.sub!}", [["data.sub", "not_sent"]]],
])("of %s", (query, expected) => {
  const template = compiled({ method: "GET", url: `https://t.example/pb?${query}` });
  expect(findEmptyMacros(template, data, null).map(({ macro, effect }) => [macro, effect])).toEqual(expected);
});

test("of an item, if the request is for one", () => {
  const template = compiled({
    method: "GET",
    url: "https://t.example/pb?a={item.sku?}",
    fan_out: "data.items",
  });
  expect(findEmptyMacros(template, "{}", '{"sku":""}')).toEqual([{ macro: "item.sku", effect: "left_out" }]);
  expect(findEmptyMacros(template, "{}", '{"sku":"a"}')).toEqual([]);
  expect(findEmptyMacros(template, "{}", null)).toEqual([]);
});
