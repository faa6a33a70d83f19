import { describe, expect, test } from "vitest";
import { compileStrictly } from "../compile-strictly.ts";
import { compileTemplate, type TemplateSource } from "../compile.ts";

const source = (url: string): TemplateSource => ({ method: "GET", url });

/** The issues of the strict compiler, each as `code@position → what to write`. */
function refusals(template: TemplateSource): string[] {
  const result = compileStrictly(template);
  if (result.ok) return [];
  return result.issues.map(({ code, field, position, message }) => {
    const written = /write (\S+?)\.(?: |$)/.exec(message)?.[1] ?? message;
    return `${code} ${field}@${position} → ${written}`;
  });
}

const inQuery = (value: string) => refusals(source(`https://t.example/?a=${value}`));

describe("a URL from another platform's page is refused at the macro, with what to write", () => {
  test.each([
    // Each syntax, as a whole value.
    ["[CLICK_ID]", "foreign_macro url@21 → {data.click_id}"],
    ["[player_id]", "foreign_macro url@21 → {data.user_id}"],
    ["[anything]", "foreign_macro url@21 → {data.anything}"],
    ["[New|Return|Lapsed]", "foreign_macro url@21 → {data.new_return_lapsed}"],
    ["#s2#", "foreign_macro url@21 → {data.sub2}"],
    ["#RATE#", "foreign_macro url@21 → {data.payout}"],
    ["!!!clickRef!!!", "foreign_macro url@21 → {data.click_id}"],
    ["[%USER:UID%]", "foreign_macro url@21 → {data.user_id}"],
    ["[%VALUE:USD%]", "foreign_macro url@21 → {data.payout}"],
    ["__CALLBACK_PARAM__", "foreign_macro url@21 → {data.click_id}"],
    ["__callback_param__", "foreign_macro url@21 → {data.click_id}"],
    ["__CALLBACK__", "foreign_macro url@21 → {data.click_id}"],
    ["{{advertising_id}}", "foreign_macro url@21 → {data.advertising_id}"],
    ["${epi}", "foreign_macro url@21 → {data.epi}"],
    ["${(user_data.os)!}", "foreign_macro url@21 → {data.os}"],
    ["$IDA", "foreign_macro url@21 → {data.idfa}"],
    ["$click_id", "foreign_macro url@21 → {data.click_id}"],
    ["(app-id)", "foreign_macro url@21 → {data.app_id}"],
    ["%%CLICK_URL_ESC%%", "foreign_macro url@21 → {data.click_url}"],
    ["<user_id>", "foreign_macro url@21 → {data.user_id}"],
    [":click_id", "foreign_macro url@21 → {data.click_id}"],
    ["${data.click_id}", "foreign_macro url@21 → {data.click_id}"],
    ["{{data.click_id}}", "foreign_macro url@21 → {data.click_id}"],
    // As copied from a browser's address bar.
    ["%7Bclick_id%7D", "foreign_macro url@21 → {data.click_id}"],
    ["%7B%7Bclick_id%7D%7D", "foreign_macro url@21 → {data.click_id}"],
    ["%5BUSER_ID%5D", "foreign_macro url@21 → {data.user_id}"],
    ["%23s2%23", "foreign_macro url@21 → {data.sub2}"],
    ["%24IDA", "foreign_macro url@21 → {data.idfa}"],
    ["%24%7Bepi%7D", "foreign_macro url@21 → {data.epi}"],
    ["%25%25CLICK_ID%25%25", "foreign_macro url@21 → {data.click_id}"],
    ["%3Cuser_id%3e", "foreign_macro url@21 → {data.user_id}"],
    // Inside a value.
    ["GROUP:[AMOUNT]", "foreign_macro url@27 → {data.payout}"],
    ["a-%7Bclick_id%7D-b", "foreign_macro url@23 → {data.click_id}"],
    ["x-__OS__", "foreign_macro url@23 → {data.os}"],
    ["__OS____TS__", "foreign_macro url@21 → {data.os}", 'foreign_macro url@27 → {occurred_at|date:"unix"}'],
    ["v1.$CLICK_ID", "foreign_macro url@24 → {data.click_id}"],
    [
      "{{campaign.id}}_{{adset.id}}",
      "foreign_macro url@21 → {data.campaign_id}",
      "foreign_macro url@37 → {data.adset_id}",
    ],
    // In a URL within a value.
    [
      "https://x.example/[id]?c=[CLICK_ID]",
      "foreign_macro url@39 → {data.id}",
      "foreign_macro url@46 → {data.click_id}",
    ],
    // Placeholders.
    ["YOUR_CLICK_ID", "placeholder url@21 → {data.click_id}"],
    ["YOUR-TOKEN", "placeholder url@21 → {secret.token}"],
    ["your_api_key", "placeholder url@21 → {secret.api_key}"],
    ["REPLACE_ME", "placeholder url@21 → the"],
    ["REPLACE_WITH_CLICK_ID", "placeholder url@21 → {data.click_id}"],
    ["INSERT_CLICK_ID_HERE", "placeholder url@21 → {data.click_id}"],
    ["CLICK_ID_HERE", "placeholder url@21 → {data.click_id}"],
    ["xxxx", "placeholder url@21 → the"],
    ["XXXXXXXX", "placeholder url@21 → the"],
    ["UA-XXXXXXX-1", "placeholder url@21 → the"],
  ])("%j", (value, ...expected) => {
    const found = inQuery(value).map((issue) => issue.replace(/→ stands.*|→ .* write the value.*/, "→ the"));
    expect(found).toEqual(expected);
  });

  test.each([
    ["https://t.example/[sub]/x", "foreign_macro url@18 → {data.sub}"],
    ["https://t.example/v1/:id/pb", "foreign_macro url@21 → {data.id}"],
    ["https://t.example/YOUR_PIXEL_ID/events", "placeholder url@18"],
    ["https://YOUR_DOMAIN/pb", "placeholder url@8"],
    ["https://your-domain.example/pb", "placeholder url@8"],
    ["https://xxxx.tracker.example/pb", "placeholder url@8"],
    ["https://t.example/?payout={data.p}&amp;currency={data.c}", "html_entity url@34 → &"],
    ["https://t.example/?a=1&amp;amp;b=2", "html_entity url@22 → &"],
    ["https://t.example/?a=1&#38;b=2", "html_entity url@22 → &"],
    ["https://t.example/?a=1¤cy=USD", "html_entity url@22 → &curren"],
    ["https://t.example/?a=1%C2%A4cy=USD", "html_entity url@22 → &curren"],
    ["https://t.example/?a=1®ion=EU", "html_entity url@22 → &reg"],
    ["https://t.example/?a=1×tamp=1", "html_entity url@22 → &times"],
    ["https://t.example/?a=1¬e=x", "html_entity url@22 → &not"],
    ["https://t.example/?a=1¶m=x", "html_entity url@22 → &para"],
    ["https://t.example/?a=1§ion=x", "html_entity url@22 → &sect"],
    ["https://t.example/?a=1©=x", "html_entity url@22 → &copy"],
    ["https://t.example/?a=1&quot;e=x", "html_entity url@22 → %22"],
    ["https://t.example/?a=&#123;click_id&#125;", "html_entity url@21 → {", "html_entity url@35 → }"],
  ])("%j", (url, ...expected) => {
    const found = refusals(source(url)).map((issue) => issue.replace(/^(placeholder \S+) .*/, "$1"));
    expect(found).toEqual(expected);
  });
});

