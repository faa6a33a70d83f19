import { describe, expect, test } from "vitest";
import { compileTemplate } from "../compile.ts";
import { compiled, factsWith, refused, rendered, sentWith } from "../template.fixture.ts";
import { renderTemplate } from "../render.ts";
import { faults, filtered } from "./filter.fixture.ts";

const failed = "invalid_value";

/** The filters, the value as JSON text, and what becomes of it as JSON text. */
type Row = readonly [filters: string, value: string, made: string];

const textRows: Row[] = [
  ["|lower", '"ÄÖ İ"', '"äö i̇"'],
  ["|upper", '"straße"', '"STRASSE"'],
  ["|upper", "true", '"TRUE"'],
  ["|lower", "1E5", '"1e5"'],
  ["|trim", String.raw`" \u00a0x\n"`, '"x"'],
  ["|trim", '"  "', '""'],
  ["|digits", '"+1 (650) ٣"', '"1650"'],
  ["|digits", "12.50", '"1250"'],
  ["|truncate:3", '"abcd"', '"abc"'],
  ["|truncate:2", '"🎉🎉🎉"', '"🎉🎉"'],
  ["|truncate:5", '"ab"', '"ab"'],
  ['|replace:"a","b"', '"banana"', '"bbnbnb"'],
  ['|replace:".",""', '"a.b.c"', '"abc"'],
  ['|replace:"a","$&$1"', '"a"', '"$&$1"'],
  ["|urlencode", '"a b/ü"', '"a%20b%2F%C3%BC"'],
  ["|lower", "{}", failed],
  ["|trim", "[1]", failed],
];

const fillRows: Row[] = [
  ['|default:"0"', "null", '"0"'],
  ["|default:0", "null", "0"],
  ["|default:false", '""', "false"],
  ["|default:0.10", "null", "0.10"],
  ['|default:"x"', '{"a":1}', '{"a":1}'],
  ['|lower|default:"X"', "null", '"X"'],
  ['|default:"X"|lower', "null", '"x"'],
  ['|map:{"a":"1"}', '"a"', '"1"'],
  ['|map:{"a":"1"}', '"b"', "null"],
  ['|map:{"a":"1"}', "null", "null"],
  ['|map:{"a":"1"},"0"', '"b"', '"0"'],
  ['|map:{"a":"1"},"0"', "null", '"0"'],
  ['|map:{"a":1.0,"b":true,"c":null},0', '"a"', "1.0"],
  ['|map:{"a":1.0,"b":true,"c":null},0', '"b"', "true"],
  ['|map:{"a":1.0,"b":true,"c":null},0', '"c"', "null"],
  ['|map:{"1":"one"}', "1", '"one"'],
  ['|map:{"1":"one"}', "1.0", "null"],
  ['|map:{"__proto__":"x","constructor":"y"}', '"__proto__"', '"x"'],
  ['|map:{"a":"1"}', '"toString"', "null"],
  ['|map:{"}":"{"}', '"}"', '"{"'],
  ['|map:{"a":"1"}', "[]", failed],
];

const castRows: Row[] = [
  ["|num", '"10.50"', "10.50"],
  ["|num", "10.50", "10.50"],
  ["|num", '"1e400"', "1e400"],
  ["|num", '"12345678901234567890.0"', "12345678901234567890.0"],
  ["|num", '"007"', failed],
  ["|num", '"+5"', failed],
  ["|num", '"1,000"', failed],
  ["|num", '" 5"', failed],
  ["|num", '"NaN"', failed],
  ["|num", "true", failed],
  ["|num", "null", "null"],
  ["|int", '"10.00"', "10"],
  ["|int", "1e3", "1000"],
  ["|int", "-0.0", "0"],
  ["|int", "10.50", failed],
  ["|int", '"x"', failed],
  ["|text", "10.50", '"10.50"'],
  ["|text", "false", '"false"'],
  ["|text", "[1]", failed],
  ["|bool", "1", "true"],
  ["|bool", '"FALSE"', "false"],
  ["|bool", "true", "true"],
  ["|bool", '"yes"', failed],
  ["|bool", "2", failed],
  ['|bool:"yes","no"', "0", '"no"'],
  ["|json", String.raw`"a\"b"`, String.raw`"\"a\\\"b\""`],
  ["|json", '{ "a": [1.0, 2] }', String.raw`"{\"a\":[1.0,2]}"`],
  ["|json", "1.50", '"1.50"'],
  ["|count", "[]", "0"],
  ["|count", "[[1,2],{},3]", "3"],
  ["|count", "{}", failed],
  ["|count", '"[1]"', failed],
  ["|count|default:0", "null", "0"],
];

