import { describe, expect, test } from "vitest";
import { compileTemplate, type TemplateSource } from "./compile.ts";
import { renderTemplate } from "./render.ts";
import { compiled, factsWith, refused, rendered, sent, sentWith } from "./template.fixture.ts";

const token = "123456:AA-b_c.d~e";
const awkward = 'a b/c?d&e=f#g%h"i\\j\u0000é';
const partner = {
  secrets: new Map([
    ["token", token],
    ["awkward", awkward],
  ]),
  constants: new Map([
    ["app", "id 7"],
    ["account", "42"],
    ["nothing", ""],
  ]),
};

const everywhere: TemplateSource = {
  method: "POST",
  url: "https://t.example/bot{secret.token}/send?key={secret.awkward}&app={const.app}&x={data.x}",
  headers: { authorization: "Bearer {secret.token}", "x-app": "{const.app}" },
  body: {
    key: "{secret.awkward}",
    text: "k={secret.token} a={const.account} x={data.x}",
    all: ["{const.app}"],
  },
};

describe("secrets and constants", () => {
  test("are put in when the template is compiled, each encoded once by its place", () => {
    const encoded = "a%20b%2Fc%3Fd%26e%3Df%23g%25h%22i%5Cj%00%C3%A9";
    const result = sentWith(everywhere, partner, { x: 1 });
    expect(result.url).toBe(`https://t.example/bot${token}/send?key=${encoded}&app=id%207&x=1`);
    expect(result.headers).toEqual([
      ["authorization", `Bearer ${token}`],
      ["x-app", "id 7"],
    ]);
    expect(result.body).toBe(JSON.stringify({ key: awkward, text: `k=${token} a=42 x=1`, all: ["id 7"] }));
    const form = {
      method: "POST",
      url: "https://t.example/?k={secret.awkward}&a={const.app}",
      body: "form",
    } as const;
    expect(sentWith(form, partner).body).toBe("k=a+b%2Fc%3Fd%26e%3Df%23g%25h%22i%5Cj%00%C3%A9&a=id+7");
  });

  test("cost nothing when it is rendered", () => {
    const template = compiled(everywhere, partner);
    expect(template.plan.event.macros.map(({ name }) => name)).toEqual(["data.x", "data.x"]);
    const whole = compiled({ method: "GET", url: "https://t.example/{const.app}?k={secret.token}" }, partner);
    expect(whole.plan.url.constant).toBe("https://t.example/id%207?k=123456%3AAA-b_c.d~e");
  });

  test("are listed, whether the partner has them or not", () => {
    expect(compiled(everywhere)).toMatchObject({
      secrets: ["awkward", "token"],
      constants: ["account", "app"],
      missingSecrets: [],
    });
    expect(compiled(everywhere, { ...partner, secrets: new Map([["token", "x"]]) })).toMatchObject({
      secrets: ["awkward", "token"],
      missingSecrets: ["awkward"],
    });
    expect(compiled({ method: "GET", url: "https://t.example/" })).toMatchObject({
      secrets: [],
      constants: [],
    });
  });

  test.each(["{secret.gone}", "{secret.gone?}", '{secret.gone|default:"x"}'])(
    "%s is never sent as nothing: without the secret, nothing is rendered",
    (macro) => {
      const template = compiled({ method: "GET", url: `https://t.example/?a=${macro}` }, partner);
      expect(template.missingSecrets).toEqual(["gone"]);
      expect(renderTemplate(template, factsWith({}))).toMatchObject({
        ok: false,
        reason: "missing_macro",
        macro: "secret.gone",
      });
    },
  );

  test("a constant that the partner does not have is an issue with the nearest name", () => {
    const source = { method: "POST", url: "https://t.example/", body: { a: "x{const.acount}" } } as const;
    const result = compileTemplate(source, partner);
    expect(result.ok ? [] : result.issues).toMatchObject([
      {
        code: "unknown_constant",
        field: "body.a",
        position: 1,
        message: expect.stringContaining("{const.account}"),
      },
    ]);
    expect(compileTemplate(source).ok).toBe(true);
  });

  test("a constant that may be missing is no issue, and what stands for it follows the modifier", () => {
    const url =
      'https://t.example/?a={const.gone?}&b={const.gone|default:"d"}&c={const.nothing}&d={const.nothing?}';
    expect(sentWith(url, partner).url).toBe("https://t.example/?b=d&c=");
    expect(
      renderTemplate(
        compiled({ method: "GET", url: "https://t.example/?a={const.nothing!}" }, partner),
        factsWith({}),
      ),
    ).toMatchObject({ ok: false, reason: "missing_macro", macro: "const.nothing" });
  });

  test.each([
    ["https://{secret.host}/", "macro_not_allowed url@8"],
    ["https://{const.host}/", "macro_not_allowed url@8"],
    ["https://t.example/?{secret.token}=1", "macro_not_allowed url@19"],
    ["https://t.example/?a={secret}", "unknown_macro url@22"],
    ["https://t.example/?a={secret.a.b}", "unknown_macro url@22"],
    ["https://t.example/?a={secret.A}", "unknown_macro url@22"],
    ["https://t.example/?a={const}", "unknown_macro url@22"],
    ["https://t.example/?a={n}", "item_not_allowed url@21"],
    ["https://t.example/?a={item.x}", "item_not_allowed url@21"],
  ])("%s is refused", (url, issue) => {
    expect(refused(url, partner)).toEqual([issue]);
    expect(refused(url)).toEqual([issue]);
  });

  test("a key cannot hold a secret", () => {
    expect(
      refused({ method: "POST", url: "https://t.example/", body: { "{secret.token}": 1 } }, partner),
    ).toEqual(['macro_not_allowed body["{secret.token}"]@0']);
  });

  test.each([
    [{ method: "GET", url: "https://t.example/{secret.x}/a" }, "..", "path_changed"],
    [
      { method: "GET", url: "https://t.example/a", headers: { "x-a": "{secret.x}" } },
      "a\nb",
      "invalid_header",
    ],
    [{ method: "GET", url: "https://t.example/{secret.x}" }, "a".repeat(8000), "url_too_long"],
  ] as const)("a secret that its place cannot hold is not sent (%#)", (source, value, reason) => {
    const template = compiled(source, { secrets: new Map([["x", value]]) });
    const result = renderTemplate(template, factsWith({}));
    expect(result).toMatchObject({ ok: false, reason });
    expect(value.length < 5 || !JSON.stringify(result).includes(value)).toBe(true);
  });

  test("are shown to people by their names, unencoded, and nothing of them is needed for it", () => {
    const result = sentWith(everywhere, { constants: partner.constants, maskSecrets: true }, { x: "{y}" });
    expect(result.url).toBe(
      "https://t.example/bot{secret.token}/send?key={secret.awkward}&app=id%207&x=%7By%7D",
    );
    expect(result.headers[0]).toEqual(["authorization", "Bearer {secret.token}"]);
    expect(JSON.parse(result.body ?? "")).toEqual({
      key: "{secret.awkward}",
      text: "k={secret.token} a=42 x={y}",
      all: ["id 7"],
    });
    const template = compiled(everywhere, { ...partner, maskSecrets: true });
    expect(template.masked).toBe(true);
    expect(JSON.stringify(template)).not.toContain(token);
  });
});