describe("what only looks like it is stored and sent", () => {
  test.each([
    // In URLs.
    "https://t.example/?q[]=1&d[x]=2&items[0][sku]=3",
    "https://t.example/?price=$5&total=US$12.50&t=10:30",
    "https://t.example/?at=2026-01-31T10:00:00Z&tz=+01:00",
    "https://t.example/?ip=[2001:db8::1]&other=[::1]",
    "https://[2001:db8::1]:8443/pb?a=1",
    "https://t.example/?utm_campaign=brand__search__us",
    "https://t.example/?text=<b>paid</b><i>now</i>",
    "https://t.example/?f=a(b)c&g=x[1]&h=list[0]",
    "https://t.example/?$filter=name&$top=5",
    "https://t.example/v1/customers/1:upload",
    "https://t.example/?label=%5Bx%5D&n=50%25&c=%23ff0000",
    "https://t.example/?note=©2026&x=1",
    "https://t.example/?a=5€&b=é",
    "https://t.example/?campaign=your_summer_sale",
    "https://t.example/?insertDataOption=INSERT_ROWS&mode=REPLACE_ALL",
    "https://t.example/?size=XXXL&roman=XXX",
    "https://t.example/?a=1;b=2&c=3",
    "https://t.example/{data.a}?b={data.b!}&c=pre-{data.c}-post&d={event_id}",
    'https://t.example/?b={data.b|default:"[x] &amp; YOUR_ID"}',
    "https://t.example/?h=x%20y%2Fz%7E",
    "https://here.example/where?from=somewhere",
    "https://my-account.example/my_event?goal=my_token",
  ])("%j", (url) => {
    expect(refusals(source(url))).toEqual([]);
  });

  test.each([
    "Price: $5, now $4.50",
    "You earned ${data.payout} today",
    "at 10:30 :smile: :tada:",
    ":smile:",
    "<b>bold</b> & <https://a.example|link> <!here> <@U123ABC>",
    "[text](https://a.example/) and [1] and [x]",
    "[ALERT] disk full",
    "[URGENT]",
    "#URGENT#",
    "__BOLD__",
    "$USD",
    "List<java.lang.String>",
    "<urn:isbn:123>",
    "<abc.def@mail.example>",
    "**bold** __underlined text__ ~~gone~~",
    "__init__",
    "#general and #random",
    "!!!",
    "wow!!! great!!!",
    "100%% sure",
    "Fish &amp; chips &lt;3",
    "fe80::1%eth0",
    "[fe80::1]",
    "(unknown)",
    "(see below)",
    "REPLACE",
    "INSERT_OR_UPDATE",
    "card ending in xxxx 1234",
    "put your token here",
    "a_b__c__d",
    "{data.x} of {data.y}",
    "{{",
    '{{"af_revenue":1}}',
    "$5",
    "$.items[0].sku",
    "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
    "text/html; q=0.8, */*",
    "max-age=0",
    'W/"67ab43"',
  ])("in a header or a text of JSON: %j", (text) => {
    const issues = [
      ...refusals({ method: "POST", url: "https://t.example/", body: { a: text, b: [text] } }),
      ...refusals({ method: "POST", url: "https://t.example/", headers: { "x-a": text } }),
    ];
    expect(issues).toEqual([]);
  });
});