const hashRows: Row[] = [
  ["|md5", '"abc"', '"900150983cd24fb0d6963f7d28e17f72"'],
  ["|sha1", '"abc"', '"a9993e364706816aba3e25717850c26c9cd0d89d"'],
  ["|sha256", '"abc"', '"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"'],
  ["|sha256|base64", '"abc"', '"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="'],
  ["|sha256|base64url", '"abc"', '"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"'],
  ["|md5|base64url", '"abc"', '"kAFQmDzST7DWlj99KOF_cg"'],
  ["|sha256|upper|truncate:4", '"abc"', '"BA78"'],
  ["|md5|md5", '"abc"', '"ec0405c5aef93e771cd80e0db180b88b"'],
  ["|sha256|hex", '"abc"', '"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"'],
  ["|hex", '"é"', '"c3a9"'],
  ["|base64", '"é"', '"w6k="'],
  ["|sha256", '""', '""'],
  ["|sha256", "null", "null"],
  ["|sha256", "[]", failed],
  [
    "|sha512",
    '"abc"',
    '"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"',
  ],
  [
    "|hashed",
    '"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"',
    '"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"',
  ],
  ["|hashed", '"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"', "null"],
  ["|hashed", '"john@example.com"', "null"],
];

const moneyRows: Row[] = [
  ['|minor:"EUR"', '"10.5"', "1050"],
  ['|minor:"EUR"', "19.99", "1999"],
  ['|minor:"EUR"', "-0.01", "-1"],
  ['|minor:"JPY"', "1200", "1200"],
  ['|minor:"JPY"', "1200.00", "1200"],
  ['|minor:"JPY"', "1200.5", failed],
  ['|minor:"KWD"', "1.234", "1234"],
  ["|minor:2", "1e2", "10000"],
  ['|minor:"EUR"', "10.505", failed],
  ['|minor:"EUR"', '"ten"', failed],
  ['|minor:"EUR"', `"${"9".repeat(65)}"`, failed],
  ['|round:2|minor:"EUR"', "10.505", "1051"],
  ['|major:"EUR"', "1050", "10.50"],
  ['|major:"EUR"', "5", "0.05"],
  ['|major:"EUR"', "-5", "-0.05"],
  ['|major:"EUR"', "1.5", "0.015"],
  ['|major:"JPY"', "1200", "1200"],
  ['|major:"EUR"', "0", "0.00"],
  ["|scale:2", "10", "10.00"],
  ["|scale:1", "10.50", "10.5"],
  ["|scale:1", "10.55", failed],
  ["|scale:0", "1e2", "100"],
  ["|round:0", "0.5", "1"],
  ["|round:0", "-0.5", "-1"],
  ["|round:0", "-0.4", "0"],
  ["|round:2", "1.005", "1.01"],
  ["|round:3", "1", "1.000"],
  ["|times:100", '"19.99"', "1999.00"],
  ["|times:-0.5", "3", "-1.5"],
  ["|times:data.q", '{"x":"249.95","q":3}', "749.85"],
  ["|times:data.q", '{"x":"249.95","q":"x"}', failed],
  ["|times:data.q", '{"x":"249.95"}', failed],
  ["|times:data.q", '{"x":null,"q":"x"}', "null"],
  ["|minor:data.c", '{"x":10.5,"c":"USD"}', "1050"],
  ["|minor:data.c", '{"x":10.5,"c":"usd"}', failed],
  ["|minor:data.c", '{"x":10.5}', failed],
  ["|abs", "-4.50", "4.50"],
  ["|neg", "4.50", "-4.50"],
  ["|neg", "-0", "0"],
  ["|abs|neg", "0.00", "0.00"],
  ["|neg|text", "1", '"-1"'],
];

