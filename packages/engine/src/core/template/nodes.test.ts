import { describe, expect, test } from "vitest";
import type { ParameterGroup } from "@postrider/contract";
import type { BodySource, TemplateSource } from "./compile.ts";
import { renderTemplate } from "./render.ts";
import { compiled, factsWith, refused, rendered, sent } from "./template.fixture.ts";

const post = (body: BodySource, others: Partial<TemplateSource> = {}): TemplateSource => ({
  method: "POST",
  url: "https://t.example/",
  body,
  ...others,
});
const bodyOf = (body: BodySource, data: unknown): unknown => sent(post(body), data).body;

describe("a list with one node per item", () => {
  const each = (path: string): BodySource => ({
    order: "{data.o}",
    items: { $each: path, do: { sku: "{item.sku}", n: "{n}", o: "{data.o}", p: "{item.p?}" } },
  });

  test("has the item, its number, and the event's own values", () => {
    expect(bodyOf(each("data.items"), '{"o":1.0,"items":[{"sku":"a","p":10.50},{ "sku" : [ 1 ] }]}')).toBe(
      '{"order":1.0,"items":[{"sku":"a","n":1,"o":1.0,"p":10.50},{"sku":[ 1 ],"n":2,"o":1.0}]}',
    );
  });

  test.each(['{"o":1}', '{"o":1,"items":null}', '{"o":1,"items":[]}', '{"o":1,"items":""}'])(
    "is empty, left out or stopped if there are no items: %s",
    (data) => {
      expect(bodyOf(each("data.items"), data)).toBe('{"order":1,"items":[]}');
      expect(bodyOf(each("data.items?"), data)).toBe('{"order":1}');
      expect(rendered(post(each("data.items!")), data)).toMatchObject({
        reason: "missing_macro",
        macro: "data.items",
      });
    },
  );

  test.each(['{"items":{}}', '{"items":"[1]"}', '{"items":1}', '{"items":false}'])(
    "is no other value: %s",
    (data) => {
      expect(rendered(post(each("data.items")), data)).toMatchObject({
        reason: "invalid_value",
        macro: "data.items",
      });
    },
  );

  test("names the item whose value is missing", () => {
    const body = { $each: "data.items", do: ["{item.sku!}"] };
    expect(rendered(post(body), { items: [{ sku: 1 }, {}] })).toMatchObject({
      reason: "missing_macro",
      macro: "item.sku",
      message: expect.stringContaining("item 2 of {data.items}"),
    });
  });

  test("drops items and leaves of items, never those of others", () => {
    const body = { $each: "data.items", do: "{item.a?}" };
    expect(bodyOf(body, { items: [{ a: 1 }, {}, { a: 3 }] })).toBe("[1,3]");
    expect(bodyOf({ $each: "data.items", do: "x{item}" }, { items: [1, null, "c"] })).toBe('["x1","x","xc"]');
  });

  test("holds 200 items, and more are never cut", () => {
    const body = { $each: "data.items", do: "{item}" };
    const items = Array.from({ length: 200 }, (_, index) => index);
    expect(JSON.parse(String(bodyOf(body, { items })))).toEqual(items);
    expect(rendered(post(body), { items: [...items, 200] })).toMatchObject({
      ok: false,
      reason: "too_many_items",
      macro: "data.items",
    });
  });

  test("several of them do not see each other's items", () => {
    const list = (path: string) => ({ $each: path, do: "{n}:{item.x}" });
    const body = { a: list("data.a"), b: list("data.b"), c: list("data.a") };
    expect(bodyOf(body, { a: [{ x: 1 }], b: [{ x: 2 }, { x: 3 }] })).toBe(
      '{"a":["1:1"],"b":["1:2","2:3"],"c":["1:1"]}',
    );
  });

  test("within one item of a list has that item's own list", () => {
    const source = post(
      { id: "{item.id}", lines: { $each: "item.lines", do: "{item.sku}-{n}" }, n: "{n}" },
      { fan_out: "data.orders" },
    );
    const item = { text: '{"id":7,"lines":[{"sku":"a"},{"sku":"b"}]}', n: 4 };
    expect(sent(source, {}, { item }).body).toBe('{"id":7,"lines":["a-1","b-2"],"n":4}');
  });
});

describe("JSON text", () => {
  test("is compact, keeps digits, and is text wherever it stands", () => {
    const body = {
      a: { $json: { o: "{data.o}", t: "é{data.t}" } },
      b: [{ $json: "{data.t}" }],
      c: { $json: [1] },
    };
    expect(bodyOf(body, '{"o":{ "x" : 1.0 },"t":"\\""}')).toBe(
      String.raw`{"a":"{\"o\":{\"x\":1.0},\"t\":\"é\\\"\"}","b":["\"\\\"\""],"c":"[1]"}`,
    );
  });

  test("is dropped with its child", () => {
    expect(bodyOf({ a: { $json: "{data.x?}" }, b: { $json: { x: "{data.x?}" } } }, {})).toBe('{"b":"{}"}');
  });
});

