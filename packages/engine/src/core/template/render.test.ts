import { describe, expect, test } from "vitest";
import { rendered, sent } from "./template.fixture.ts";

const issueTemplate =
  'https://t.example/pb?cid={data.click_id!}&p={data.payout|default:"0"}&sub={data.sub1?}&e={event_id!}';

describe("the URL is exactly the expected one", () => {
  test.each([
    ["abc", "abc"],
    ["a b", "a%20b"],
    ["a&b", "a%26b"],
    ["a+b", "a%2Bb"],
    ["a%b", "a%25b"],
    ["a%20b", "a%2520b"],
    [`"'`, "%22%27"],
    ["a@b.c&payout=999", "a%40b.c%26payout%3D999"],
    ["grüße", "gr%C3%BC%C3%9Fe"],
    ["日本", "%E6%97%A5%E6%9C%AC"],
    ["🎉", "%F0%9F%8E%89"],
    ["-._~!*()", "-._~%21%2A%28%29"],
    ["#?/\\=:;,$", "%23%3F%2F%5C%3D%3A%3B%2C%24"],
    ["{event_id}", "%7Bevent_id%7D"],
    ["\r\nHost: evil", "%0D%0AHost%3A%20evil"],
    ["\u0000", "%00"],
    ["\ud800x", "%EF%BF%BDx"],
  ])("for %j", (value, encoded) => {
    expect(sent(issueTemplate, { click_id: value, payout: 1.5, sub1: value }).url).toBe(
      `https://t.example/pb?cid=${encoded}&p=1.5&sub=${encoded}&e=conv-1001`,
    );
    expect(sent("https://t.example/a/{data.v}/b", { v: value }).url).toBe(`https://t.example/a/${encoded}/b`);
  });
});

describe("a missing value", () => {
  test.each(['{"payout":1}', '{"click_id":null}', '{"click_id":""}', "{}", "null", "[]", '"click_id"', "5"])(
    "stops the postback when it is required: %s",
    (data) => {
      expect(rendered(issueTemplate, data)).toMatchObject({
        ok: false,
        reason: "missing_macro",
        macro: "data.click_id",
        message: expect.stringContaining("{data.click_id!}"),
      });
    },
  );

  test("drops the whole parameter when it is optional", () => {
    expect(sent("https://t.example/?a=1&s=x-{data.s?}-{data.t}&b=2", { t: 1 }).url).toBe(
      "https://t.example/?a=1&b=2",
    );
    expect(sent("https://t.example/?s={data.s?}&b=2", {}).url).toBe("https://t.example/?b=2");
    expect(sent("https://t.example/pb?s={data.s?}", {}).url).toBe("https://t.example/pb");
  });

  test("is empty, or the default, otherwise", () => {
    expect(sent('https://t.example/x{data.p}/?a={data.a}&b={data.b|default:"n/a"}', { b: "" }).url).toBe(
      "https://t.example/x/?a=&b=n%2Fa",
    );
  });

  test("is not a zero, a false or an empty list", () => {
    expect(
      sent("https://t.example/?a={data.a!}&b={data.b!}&c={data.c!}", { a: 0, b: false, c: [] }).url,
    ).toBe("https://t.example/?a=0&b=false&c=%5B%5D");
  });

  test("is never found on a prototype", () => {
    for (const name of ["constructor", "__proto__", "toString", "length"]) {
      expect(rendered(`https://t.example/?a={data.${name}!}`, {})).toMatchObject({ reason: "missing_macro" });
      expect(rendered(`https://t.example/?a={data.x.${name}!}`, { x: ["a"] })).toMatchObject({
        reason: "missing_macro",
      });
    }
    expect(sent("https://t.example/?a={data.__proto__.b!}", '{"__proto__":{"b":1}}').url).toBe(
      "https://t.example/?a=1",
    );
  });
});

test("values are found by name, quoted name and index, and keep their exact text", () => {
  const data = `{ "n": 10.50, "big":12345678901234567890, "e": 1E+2, "a b": {"c.d": [ true, {"k":"v"} ]},
    "über": 1, "\\u0061x": "esc\\u0061ped", "dup": 1, "dup": 2 }`;
  const url =
    'https://t.example/?n={data.n}&b={data.big}&e={data.e}&t={data["a b"]["c.d"][0]}&k={data["a b"]["c.d"].1.k}' +
    '&o={data["a b"]}&u={data.über}&x={data.ax}&d={data.dup}';
  expect(sent(url, data).url).toBe(
    "https://t.example/?n=10.50&b=12345678901234567890&e=1E%2B2&t=true&k=v" +
      "&o=%7B%22c.d%22%3A%5Btrue%2C%7B%22k%22%3A%22v%22%7D%5D%7D&u=1&x=escaped&d=2",
  );
});