const dateRows: Row[] = [
  ['|date:"unix"', '"1970-01-01T00:00:01.999Z"', "1"],
  ['|date:"unix"', '"1969-12-31T23:59:59.5Z"', "-1"],
  ['|date:"unix_ms"', '"1969-12-31T23:59:59.5Z"', "-500"],
  ['|date:"unix_us"', '"2026-01-31T10:00:00.123456789Z"', "1769853600123456"],
  ['|date:"unix_us"', '"9999-12-31T23:59:59.999999Z"', "253402300799999999"],
  ['|date:"iso"', "1769853600", '"2026-01-31T10:00:00Z"'],
  ['|date:"iso"', '"1769853600"', '"2026-01-31T10:00:00Z"'],
  ['|date:"iso"', "1769853600500", '"2026-01-31T10:00:00.500Z"'],
  ['|date:"iso"', "1769853600123456", '"2026-01-31T10:00:00.123456Z"'],
  ['|date:"iso"', "1769853600.25", '"2026-01-31T10:00:00.25Z"'],
  ['|date:"iso"', "-1", '"1969-12-31T23:59:59Z"'],
  ['|date:"iso"', '"2026-01-31 12:00:00+02:00"', '"2026-01-31T10:00:00Z"'],
  ['|date:"iso"', "99999999999", '"5138-11-16T09:46:39Z"'],
  ['|date:"iso"', "100000000000", '"1973-03-03T09:46:40.000Z"'],
  ['|date:"iso"', "100000000000000000", failed],
  ['|date:"iso"', '"2026-01-31T10:00:00"', failed],
  ['|date:"iso"', '"2026-02-30T10:00:00Z"', failed],
  ['|date:"iso"', '"2026-01-31"', failed],
  ['|date:"iso"', '"2026-01-31T24:00:00Z"', failed],
  ['|date:"iso"', "true", failed],
  ['|date:"iso"', '"yesterday"', failed],
  ['|date:"yyyy-MM-dd HH:mm:ssxxx"', '"2026-01-31T10:00:00Z"', '"2026-01-31 10:00:00+00:00"'],
  ["|date:\"yyyyMMdd'T'HHmmssXXX\"", '"2026-01-31T10:00:00Z"', '"20260131T100000Z"'],
  ['|tz:"UTC"|date:"yyyyMMdd_HHmm"', '"2026-01-31T10:00:00Z"', '"20260131_1000"'],
  [
    '|tz:"UTC"|date:"yyyy-MM-dd\'T\'HH:mm:ss.SSSSSSS"',
    '"2013-11-12T13:04:27.567Z"',
    '"2013-11-12T13:04:27.5670000"',
  ],
  [
    `|tz:"America/New_York"|date:"EEE, d MMM yy h:mm a 'at' '' XX"`,
    '"2026-07-04T04:05:06Z"',
    `"Sat, 4 Jul 26 12:05 AM at ' -0400"`,
  ],
  ['|tz:"Asia/Kathmandu"', '"2026-01-31T10:00:00Z"', '"2026-01-31T15:45:00+05:45"'],
  ['|tz:"UTC"', '"2026-01-31T10:00:00Z"', '"2026-01-31T10:00:00+00:00"'],
  ['|tz:"Europe/Berlin"|date:"unix"', '"2026-01-31T10:00:00Z"', "1769853600"],
  ['|tz:"Europe/Berlin"|date:"iso"', '"2026-01-31T10:00:00Z"', '"2026-01-31T11:00:00+01:00"'],
  // The clocks go forward at 01:00 UTC, and back at 01:00 UTC.
  ['|tz:"Europe/Berlin"', '"2026-03-29T00:59:59Z"', '"2026-03-29T01:59:59+01:00"'],
  ['|tz:"Europe/Berlin"', '"2026-03-29T01:00:00Z"', '"2026-03-29T03:00:00+02:00"'],
  ['|tz:"Europe/Berlin"', '"2026-10-25T00:30:00Z"', '"2026-10-25T02:30:00+02:00"'],
  ['|tz:"Europe/Berlin"', '"2026-10-25T01:30:00Z"', '"2026-10-25T02:30:00+01:00"'],
  ['|tz:"Australia/Lord_Howe"', '"2026-04-04T15:00:00Z"', '"2026-04-05T01:30:00+10:30"'],
  ['|tz:"Pacific/Apia"', '"2011-12-30T10:00:00Z"', '"2011-12-31T00:00:00+14:00"'],
  // Until 1972 the offset of Monrovia had seconds, which no text of an offset can hold.
  ['|tz:"Africa/Monrovia"', '"1971-01-01T00:00:00Z"', failed],
  ['|tz:"Pacific/Kiritimati"', '"9999-12-31T23:00:00Z"', failed],
];

const chatRows: Row[] = [
  ["|html", `"<a href='x'>&\\""`, '"&lt;a href=&#39;x&#39;&gt;&amp;&quot;"'],
  ["|slack", '"<!channel> & <@U1>"', '"&lt;!channel&gt; &amp; &lt;@U1&gt;"'],
  ["|markdown", String.raw`"# a\n* [x](y) _z_"`, String.raw`"\\# a \\* \\[x\\]\\(y\\) \\_z\\_"`],
  ["|telegram", '"1.5 *x*!"', String.raw`"1\\.5 \\*x\\*\\!"`],
  ["|discord", '"@everyone <@1>"', '"\\\\@\u200beveryone \\\\<\\\\@\u200b1\\\\>"'],
];

