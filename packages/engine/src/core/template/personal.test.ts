import type { PersonalPermit } from "@postrider/contract";
import { describe, expect, test } from "vitest";
import { compileTemplate, type TemplateSource } from "./compile.ts";
import { compileStrictly, type NewTemplateSource } from "./compile-strictly.ts";
import type { PostbackFacts } from "./facts.ts";
import { factsWith } from "./template.fixture.ts";
import { renderTemplate } from "./render.ts";

function render(source: TemplateSource, data: unknown, more: Partial<PostbackFacts> = {}) {
  const compiled = compileTemplate(source);
  if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
  return renderTemplate(compiled.template, factsWith(data, more));
}

const url = "https://t.example/pb";
const values = {
  email: "john.doe@partner.example",
  phone: "+1 415 555 2671",
  card: "4111 1111 1111 1111",
} as const;
const kinds = ["email", "phone", "card"] as const;
const items = (value: string) => ({ items: [{ sku: "A" }, { sku: value }] });

/** How a value gets into a place that leaks: the template, the data, and the macro that the failure names. */
const ways: readonly (readonly [
  name: string,
  place: "url" | "header" | "plain_http",
  source: TemplateSource,
  data: (value: string) => unknown,
  macro: string,
])[] = [
  ["in the query", "url", { method: "GET", url: `${url}?s={data.sub1}` }, (v) => ({ sub1: v }), "data.sub1"],
  ["in the path", "url", { method: "POST", url: `${url}/{data.sub1!}/x` }, (v) => ({ sub1: v }), "data.sub1"],
  [
    "within a longer text",
    "url",
    { method: "GET", url: `${url}?s=sub-{data.sub1}&t=1` },
    (v) => ({ sub1: `to: ${v}, please` }),
    "data.sub1",
  ],
  [
    "within an object",
    "url",
    { method: "GET", url: `${url}?u={data.user}` },
    (v) => ({ user: { a: [{ b: v }] } }),
    "data.user",
  ],
  [
    "as a default's neighbour",
    "url",
    { method: "GET", url: `${url}?u={data.sub1|default:"none"}` },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "in the URL of a form",
    "url",
    { method: "POST", url: `${url}/{data.sub1}?a=1`, body: "form" },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "in a group of parameters",
    "url",
    { method: "GET", url, parameters: [{ params: { s: "{data.sub1}" } }] },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "in a group that is repeated",
    "url",
    {
      method: "GET",
      url,
      parameters: [{ each: "data.items", params: { "ITEM{n}": "{item.sku}" } }],
    },
    items,
    "item.sku",
  ],
  [
    "in a joined parameter",
    "url",
    {
      method: "GET",
      url,
      parameters: [{ each: "data.items", join: "|", params: { skulist: "{item.sku}" } }],
    },
    items,
    "item.sku",
  ],
  [
    "in JSON text in the query",
    "url",
    { method: "GET", url, parameters: [{ params: { e: { $json: { user: "{data.sub1}" } } } }] },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "in a list in JSON text in the query",
    "url",
    {
      method: "GET",
      url,
      parameters: [{ params: { e: { $json: { $each: "data.items", do: { s: "{item.sku}" } } } } }],
    },
    items,
    "item.sku",
  ],
  [
    "in a header",
    "header",
    { method: "POST", url, headers: { "x-sub": "{data.sub1}" } },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "in the envelope over http",
    "plain_http",
    { method: "POST", url: "http://t.example/" },
    (v) => ({ a: [{ b: v }] }),
    "data",
  ],
  [
    "in a form of the envelope over http",
    "plain_http",
    { method: "POST", url: "http://t.example/", body: "form" },
    (v) => ({ a: v }),
    "data",
  ],
  [
    "as a key over http",
    "plain_http",
    { method: "POST", url: "http://t.example/" },
    (v) => ({ [v]: true }),
    "data",
  ],
  [
    "in a form over http",
    "plain_http",
    { method: "POST", url: "http://t.example/?s={data.sub1}", body: "form" },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "in a JSON document over http",
    "plain_http",
    { method: "POST", url: "http://t.example/", body: { a: [{ b: "{data.sub1}" }] } },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "in a list of a JSON document over http",
    "plain_http",
    { method: "POST", url: "http://t.example/", body: { a: { $each: "data.items", do: "{item.sku}" } } },
    items,
    "item.sku",
  ],
  [
    "in a plain text over http",
    "plain_http",
    { method: "POST", url: "http://t.example/", body: { $text: "of {data.sub1}" } },
    (v) => ({ sub1: v }),
    "data.sub1",
  ],
  [
    "as the whole body over http",
    "plain_http",
    { method: "POST", url: "http://t.example/", body: "{data}" },
    (v) => ({ sub1: v }),
    "data",
  ],
];

