import { expect, test } from "vitest";
import { compiled } from "./template.fixture.ts";
import { findUnfilledMacros } from "./unfilled.ts";

const url = (query: string) => compiled({ method: "GET", url: `https://t.example/pb?${query}` });
const events = [
  '{"click_id":"c-1","payout":"1.20","order":{"amount":10.5,"items":[{"sku":"a"}]},"coupon":null}',
];

test.each([
  ["a={data.payuot?}", "data.payuot", "left_out", "data.payout"],
  ["a={data.payuot!}", "data.payuot", "not_sent", "data.payout"],
  ["a={data.payuot}", "data.payuot", "empty", "data.payout"],
  ['a={data.payuot|default:"0"}', "data.payuot", "default", "data.payout"],
  ["a={data.order.amuont?}", "data.order.amuont", "left_out", "data.order.amount"],
  ["a={data.amount?}", "data.amount", "left_out", "data.order.amount"],
  ["a={data.Payout?}", "data.Payout", "left_out", "data.payout"],
  ["a={data.zzz?}", "data.zzz", "left_out", null],
  ["a={data.coupon!}", "data.coupon", "not_sent", null],
  ["a={data.order.items[1].sku?}", "data.order.items[1].sku", "left_out", null],
])("%s is never filled", (query, macro, effect, nearest) => {
  expect(findUnfilledMacros(url(query), events)).toEqual([{ macro, effect, nearest }]);
});

test.each([
  "a={data.payout?}",
  "a={data.coupon?}",
  "a={data.order.items[0].sku!}",
  "a={event_id!}",
  'a={data.coupon|default:"none"}',
  "a=1",
])("%s is filled", (query) => {
  expect(findUnfilledMacros(url(query), events)).toEqual([]);
});

test("one event of many that fills it is enough, and without events nothing is known", () => {
  const template = url("a={data.rare?}");
  expect(findUnfilledMacros(template, [...Array.from({ length: 99 }, () => "{}"), '{"rare":1}'])).toEqual([]);
  expect(findUnfilledMacros(template, [])).toEqual([]);
});

test("headers and bodies too, each macro once, ten at most", () => {
  const template = compiled({
    method: "POST",
    url: "https://t.example/{data.a}",
    headers: { "x-b": "{data.b}" },
    body: { a: "{data.a}", c: ["{data.c?}"] },
  });
  expect(findUnfilledMacros(template, ["{}"]).map(({ macro }) => macro)).toEqual([
    "data.a",
    "data.b",
    "data.c",
  ]);
  const many = url(Array.from({ length: 30 }, (_, n) => `p${n}={data.m${n}?}`).join("&"));
  expect(findUnfilledMacros(many, ["{}"])).toHaveLength(10);
});

test("the most that it can be given costs little", () => {
  const names = Array.from({ length: 800 }, (_, n) => `${"n".repeat(30)}${n}`);
  const text = JSON.stringify(Object.fromEntries(names.map((name) => [name, { [name]: 1 }])));
  const template = url(Array.from({ length: 30 }, (_, n) => `p${n}={data.${"m".repeat(30)}${n}?}`).join("&"));
  const texts = Array.from({ length: 20 }, () => text.slice(0));
  findUnfilledMacros(template, texts);
  const cpu = process.cpuUsage();
  findUnfilledMacros(template, texts);
  expect(process.cpuUsage(cpu).user / 1_000).toBeLessThan(250);
});

test("a macro of an item that no item of recent events filled is found, with the nearest path of the items", () => {
  const template = compiled({
    method: "GET",
    url: "https://t.example/",
    parameters: [{ each: "data.items", params: { "S{n}": "{item.skuu!}", "P{n}": "{item.price?}" } }],
  });
  const filled = '{"items":[{"sku":"a"},{"sku":"b","price":1}]}';
  expect(findUnfilledMacros(template, [filled])).toEqual([
    { macro: "item.skuu", effect: "not_sent", nearest: "item.sku" },
  ]);
  expect(findUnfilledMacros(template, ['{"items":[]}'])).toEqual([]);
  expect(findUnfilledMacros(template, ["{}"])).toEqual([
    { macro: "data.items", effect: "empty", nearest: null },
  ]);
});