describe.each([
  ["texts", textRows],
  ["what is filled in", fillRows],
  ["casts", castRows],
  ["hashes", hashRows],
  ["money", moneyRows],
  ["dates", dateRows],
  ["chat", chatRows],
])("filters on %s", (_, rows) => {
  test.each(rows)("%s of %s", (filters, value, made) => {
    expect(filtered(filters, value)).toBe(made);
  });
});

describe("a macro with filters", () => {
  test.each([
    ["|truncate:▸0", "invalid_argument"],
    ["|truncate:▸1.5", "invalid_argument"],
    ['|truncate:▸"3"', "invalid_argument"],
    ["|truncate▸", "invalid_argument"],
    ["|lower▸:1", "invalid_argument"],
    ['|replace:"a"▸', "invalid_argument"],
    ['|replace:▸"","x"', "invalid_argument"],
    ["|default▸", "invalid_argument"],
    ["|default:▸data.y", "invalid_argument"],
    ["|map:▸{}", "invalid_argument"],
    ['|map:▸{"a":}', "invalid_argument"],
    ['|map:▸{"a":[]}', "invalid_argument"],
    ['|map:▸{"a":1,"a":2}', "invalid_argument"],
    ['|bool:▸"1"', "invalid_argument"],
    ['|minor:▸"EURO"', "invalid_argument"],
    ['|minor:▸"XAU"', "invalid_argument"],
    ["|minor:▸19", "invalid_argument"],
    ["|minor▸", "invalid_argument"],
    ["|times:▸x.y", "unknown_macro"],
    ["|times:▸occurred_at.x", "unknown_macro"],
    ["▸|times:item.qty", "item_not_allowed"],
    ['|date:▸"unixx"', "invalid_argument"],
    ['|date:▸"yyyy-MM-dd"', "invalid_argument"],
    ['|date:▸"YYYY xxx"', "invalid_argument"],
    ['|date:▸"xxx \'"', "invalid_argument"],
    ['|date:▸"-"', "invalid_argument"],
    ['|tz:▸"Europe/Berln"', "invalid_argument"],
    ['|tz:▸"+01:00"', "invalid_argument"],
    ['|hmac:▸"sha3",secret.k', "invalid_argument"],
    ['|hmac:"sha256",▸"k"', "invalid_argument"],
    ['|hmac:"sha256",▸data.k', "invalid_argument"],
    ["|times:▸secret.k", "invalid_argument"],
    ["|minor:▸secret.k", "invalid_argument"],
    ['|norm:"meta.phone",▸secret.k', "invalid_argument"],
    ['|sha256|▸major:"EUR"', "filter_mismatch"],
    ['|sha256|hex|▸minor:"EUR"', "filter_mismatch"],
    ['|html|▸date:"unix"', "filter_mismatch"],
    ["|lower|▸count", "filter_mismatch"],
    ["|num|▸hashed", "filter_mismatch"],
    ["|▸uper", "unknown_filter"],
    [`${"|lower".repeat(20)}▸|lower`, "invalid_macro"],
  ])("%s is refused at ▸", (marked, code) => {
    const position = code === "item_not_allowed" ? 0 : "{data.x".length + marked.indexOf("▸");
    expect(faults(marked.replace("▸", ""))).toEqual([`${code}@${position}`]);
  });

  test.each([
    ['{data.x!|default:"a"}', ["modifier_conflict"]],
    ['{data.x?|map:{"a":"b"},"c"}', ["modifier_conflict"]],
    ['{data.x!|default:"a"|lower}', ["modifier_conflict"]],
    ['{data.x!|map:{"a":"b"}}', []],
    ['{data.x!|default:"a"|map:{"a":"b"}}', []],
  ])("%s: a modifier that can never act is refused", (macro, codes) => {
    const issues = refused({ method: "POST", url: "https://t.example/", body: [macro] });
    expect(issues.map((issue) => issue.split(" ")[0])).toEqual(codes);
  });

  test("suggests what was most likely meant", () => {
    const messageOf = (filters: string): string => {
      const result = compileTemplate({
        method: "POST",
        url: "https://t.example/",
        body: [`{data.x${filters}}`],
      });
      return result.ok ? "" : (result.issues[0]?.message ?? "");
    };
    expect(messageOf("|uper")).toContain('did you mean "upper"');
    expect(messageOf("|lowercase")).toContain('did you mean "lower"');
    expect(messageOf('|tz:"Europe/Berln"')).toContain("Europe/Berlin");
    expect(messageOf('|date:"unixms"')).toContain('"unix_ms"');
    expect(messageOf('|minor:"EURO"')).toContain('"EUR"');
    expect(messageOf('|norm:"meta.emial"')).toContain("meta.email");
    expect(messageOf("|truncate")).toContain("|truncate:100");
  });

  test("acts on what is missing after its filters", () => {
    const url = (macro: string) => `https://t.example/pb?a=1&b=${macro}`;
    expect(rendered(url('{data.x!|map:{"a":"1"}}'), { x: "b" })).toMatchObject({
      reason: "missing_macro",
      macro: "data.x",
    });
    expect(rendered(url('{data.x?|map:{"a":"1"}}'), { x: "b" })).toMatchObject({
      url: "https://t.example/pb?a=1",
    });
  });

  test("names the macro and the filter in its failure, never the value", () => {
    const result = rendered('https://t.example/pb?d={data.when|date:"unix"}', { when: "s3cret-value" });
    expect(result).toMatchObject({ ok: false, reason: "invalid_value", macro: "data.when" });
    expect(JSON.stringify(result)).toContain("|date");
    expect(JSON.stringify(result)).not.toContain("s3cret-value");
  });

  test("makes no text that is larger than the limit", () => {
    const url = `https://t.example/pb`;
    const body = [`{data.x|replace:"a","${"b".repeat(2000)}"|replace:"b","${"c".repeat(2000)}"}`];
    expect(rendered({ method: "POST", url, body }, { x: "a".repeat(200) })).toMatchObject({
      reason: "invalid_value",
    });
    const layers = [`{data.x${"|urlencode".repeat(20)}}`];
    expect(rendered({ method: "POST", url, body: layers }, { x: "é".repeat(20_000) })).toMatchObject({
      reason: "invalid_value",
    });
  });
});