describe("headers and texts of JSON are refused where nothing else can be meant", () => {
  test.each([
    ["[CLICK_ID]", 0, "{data.click_id}"],
    ["[click_id]", 0, "{data.click_id}"],
    ["id-[CLICK_ID]", 3, "{data.click_id}"],
    ["Click [CLICK_ID] converted", 6, "{data.click_id}"],
    ["#s2#", 0, "{data.sub2}"],
    ["!!!commission!!!", 0, "{data.payout}"],
    ["[%TX%]", 0, "{data.transaction_id}"],
    ["__OS__", 0, "{data.os}"],
    ["{{click_id}}", 0, "{data.click_id}"],
    ["Hello {{click_id}}", 6, "{data.click_id}"],
    ["${data.click_id}", 0, "{data.click_id}"],
    ["$CLICK_ID", 0, "{data.click_id}"],
    ["<click_id>", 0, "{data.click_id}"],
    [":click_id", 0, "{data.click_id}"],
    ["(app-id)", 0, "{data.app_id}"],
    ["%%CLICK_ID%%", 0, "{data.click_id}"],
    ["%7Bclick_id%7D", 0, "{data.click_id}"],
    ["https://x.example/?c=[CLICK_ID]&d=1", 21, "{data.click_id}"],
  ])("%j", (text, position, written) => {
    const inBody = refusals({ method: "POST", url: "https://t.example/", body: { a: [text] } });
    expect(inBody).toEqual([`foreign_macro body.a[0]@${position} → ${written}`]);
    const inHeader = refusals({ method: "GET", url: "https://t.example/", headers: { "x-a": text } });
    expect(inHeader).toEqual([`foreign_macro headers.x-a@${position} → ${written}`]);
  });

  test.each([
    ["Bearer YOUR_ACCESS_TOKEN", 7],
    ["Bearer xxxxxxxx", -1],
    ["xxxx-xxxx", 0],
    ["your-api-key", 0],
  ])("%j", (text, position) => {
    const found = refusals({ method: "GET", url: "https://t.example/", headers: { authorization: text } });
    expect(found.map((issue) => issue.split(" →")[0])).toEqual(
      position === -1 ? [] : [`placeholder headers.authorization@${position}`],
    );
  });

  test("in groups of parameters as in the URL, and within nodes", () => {
    const template: TemplateSource = {
      method: "POST",
      url: "https://t.example/",
      parameters: [
        { params: { a: "[foo]", b: "{data.b}", c: { $json: { x: ["[CLICK_ID]"] } } } },
        { each: "data.items", from: 1, params: { "S{n}": "#sku#" } },
        { each: "data.items", join: "|", params: { l: "x-[SKU]", "a b": "YOUR_TOKEN now" } },
      ],
      body: { a: { $json: { b: "[CLICK_ID]" } }, l: { $each: "data.items", do: { x: "[CLICK_ID]" } } },
    };
    const rest = { ...template, body: "form" } as const;
    const found = (source: TemplateSource) => refusals(source).map((issue) => issue.split(" →")[0]);
    expect(found(rest)).toEqual([
      "foreign_macro parameters[0].params.a@0",
      "foreign_macro parameters[0].params.c.$json.x[0]@0",
      'foreign_macro parameters[1].params["S{n}"]@0',
      "foreign_macro parameters[2].params.l@2",
      'placeholder parameters[2].params["a b"]@0',
    ]);
    expect(found({ ...template, parameters: [] })).toEqual([
      "foreign_macro body.a.$json.b@0",
      "foreign_macro body.l.do.x@0",
    ]);
    expect(found({ method: "POST", url: rest.url, body: { $text: "Click [CLICK_ID]" } })).toEqual([
      "foreign_macro body.$text@6",
    ]);
  });

  test("a token that no macro of ours is made of says what to write", () => {
    const result = compileStrictly(source("https://t.example/?id=${epi}"));
    expect(result.ok ? "" : result.issues[0]?.message).toBe(
      "${epi} is another platform's macro: write {data.epi}. To send it as it is, set \"literal\": true in the endpoint's document.",
    );
  });
});