describe("one request for each item of a list", () => {
  const source = {
    method: "GET",
    url: "https://t.example/tt?sku={item.sku!}&n={n}&all={item}&o={data.order}",
    fan_out: "data.items",
  } as const;

  test("has the item and its number in the whole document", () => {
    const item = { text: '{ "sku": "a b", "p": 1.50 }', n: 3 };
    expect(sent(source, { order: 7 }, { item }).url).toBe(
      "https://t.example/tt?sku=a%20b&n=3&all=%7B%22sku%22%3A%22a%20b%22%2C%22p%22%3A1.50%7D&o=7",
    );
    expect(rendered(source, {}, { item: { text: "{}", n: 1 } })).toMatchObject({
      reason: "missing_macro",
      macro: "item.sku",
    });
  });

  test("may have a scalar as its item, and none is missing", () => {
    const url = "https://t.example/?a={item}&b={item?}&n={n}";
    expect(sent({ ...source, url }, {}, { item: { text: '"x y"', n: 1 } }).url).toBe(
      "https://t.example/?a=x%20y&b=x%20y&n=1",
    );
    expect(sent({ ...source, url }, {}, { item: { text: "null", n: 2 } }).url).toBe(
      "https://t.example/?a=&n=2",
    );
  });
});

test.each([
  "{secret.pin|digits}",
  "{secret.pin?|digits}",
  '{secret.pin|map:{"a":"b"}}',
  '{secret.pin|replace:"word",""}',
])("nothing is sent without a secret of which filters leave nothing: %s", (macro) => {
  const options = { secrets: new Map([["pin", "word"]]) };
  const template = compiled({ method: "GET", url: `https://t.example/?k=${macro}` }, options);
  expect(renderTemplate(template, factsWith({}))).toMatchObject({ ok: false, reason: "missing_macro" });
});

test.each([
  "{secret.gone}",
  "{secret.gone?}",
  "{secret.gone!}",
  '{secret.gone|default:"x"}',
  '{secret.gone|map:{"a":"b"},"c"}',
  '{data.x|hmac:"sha256",secret.gone}',
  '{data.x?|hmac:"sha256",secret.gone|base64}',
  '{const.c|hmac:"sha256",secret.gone}',
  '{item.x?|hmac:"md5",secret.gone}',
])("nothing is sent with a missing secret, wherever %s stands", (macro) => {
  const options = { secrets: new Map([["other", "word"]]), constants: new Map([["c", "1"]]) };
  const url = "https://t.example/pb";
  const inItem: TemplateSource[] = [
    { method: "POST", url, body: [{ $each: "data.none", do: [macro, { $json: `a ${macro}` }] }] },
    { method: "GET", url, parameters: [{ each: "data.none", params: { "a{n}": macro } }] },
    { method: "GET", url, parameters: [{ each: "data.none", join: "|", params: { a: macro } }] },
    { method: "GET", url, parameters: [{ each: "data.none", params: { a: { $json: { b: macro } } } }] },
  ];
  const outside: TemplateSource[] = [
    { method: "GET", url: `${url}/x${macro.replace("?", "")}/y` },
    { method: "GET", url: `${url}?a=${macro}` },
    { method: "POST", url: `${url}?a=${macro}`, body: "form" },
    { method: "GET", url, headers: { "x-a": `b ${macro}` } },
    { method: "POST", url, body: { $text: macro } },
    { method: "POST", url, body: { a: { $json: [macro] } } },
  ];
  for (const source of [...inItem, ...(macro.includes("item") ? [] : outside)]) {
    const template = compiled(source, options);
    expect(template.missingSecrets).toEqual(["gone"]);
    expect(renderTemplate(template, factsWith({}))).toMatchObject({ ok: false, reason: "missing_macro" });
  }
});
