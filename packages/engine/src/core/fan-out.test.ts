import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countItems, firstItem, itemOf, type ListPath, mostItems } from "./fan-out.ts";
import { compileTemplate, readListPath } from "./template/index.ts";

const pathOf = (text: string): ListPath => ({ text, segments: readListPath(text, () => {})! });
const items = pathOf("data.items");
const whole = (dataText: string) => ({ item: null, dataText });

test.each([
  ['{"items":[1]}', "data.items", 1],
  ['{ "items" : [ {"a":[1,2]} , "]" ,null ] }', "data.items", 3],
  ['{"order":{"lines":[[],{}]}}', "data.order.lines", 2],
  ['{"a b":[{"x":[1,2,3]}]}', 'data["a b"][0].x', 3],
  // As JSON.parse has it: the last of two members counts.
  ['{"items":[1,2],"items":[3]}', "data.items", 1],
])("%s has at %s so many items: %i", (dataText, path, count) => {
  expect(countItems(pathOf(path), dataText)).toEqual({ ok: true, count });
});

test.each([
  ["{}", "no_items"],
  ['{"items":null}', "no_items"],
  ['{"items":""}', "no_items"],
  ['{"items":[]}', "no_items"],
  ['{"items":[ ]}', "no_items"],
  ['{"other":{"items":[1]}}', "no_items"],
  ['{"items":{"a":1}}', "invalid_value"],
  ['{"items":"4711"}', "invalid_value"],
  ['{"items":0}', "invalid_value"],
  [`{"items":[${"1,".repeat(mostItems)}1]}`, "too_many_items"],
])("%.40s ends a delivery as %s, without a value of the event in the message", (dataText, reason) => {
  const failure = itemOf(items, whole(dataText));
  expect(failure).toMatchObject({ ok: false, reason, message: expect.stringContaining("data.items") });
  expect(JSON.stringify(failure)).not.toContain("4711");
  expect(firstItem(items, dataText)).toBeNull();
});

test("the most items are taken", () => {
  expect(countItems(items, `{"items":[${"1,".repeat(mostItems - 1)}1]}`)).toEqual({
    ok: true,
    count: mostItems,
  });
});

test("an item is the event's own text, digit for digit, whatever stands around it", () => {
  const number = fc.constantFrom("10.50", "12345678901234567890", "1e400", "-0");
  const item = fc.oneof(
    number,
    fc.jsonValue().map((value) => JSON.stringify(value)),
  );
  const space = fc.constantFrom("", " ", "\n\t ");
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 20 }), space, (texts, gap) => {
      const dataText = `{${gap}"x":{"items":[9]},${gap}"items":${gap}[${gap}${texts.join(`${gap},${gap}`)}${gap}]${gap}}`;
      const of = texts.length;
      expect(firstItem(items, dataText)).toEqual({ n: 1, of });
      texts.forEach((text, index) => {
        const n = index + 1;
        expect(itemOf(items, { dataText, item: { n, of } })).toEqual({ ok: true, text, n });
      });
    }),
    { seed: 20_260_304, numRuns: 300 },
  );
});

test("an endpoint without fan_out sends the event, and no item of one that was split before", () => {
  expect(itemOf(null, whole('{"items":[1]}'))).toBeNull();
  expect(itemOf(null, { dataText: '{"items":[1]}', item: { n: 1, of: 1 } })).toMatchObject({
    reason: "invalid_value",
    message: expect.stringContaining("set it again"),
  });
});

test.each([['{"lines":[1,2,3]}'], ['{"lines":[]}'], ["{}"]])(
  "an item stands for nothing if fan_out leads to another number of items now: %s",
  (dataText) => {
    const item = { n: 2, of: 2 };
    expect(itemOf(pathOf("data.lines"), { dataText, item })).toMatchObject({
      ok: false,
      reason: "invalid_value",
    });
  },
);

test("nothing is sent of a delivery that was not split", () => {
  expect(() => itemOf(items, whole('{"items":[1]}'))).toThrow("must be split");
});

test.each([
  ["items", 0],
  ["event_id", 0],
  ["data", 4],
  ["data.items!", 10],
  ['data.items|default:""', 10],
  ["data.items}{x", 10],
  ["data.it ems", 7],
  ["data.items[", 11],
  ["{data.items}", 0],
  ["", 0],
])("the path %j is refused with the position of its fault", (fan_out, position) => {
  const compiled = compileTemplate({ method: "POST", url: "https://partner.example/", fan_out });
  expect(compiled).toMatchObject({
    ok: false,
    issues: [{ code: expect.stringMatching(/^(invalid|unknown)_macro$/), field: "fan_out", position }],
  });
});