describe("the guard is for new documents only", () => {
  const pasted: readonly TemplateSource[] = [
    source(
      "https://t.example/?c=[CLICK_ID]&amp;p=%7Bpayout%7D&d=__OS__&e=<user_id>&f=YOUR_ID&g=(x)&h=!!!a!!!",
    ),
    source("https://t.example/:id?c={{click_id}}"),
    {
      method: "POST",
      url: "https://t.example/",
      headers: { "x-a": "[CLICK_ID]" },
      body: { a: "__OS__", b: "xxxx" },
    },
  ];

  test.each(pasted)("a stored document is compiled for dispatch as before: %j", (template) => {
    expect(compileStrictly(template).ok).toBe(false);
    expect(compileTemplate(template).ok).toBe(true);
  });

  test.each(pasted)("and is taken as new if it is literal: %j", (template) => {
    expect(compileStrictly({ ...template, literal: true }).ok).toBe(true);
  });

  test("what else is wrong is told beside it, in order", () => {
    const template: TemplateSource = {
      method: "GET",
      url: "https://t.example/{clickid}?a=[CLICK_ID]&{data.k}=1&b=%%x%%&c=#d#",
      headers: { host: "a", "x-a": "[CLICK_ID]" },
    };
    expect(refusals(template).map((issue) => issue.split(" →")[0])).toEqual([
      "unknown_macro url@19",
      "foreign_macro url@30",
      "macro_not_allowed url@41",
      "foreign_macro url@54",
      "foreign_macro url@62",
      "foreign_macro headers.x-a@0",
      "forbidden_header headers.host@0",
    ]);
  });

  test("no more than 50 are listed, and a large document costs no more than its size", () => {
    const url = `https://t.example/?${"a=[X]&".repeat(1_300)}`;
    const result = compileStrictly({ method: "POST", url, body: { a: "[CLICK_ID]-".repeat(6_000) } });
    expect(result.ok ? 0 : result.issues.length).toBe(50);
  });
});
