import { describe, expect, test } from "vitest";
import { parseExactJson, type RawNumber } from "@postrider/contract/exact-json";
import type { BodySource } from "./compile.ts";
import { refused, rendered, sent } from "./template.fixture.ts";

const json = JSON as unknown as { rawJSON(text: string): RawNumber };

const post = (body: BodySource, url = "https://t.example/pb") => ({ method: "POST", url, body }) as const;

describe("the envelope", () => {
  const data = '{ "payout": 10.50, "big":12345678901234567890 }';

  test("is the body of POST and PUT by default, with the data verbatim", () => {
    for (const method of ["POST", "PUT"] as const) {
      const { url, body, contentType } = sent({ method, url: "https://t.example/pb" }, data);
      expect({ url, body, contentType }).toEqual({
        url: "https://t.example/pb",
        body: `{"id":"conv-1001","type":"conversion.approved","timestamp":"2026-01-31T10:00:00Z","schema_version":1,"data":${data}}`,
        contentType: "application/json",
      });
    }
  });

  test("is not the body of a GET, which has none", () => {
    expect(sent("https://t.example/", data)).toMatchObject({ body: null, contentType: null });
    for (const body of ["envelope", "form", { a: 1 }] as const) {
      expect(refused({ method: "GET", url: "https://t.example/", body })).toEqual([
        "body_not_allowed body@0",
      ]);
    }
    expect(sent(post("none"), data)).toMatchObject({ body: null, contentType: null });
  });
});

describe("a form", () => {
  test("takes the URL's parameters, encoded by form rules", () => {
    const source = post("form", "https://t.example/pb?c={data.c!}&lit=a%20b+c&s={data.s?}&n={data.n}");
    const { url, body, contentType } = sent(source, '{"c":"a b&c=d+é~*\'","n":1.0}');
    expect(url).toBe("https://t.example/pb");
    expect(body).toBe("c=a+b%26c%3Dd%2B%C3%A9%7E*%27&lit=a%20b+c&n=1.0");
    expect(contentType).toBe("application/x-www-form-urlencoded");
    expect(rendered(source, {})).toMatchObject({ reason: "missing_macro", macro: "data.c" });
  });

  test("without parameters holds the envelope's fields", () => {
    const data = '{"click_id":"a b","n":{"x":[1.50,null,true]},"o":{},"a":1,"a":2,"k][x":"&"}';
    const { body } = sent(post("form"), data);
    expect(body).toBe(
      "id=conv-1001&type=conversion.approved&timestamp=2026-01-31T10%3A00%3A00Z&schema_version=1" +
        "&data%5Bclick_id%5D=a+b&data%5Bn%5D%5Bx%5D%5B0%5D=1.50&data%5Bn%5D%5Bx%5D%5B1%5D=&data%5Bn%5D%5Bx%5D%5B2%5D=true" +
        "&data%5Ba%5D=2&data%5Bk%255D%255Bx%5D=%26",
    );
  });

  test("stops taking very deep data apart", () => {
    const { body } = sent(post("form"), `${"[".repeat(5000)}${"]".repeat(5000)}`);
    expect(body).toContain(`data${"%5B0%5D".repeat(16)}=%5B`);
  });
});