describe.each(ways)("%s", (_, place, source, data, macro) => {
  test.each(kinds)("a value that looks like %s is not sent, and the error does not have it", (kind) => {
    const rendered = render(source, data(values[kind]));
    expect(rendered).toMatchObject({ ok: false, reason: "personal_data", macro });
    expect(JSON.stringify(rendered)).toContain(`${place}:${kind}`);
    for (const part of ["john", "partner.example", "415", "2671", "4111"])
      expect(JSON.stringify(rendered)).not.toContain(part);
  });

  test.each(kinds)("%s is sent if the endpoint allows it there, and no other kind", (kind) => {
    const allowing = { ...source, personal_data: [`${place}:${kind}`] as PersonalPermit[] };
    for (const other of kinds) expect(render(allowing, data(values[other])).ok).toBe(other === kind);
  });

  test("other values are sent", () => {
    expect(render(source, data("d290f1ee-6c54-4b01-90e6-d701748f0851"))).toMatchObject({ ok: true });
  });
});

test("a body over https holds what it holds, and is not looked at", () => {
  const data = { email: values.email };
  for (const body of ["envelope", { e: "{data.email}" }, { $text: "{data.email}" }] as const)
    expect(render({ method: "POST", url, body }, data)).toMatchObject({ ok: true });
  const compiled = compileTemplate({ method: "POST", url, body: { e: "{data.email}" } });
  expect(compiled.ok && compiled.template.plan.personal).toBeNull();
});

test("over plain http a URL needs both permits", () => {
  const source = { method: "GET", url: "http://t.example/?e={data.email}" } as const;
  const withPermits = (...personal_data: PersonalPermit[]) =>
    render({ ...source, personal_data }, { email: values.email });
  expect(withPermits()).toMatchObject({ message: expect.stringContaining("url:email") });
  expect(withPermits("url:email")).toMatchObject({ message: expect.stringContaining("plain_http:email") });
  expect(withPermits("plain_http:email")).toMatchObject({ message: expect.stringContaining("url:email") });
  expect(withPermits("url:email", "plain_http:email")).toMatchObject({ ok: true });
});

test("an address that two macros make together is found", () => {
  const source = { method: "GET", url: `${url}?e={data.user}@{data.host}` } as const;
  const rendered = render(source, { user: "john", host: "partner.example" });
  expect(rendered).toMatchObject({
    reason: "personal_data",
    macro: "data.user",
    message: expect.stringContaining("{data.user} with {data.host}"),
  });
  expect(JSON.stringify(rendered)).not.toContain("john");
  expect(render(source, { user: "john", host: "x" })).toMatchObject({ ok: true });
});

test("an address that the operator wrote is no leak, and does not hide one of the event", () => {
  const source = { method: "GET", url: `${url}?to=ops@acme.example-{data.sub1}` } as const;
  expect(render(source, { sub1: "7" })).toMatchObject({ ok: true });
  expect(render(source, { sub1: values.email })).toMatchObject({ reason: "personal_data" });
});

test("what is left out is not looked at", () => {
  const source = { method: "GET", url: `${url}?e={data.email}-{data.sub1?}` } as const;
  expect(render(source, { email: values.email })).toMatchObject({ ok: true, url });
});

test("an event's id is looked at, and what Postrider makes is not", () => {
  const source = { method: "GET", url: `${url}?e={event_id}&d={delivery_id}&t={occurred_at}` } as const;
  expect(render(source, {}, { eventId: "order of john@partner.example" })).toMatchObject({
    reason: "personal_data",
    macro: "event_id",
  });
  const compiled = compileTemplate({ method: "GET", url: `${url}?d={delivery_id}&t={type}&n={attempt}` });
  expect(compiled.ok && compiled.template.plan.personal).toBeNull();
});

test("constants of the partner are the operator's words", () => {
  const compiled = compileTemplate(
    { method: "GET", url: `${url}?login={const.login}&c={data.c}` },
    { constants: new Map([["login", "ops@acme.example"]]) },
  );
  if (!compiled.ok) throw new Error("does not compile");
  expect(renderTemplate(compiled.template, factsWith({ c: "1" }))).toMatchObject({ ok: true });
});

test("the item of a request per item is looked at", () => {
  const source = { method: "GET", url: `${url}?s={item.sku}`, fan_out: "data.items" } as const;
  const item = (sku: string) => ({ item: { text: JSON.stringify({ sku }), n: 1 } });
  expect(render(source, {}, item(values.email))).toMatchObject({
    reason: "personal_data",
    macro: "item.sku",
  });
  expect(render(source, {}, item("A"))).toMatchObject({ ok: true });
});