describe("keys with a dollar sign", () => {
  test("are data, unless they are exactly those of a node", () => {
    const body = {
      $insert_id: "{data.a}",
      $json: 1,
      x: { $each: "data.items" },
      y: { do: 1, $each: 2, z: 3 },
      z: { $text: 1, a: 2 },
    };
    expect(bodyOf(body, { a: 7 })).toBe(
      '{"$insert_id":7,"$json":1,"x":{"$each":"data.items"},"y":{"do":1,"$each":2,"z":3},"z":{"$text":1,"a":2}}',
    );
  });

  test("lose one of two dollar signs", () => {
    const body = { $$json: 1, a: { $$each: "x", do: 2 }, b: { $$$: 3 }, c: { $$text: "{data.a}" } };
    expect(bodyOf(body, { a: 7 })).toBe('{"$json":1,"a":{"$each":"x","do":2},"b":{"$$":3},"c":{"$text":7}}');
  });
});

describe("a node or a group is refused", () => {
  const nested = (levels: number): BodySource => {
    let node: unknown = "{data.x}";
    for (let level = 0; level < levels; level += 1) node = { $json: node };
    return { a: node } as BodySource;
  };

  test.each<[BodySource, string]>([
    [{ a: { $text: "x" } }, "invalid_node body.a@0"],
    [{ $text: 7 } as BodySource, "invalid_node body.$text@0"],
    [{ $text: "{data.x" }, "unclosed_macro body.$text@0"],
    [nested(3), "invalid_node body.a.$json.$json.$json@0"],
    [{ $each: 7, do: 1 } as BodySource, "invalid_node body.$each@0"],
    [{ $each: "{data.items}", do: 1 }, "invalid_macro body.$each@0"],
    [{ $each: "data.items|count", do: 1 }, "invalid_macro body.$each@10"],
    [{ $each: "data..items", do: 1 }, "invalid_macro body.$each@5"],
    [{ $each: "data.items}", do: 1 }, "invalid_macro body.$each@10"],
    [{ $each: "event_id", do: 1 }, "invalid_macro body.$each@0"],
    [{ $each: "item.lines", do: 1 }, "item_not_allowed body.$each@0"],
    [{ $each: "data.a", do: { $each: "item.b", do: 1 } }, "invalid_node body.do.$each@0"],
    [{ a: [{ $each: "data.a", do: "{item.b}" }], c: "{item.b}" }, "item_not_allowed body.c@0"],
    [{ a: "{n}" }, "item_not_allowed body.a@0"],
    ["x{data.a}", "invalid_body body@0"],
    ["{data.a}{data.b}", "invalid_body body@0"],
    ["{bogus}", "unknown_macro body@1"],
  ])("body %j", (body, issue) => {
    expect(refused(post(body))).toEqual([issue]);
  });

  test.each<[ParameterGroup[], string]>([
    [[{ params: { "a{n}": "x" } }], 'macro_not_allowed parameters[0].params["a{n}"]@1'],
    [
      [{ each: "data.a", join: ",", params: { "a{n}": "x" } }],
      'macro_not_allowed parameters[0].params["a{n}"]@1',
    ],
    [
      [{ each: "data.a", params: { "{item.x}": "x" } }],
      'macro_not_allowed parameters[0].params["{item.x}"]@0',
    ],
    [[{ each: "data.a", params: { "{n?}": "x" } }], 'macro_not_allowed parameters[0].params["{n?}"]@0'],
    [[{ params: { a: "{item}" } }], "item_not_allowed parameters[0].params.a@0"],
    [[{ params: { a: "{bogus}" } }], "unknown_macro parameters[0].params.a@1"],
    [[{ each: "a.b", params: { a: "{item}" } }], "unknown_macro parameters[0].each@0"],
    [
      [{ each: "data.a", params: { a: { $json: { $each: "item.b", do: 1 } } } }],
      "invalid_node parameters[0].params.a.$json.$each@0",
    ],
    [
      [{ each: "data.a", join: ",", params: { a: { $json: 1 } } }],
      "invalid_parameters parameters[0].params.a@0",
    ],
    [[{ params: { a: { b: "{data.x}" } as never } }], "invalid_parameters parameters[0].params.a@0"],
  ])("parameters %j", (parameters, issue) => {
    expect(refused({ method: "GET", url: "https://t.example/", parameters })).toEqual([issue]);
  });

  test.each([
    ["item.x", "invalid_macro fan_out@0"],
    ["{data.x}", "invalid_macro fan_out@0"],
    ["data.", "invalid_macro fan_out@5"],
    ["", "invalid_macro fan_out@0"],
  ])("fan_out %j", (fan_out, issue) => {
    expect(refused({ method: "GET", url: "https://t.example/", fan_out })).toEqual([issue]);
  });

  test("the body of a GET, whatever it is", () => {
    for (const body of ["{data}", { $text: "x" }, { $json: 1 }]) {
      expect(refused({ method: "GET", url: "https://t.example/", body })).toEqual([
        "body_not_allowed body@0",
      ]);
    }
  });
});