describe("a JSON document", () => {
  test("keeps the type of a leaf that is one macro, and text that mixes is text", () => {
    const document = {
      "literal {{key}}": ["text", 1, true, null, "{{x}}"],
      whole: [
        "{data.n}",
        "{data.t}",
        "{data.o}",
        "{data.s}",
        "{attempt}",
        "{data.z}",
        "{data.e}",
        "{data.gone}",
      ],
      mixed: 'n={data.n} s={data.s} o={data.o} {data.gone|default:"-"}',
      fallback: '{data.gone|default:"0"}',
    };
    const data = '{"n":10.50,"t":true,"o":{ "a" : 12345678901234567890 },"s":"\\"},\\n","z":null,"e":""}';
    expect(sent(post(document), data)).toMatchObject({
      contentType: "application/json",
      body:
        '{"literal {key}":["text",1,true,null,"{x}"],' +
        '"whole":[10.50,true,{ "a" : 12345678901234567890 },"\\"},\\n",2,null,"",null],' +
        '"mixed":"n=10.50 s=\\"},\\n o={\\"a\\":12345678901234567890} -","fallback":"0"}',
    });
  });

  test("drops keys and items whose optional macro is missing", () => {
    const document = { a: "{data.x?}", b: ["{data.x?}", "x{data.x?}", { c: "{data.x?}" }], d: "{data.y?}" };
    expect(sent(post(document), '{"y":0,"x":null}').body).toBe('{"b":[{}],"d":0}');
    expect(sent(post(["{data.x?}"]), {}).body).toBe("[]");
  });

  test("stops the postback when a required macro is missing", () => {
    expect(rendered(post({ a: ["{data.x!}"] }), {})).toMatchObject({
      reason: "missing_macro",
      macro: "data.x",
    });
  });

  test("with U+0000 and halves of pairs in the data: escapes stay where whole values are, a text has a defined form", () => {
    const data = String.raw`{"nul":"a\u0000","half":"\ud800","all":{"x\u0000":"\udc00"}}`;
    expect(
      sent(post({ n: "{data.nul}", h: "{data.half}", o: "{data.all}", t: "<{data.all}>" }), data).body,
    ).toBe(
      String.raw`{"n":"a\u0000","h":"` +
        "\ufffd" +
        String.raw`","o":{"x\u0000":"\udc00"},"t":"<{\"x\\u0000\":\"\\udc00\"}>"}`,
    );
    const form = {
      method: "POST",
      url: "https://t.example/pb?n={data.nul}&h={data.half}",
      body: "form",
    } as const;
    expect(sent(form, data).body).toBe("n=a%00&h=%EF%BF%BD");
  });

  test("keeps every key, and the digits of literals", () => {
    const text = '{"__proto__":{"n":1.0},"constructor":-0,"toString":[1E5,12345678901234567890],"x":0.10}';
    expect(sent(post(parseExactJson(text) as BodySource), {}).body).toBe(text);
    const mixed = text.replace('"x":0.10', '"x":"{data.a}"');
    expect(sent(post(parseExactJson(mixed) as BodySource), '{"a":2.50}').body).toBe(
      text.replace("0.10", "2.50"),
    );
    // `JSON.rawJSON` of anything but a number is that value.
    const raw = { a: json.rawJSON('"{data.a}"'), b: json.rawJSON("null"), c: json.rawJSON("true") };
    expect(sent(post(raw), '{"a":2.50}').body).toBe('{"a":2.50,"b":null,"c":true}');
  });

  test("with lone surrogates is well formed", () => {
    expect(sent(post({ a: "{data.x}", b: "\ud800" }), { x: "\udc00" }).body).toBe(
      '{"a":"\ufffd","b":"\ufffd"}',
    );
  });

  test.each<[BodySource, string]>([
    [{ a: { b: ["x {bogus}"] } }, "unknown_macro body.a.b[0]@3"],
    [{ "a b": "}" }, 'stray_brace body["a b"]@0'],
    [{ "k{data.x}": 1 }, 'macro_not_allowed body["k{data.x}"]@1'],
    [{ a: Number.NaN }, "invalid_body body.a@0"],
    ["text", "invalid_body body@0"],
  ])("%j is refused", (body, issue) => {
    expect(refused(post(body))).toEqual([issue]);
  });

  test("nested too deep is refused, not crashed on", () => {
    let document: BodySource = {};
    for (let level = 0; level < 100_000; level += 1) document = [document];
    expect(refused(post(document))).toEqual([`invalid_body body${"[0]".repeat(64)}@0`]);
  });
});