test("every root is rendered", () => {
  const url =
    "https://t.example/{event_id}/{delivery_id}/{type}/{schema_version}/{occurred_at}/{accepted_at}/{partner}/{endpoint}/{attempt}/{data}";
  expect(sent(url, [1]).url).toBe(
    "https://t.example/conv-1001/dlv_7/conversion.approved/1/2026-01-31T10%3A00%3A00Z/2026-01-31T10%3A00%3A01Z/acme/main/2/%5B1%5D",
  );
});

describe("nothing is sent when", () => {
  test.each([
    ["https://t.example/a/{data.x}/b", "."],
    ["https://t.example/a/{data.x}/b", ".."],
    ["https://t.example/a/.{data.x}", "."],
    ["https://t.example/a/%2e{data.x}", "."],
    ["https://t.example/a/.{data.x}", ""],
  ])("a path segment of %s would become a dot segment", (url, x) => {
    expect(rendered(url, { x })).toMatchObject({ ok: false, reason: "path_changed" });
    expect(sent(url, { x: "..." }).url).toContain("...");
  });

  test("the URL grows too long", () => {
    const url = "https://t.example/?a={data.x}";
    const room = 8000 - "https://t.example/?a=".length;
    expect(sent(url, { x: "a".repeat(room) }).url).toHaveLength(8000);
    expect(rendered(url, { x: "a".repeat(room + 1) })).toMatchObject({ ok: false, reason: "url_too_long" });
  });

  test.each(["a\r\nx-evil: 1", "a\nb", "a\u0000", "é", "\u007f", "🎉", "\ud800"])(
    "a header would hold %j",
    (x) => {
      const source = { method: "GET", url: "https://t.example/", headers: { "X-A": "v={data.x}" } } as const;
      expect(rendered(source, { x })).toMatchObject({ ok: false, reason: "invalid_header", macro: "data.x" });
    },
  );
});

test("the guard does not trust the compiler", async () => {
  const { renderTemplate } = await import("./render.ts");
  const { compiled, factsWith } = await import("./template.fixture.ts");
  const template = compiled({ method: "GET", url: "https://t.example/{data.x}" });
  const withPath = (path: string) => {
    const url = { ...template.plan.url, path: [path, [0]] };
    return renderTemplate({ ...template, plan: { ...template.plan, url } }, factsWith({ x: "v" }));
  };
  expect(withPath("ok")).toMatchObject({ ok: true, url: "https://t.example/ok/v" });
  expect(withPath("{data.x}")).toMatchObject({ ok: false, reason: "unresolved_macro" });
  expect(withPath("a b")).toMatchObject({ ok: false, reason: "unresolved_macro" });
  expect(withPath("..")).toMatchObject({ ok: false, reason: "path_changed" });
  const moved = { ...template, origin: "https://t.example@evil.example" };
  expect(renderTemplate(moved, factsWith({ x: "v" }))).toMatchObject({ ok: false, reason: "host_changed" });
});

describe("headers", () => {
  test("are rendered as they are, names in lower case, optional ones dropped", () => {
    const { headers, contentType } = sent(
      {
        method: "GET",
        url: "https://t.example/",
        headers: {
          "X-Source": "postrider",
          Authorization: "Bearer {data.token}",
          "x-sub": "{data.sub?}",
          "x-e": "{data.e}",
        },
      },
      { token: 'a b=%&"' },
    );
    expect(headers).toEqual([
      ["x-source", "postrider"],
      ["authorization", 'Bearer a b=%&"'],
      ["x-e", ""],
    ]);
    expect(contentType).toBeNull();
  });

  test("may name the content type", () => {
    const source = {
      method: "POST",
      url: "https://t.example/",
      headers: { "Content-Type": "application/vnd.acme+json" },
    } as const;
    const { headers, contentType } = sent(source, {});
    expect({ headers, contentType }).toEqual({ headers: [], contentType: "application/vnd.acme+json" });
  });
});