describe("parameter groups", () => {
  const get = (parameters: readonly ParameterGroup[], url = "https://t.example/pb"): TemplateSource => ({
    method: "GET",
    url,
    parameters,
  });

  test("follow the URL's own parameters in their order, names and values encoded", () => {
    const parameters = [
      { params: { "a&b": "x={data.x}&y", "é[]": "{data.gone?}", z: "1+1 {{" } },
      { each: "data.l", from: 5, params: { "l{n}=": "{item}/{n}" } },
    ];
    expect(sent(get(parameters, "https://t.example/pb?q=1"), { x: "&", l: ["a", "#"] }).url).toBe(
      "https://t.example/pb?q=1&a%26b=x%3D%26%26y&z=1%2B1%20%7B&l5%3D=a%2F5&l6%3D=%23%2F6",
    );
    expect(sent(get([{ params: { a: "b" } }]), {}).url).toBe("https://t.example/pb?a=b");
    expect(sent(get([{ each: "data.l", params: { a: "b" } }]), {}).url).toBe("https://t.example/pb");
  });

  test("are a form's fields if the body is a form, and its only ones if the URL has none", () => {
    const parameters = [{ each: "data.l", params: { "x[{n}]": "{item.a?} é" } }];
    expect(
      sent(
        { method: "POST", url: "https://t.example/", body: "form", parameters },
        { l: [{ a: 1 }, {}, { a: "~" }] },
      ),
    ).toMatchObject({
      url: "https://t.example/",
      body: "x%5B1%5D=1+%C3%A9&x%5B3%5D=%7E+%C3%A9",
    });
  });

  test("stand in the query beside a JSON body", () => {
    const source: TemplateSource = {
      ...get([{ params: { a: "{data.x}" } }]),
      method: "PUT",
      body: { b: "{data.x}" },
    };
    expect(sent(source, { x: 1 })).toMatchObject({ url: "https://t.example/pb?a=1", body: '{"b":1}' });
  });

  test("make a URL that is too long fail", () => {
    const parameters = [{ each: "data.l", params: { a: "{item}" } }];
    expect(rendered(get(parameters), { l: Array.from({ length: 200 }, () => "x".repeat(50)) })).toMatchObject(
      {
        reason: "url_too_long",
      },
    );
  });

  test.each([
    ["|", ["a", "b"], "a%7Cb"],
    ["||", ["a", "b|c"], "a%7C%7Cb%7Cc"],
    ["||", ["a|", "b"], null],
    ["||", ["a", "|b"], "a%7C%7C%7Cb"],
    ["||", ["a||b"], null],
    [",", ["a", null, ""], "a%2C%2C"],
    [",", ["1,5"], null],
    [",", [[1, 2]], null],
    [";", ["{item}", "&"], "%7Bitem%7D%3B%26"],
  ])("joined by %j: %j", (join, l, expected) => {
    const result = rendered(get([{ each: "data.l", join, params: { s: "{item}" } }]), { l });
    expect(result).toMatchObject(
      expected === null ? { reason: "delimiter_in_value" } : { url: `https://t.example/pb?s=${expected}` },
    );
  });

  test("a secret or constant that holds the separator is a value too", () => {
    const source = get([{ each: "data.l", join: "|", params: { s: "{const.c}{item}" } }]);
    const result = (c: string) =>
      renderTemplate(compiled(source, { constants: new Map([["c", c]]) }), factsWith({ l: [1, 2] }));
    expect(result("a-")).toMatchObject({ url: "https://t.example/pb?s=a-1%7Ca-2" });
    expect(result("a|")).toMatchObject({ reason: "delimiter_in_value" });
  });

  test("a separator that the template itself writes is what the author wants", () => {
    const parameters = [{ each: "data.l", join: ",", params: { s: "{item.a},{item.b}" } }];
    expect(sent(get(parameters), { l: [{ a: 1, b: 2 }, { a: 3 }] }).url).toBe(
      "https://t.example/pb?s=1%2C2%2C3%2C",
    );
  });

  test("a name in hostile keys is one name", () => {
    const params = JSON.parse('{"__proto__":"{data.x}","constructor":"1"}') as Record<string, string>;
    expect(sent(get([{ params }]), { x: 1 }).url).toBe("https://t.example/pb?__proto__=1&constructor=1");
  });
});