describe("hmac", () => {
  const url = 'https://t.example/pb?v={event_id|hmac:"sha256",secret.key}';

  test("signs with the partner's secret", () => {
    const { url: sent } = sentWith(url, { secrets: new Map([["key", "Jefe"]]) });
    expect(sent).toBe(
      "https://t.example/pb?v=e7314674cee342a69bf70d9bd327afee15ae369809c732a5f08a6029d2204812",
    );
  });

  // RFC 2202 and RFC 4231, test case 2.
  test.each([
    ["md5", "750c783e6ab0b503eaa86e310a5db738"],
    ["sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
    ["sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
    [
      "sha512",
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ],
  ])("%s gives the published vector", (algorithm, hex) => {
    const template = `https://t.example/pb?v={data.x|hmac:"${algorithm}",secret.key}`;
    const names = { secrets: new Map([["key", "Jefe"]]) };
    const data = { x: "what do ya want for nothing?" };
    expect(sentWith(template, names, data).url).toBe(`https://t.example/pb?v=${hex}`);
  });

  test("lists its secret, waits if it is missing, and shows it to nobody", () => {
    expect(compiled({ method: "GET", url }).secrets).toEqual(["key"]);
    const without = compiled({ method: "GET", url }, { secrets: new Map() });
    expect(without.missingSecrets).toEqual(["key"]);
    expect(renderTemplate(without, factsWith({}))).toMatchObject({ ok: false, reason: "missing_macro" });
    const names = { secrets: new Map([["key", "Jefe"]]), maskSecrets: true };
    expect(sentWith(url, names).url).toBe("https://t.example/pb?v={hmac:secret.key}");
  });

  test("takes a constant as what is signed, when the template is compiled", () => {
    const constant = 'https://t.example/pb?v={const.id|hmac:"md5",secret.key}';
    const names = {
      secrets: new Map([["key", "Jefe"]]),
      constants: new Map([["id", "what do ya want for nothing?"]]),
    };
    expect(sentWith(constant, names).url).toBe("https://t.example/pb?v=750c783e6ab0b503eaa86e310a5db738");
    expect(compiled({ method: "GET", url: constant }, names).plan.event.macros).toEqual([]);
  });
});

test("filters take constants as arguments", () => {
  const url = "https://t.example/pb?v={data.x|times:const.rate}&c={data.x|minor:const.currency}";
  const constants = new Map([
    ["rate", "0.5"],
    ["currency", "JPY"],
  ]);
  expect(sentWith(url, { constants }, { x: 3 }).url).toBe("https://t.example/pb?v=1.5&c=3");
});

test("a template without filters shares one empty list", () => {
  const { macros } = compiled({ method: "GET", url: "https://t.example/?a={data.a}&b={data.b}" }).plan.event;
  expect(macros[0]?.filters).toBe(macros[1]?.filters);
});