describe("a new document", () => {
  const refused = (source: NewTemplateSource) => {
    const compiled = compileStrictly(source);
    return compiled.ok
      ? []
      : compiled.issues.map(({ code, field, position }) => `${code} ${field} ${position}`);
  };
  const whole: readonly (readonly [string, NewTemplateSource, string])[] = [
    ["query", { method: "GET", url: `${url}?d={data}` }, "url 23"],
    ["path", { method: "GET", url: `${url}/{data}` }, "url 21"],
    ["header", { method: "POST", url, headers: { "x-d": "a {data}" } }, "headers.x-d 2"],
    [
      "parameters",
      { method: "GET", url, parameters: [{ params: { d: { $json: { a: "{data}" } } } }] },
      "parameters[0].params.d.$json.a 0",
    ],
  ];
  test.each(whole)("does not send the whole data in the %s", (place, source, where) => {
    expect(refused(source)).toEqual([`personal_data ${where}`]);
    const permit = place === "header" ? "header:whole_data" : "url:whole_data";
    expect(refused({ ...source, personal_data: [permit] })).toEqual([]);
    expect(compileTemplate(source).ok).toBe(true);
  });

  test("may send the whole data in a body, and fields of it anywhere", () => {
    expect(refused({ method: "POST", url, body: "{data}" })).toEqual([]);
    expect(refused({ method: "POST", url: `${url}?d={data}`, body: "form" })).toEqual([]);
    expect(refused({ method: "POST", url: "http://t.example/", body: { d: "{data}" } })).toEqual([]);
    expect(refused({ method: "GET", url: `${url}?d={data.user}` })).toEqual([]);
  });

  const hashed: readonly (readonly [string, NewTemplateSource, PersonalPermit])[] = [
    [
      "a hash of a norm rule in the URL",
      { method: "GET", url: `${url}?em={data.x|norm:"meta.email"|sha256}` },
      "url:hashed",
    ],
    [
      "a hash by the name of its macro",
      { method: "GET", url: `${url}?em={data.user.email|lower|md5|hex}` },
      "url:hashed",
    ],
    [
      "a hash in a header",
      { method: "POST", url, headers: { "x-em": "{data.email|sha256}" } },
      "header:hashed",
    ],
    [
      "a hash in a body over http",
      { method: "POST", url: "http://t.example/", body: { em: "{data.email|sha256}" } },
      "plain_http:hashed",
    ],
  ];
  test.each(hashed)("does not send %s", (_, source, permit) => {
    expect(refused(source)).toEqual([expect.stringMatching(/^personal_data /)]);
    expect(refused({ ...source, personal_data: [permit] })).toEqual([]);
    expect(compileTemplate(source).ok).toBe(true);
  });

  test("may hash what is not personal in the URL, and what is in a body", () => {
    expect(refused({ method: "GET", url: `${url}?s={data.click_id|sha256}&c={data|count}` })).toEqual([]);
    expect(refused({ method: "POST", url, body: { em: '{data.email|norm:"meta.email"|sha256}' } })).toEqual(
      [],
    );
  });

  test("is looked at once more when an event comes: the whole data of a stored one too", () => {
    const source = { method: "GET", url: `${url}?d={data}` } as const;
    expect(render(source, { a: { b: values.email } })).toMatchObject({
      reason: "personal_data",
      macro: "data",
    });
    expect(render(source, { a: 1 })).toMatchObject({ ok: true });
  });
});

test("the name of a macro says what its digits are", () => {
  const source = { method: "GET", url: `${url}?a={data.msisdn?}&b={data.click_id?}&c={data.sub1?}` } as const;
  expect(render(source, { msisdn: "4915112345678" })).toMatchObject({ macro: "data.msisdn" });
  expect(render(source, { click_id: "4111111111111111" })).toMatchObject({ ok: true });
  expect(render(source, { sub1: "4915112345678" })).toMatchObject({ ok: true });
  expect(render(source, { sub1: 4111111111111111 })).toMatchObject({ macro: "data.sub1" });
});

test.each([
  ["a constant", "{const.one|times:data.phone}"],
  ["a fact of Postrider", "{attempt|times:data.phone}"],
  ["a literal number of an id", "{data.one_id|times:data.phone}"],
])("a value that a filter takes as its argument is looked at, too: of %s", (_, macro) => {
  const source: TemplateSource = { method: "GET", url: `https://t.example/pb?p=${macro}` };
  const compiled = compileTemplate(source, { constants: new Map([["one", "1"]]) });
  const event = factsWith({ phone: 4_155_552_671, one_id: 1 });
  expect(compiled.ok && renderTemplate(compiled.template, event)).toMatchObject({ reason: "personal_data" });
});

test.each(["hex", "base64", "telegram", "discord", "markdown", "html", "urlencode", "json"])(
  "|%s does not hide an e-mail address",
  (filter) => {
    const source: TemplateSource = { method: "GET", url: `https://t.example/pb?p={data.sub1|${filter}}` };
    expect(render(source, { sub1: "john.doe@partner.example" })).toMatchObject({ reason: "personal_data" });
  },
);
