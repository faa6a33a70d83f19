import { describe, expect, test } from "vitest";
import { compileTemplate } from "./compile.ts";
import { compiled, refused, sent } from "./template.fixture.ts";

describe("a URL template is refused at the character at fault", () => {
  test.each([
    // The host and what leads to it are fixed.
    ["https://{data.x}.example/", "macro_not_allowed url@8"],
    ["https://t.{data.x}/pb", "macro_not_allowed url@10"],
    ['https://{data.x|default:"a/b?c#d"}/pb', "macro_not_allowed url@8"],
    ["https://t.example:{data.port}/", "macro_not_allowed url@18"],
    ["{data.scheme}://t.example/", "macro_not_allowed url@0"],
    ["ht{data.x}ps://t.example/", "macro_not_allowed url@2"],
    ["{data.url}", "macro_not_allowed url@0"],
    ["https://user:pw@t.example/", "user_info_not_allowed url@8"],
    ["https://t.example@evil.example/", "user_info_not_allowed url@8"],
    ["https://t.example/p#{data.x}", "fragment_not_allowed url@19", "macro_not_allowed url@20"],
    ["https://t.example/p?a=1#top", "fragment_not_allowed url@23"],
    ["https://{data.u}@t.example/", "user_info_not_allowed url@8"],
    // Names of parameters are fixed.
    ["https://t.example/?{data.k}=1", "macro_not_allowed url@19"],
    ["https://t.example/?a=1&{data.query}", "macro_not_allowed url@23"],
    ["https://t.example/?a{data.k}b=1", "macro_not_allowed url@20"],
    // Only http and https, only hosts.
    ["", "invalid_scheme url@0"],
    ["t.example/pb", "invalid_scheme url@0"],
    ["ftp://t.example/", "invalid_scheme url@0"],
    ["javascript:alert(1)", "invalid_scheme url@0"],
    ["https:t.example", "invalid_scheme url@0"],
    ["https://", "invalid_host url@8"],
    ["https:///pb", "invalid_host url@8"],
    ["https://t.example:99999/", "invalid_host url@8"],
    ["https://a{{b}}.example/", "invalid_host url@8"],
    ["https://exa<mple/", "invalid_host url@8"],
    // Characters an HTTP client would rewrite or stop at.
    ["https://t.example/a b", "forbidden_character url@19"],
    [
      "https://t.example/a\r\nHost: evil",
      "forbidden_character url@19",
      "forbidden_character url@20",
      "forbidden_character url@26",
    ],
    ["https://t.example/a\u0000", "forbidden_character url@19"],
    ["https://t.example/a\u00a0b", "forbidden_character url@19"],
    ["https://t.example\\@evil.example/", "user_info_not_allowed url@8", "forbidden_character url@17"],
    ["https://t.example/\u{1fffe}", "forbidden_character url@18"],
    ["https://t.example/a\\b", "forbidden_character url@19"],
    ["https://t.example/100%", "malformed_percent url@21"],
    ["https://t.example/?a=%{data.x}", "malformed_percent url@21"],
    ["https://t.example/?a=%4{data.x}", "malformed_percent url@21"],
    ["https://t.example/a/../b", "dot_segment url@20"],
    ["https://t.example/%2E%2e", "dot_segment url@18"],
    ["https://t.example/.", "dot_segment url@18"],
    ["https://t.example/{data.x?}", "optional_in_path url@18"],
    // Macros of other platforms.
    ["https://t.example/?a=[click_id]", "foreign_macro url@21"],
    ["https://t.example/?a=[%click_id%]", "foreign_macro url@21"],
    ["https://t.example/[sub]/x", "foreign_macro url@18"],
    ["https://t.example/?a=#click_id#", "foreign_macro url@21"],
    ["https://t.example/?a=%%click_id%%", "foreign_macro url@21"],
    ["https://t.example/?a=!!!click_id!!!&b=1", "foreign_macro url@21"],
    ["https://t.example/?a=${data.click_id}", "foreign_macro url@21"],
    ["https://t.example/?a=(click_id)", "foreign_macro url@21"],
    ["https://t.example/?a={{click_id}}", "foreign_macro url@21"],
    // Braces and what is between them.
    ["https://t.example/?a={", "unclosed_macro url@21"],
    ["https://t.example/?a={data.x", "unclosed_macro url@21"],
    ["https://t.example/?a=x}", "stray_brace url@22"],
    ["https://t.example/?a={}", "invalid_macro url@22"],
    ["https://t.example/?a={ data.x}", "invalid_macro url@22"],
    ["https://t.example/?a={data.x }", "invalid_macro url@28"],
    ["https://t.example/?a={data.}", "invalid_macro url@27"],
    ["https://t.example/?a={data..x}", "invalid_macro url@27"],
    ["https://t.example/?a={data[x]}", "invalid_macro url@27"],
    ["https://t.example/?a={data[0}", "invalid_macro url@28"],
    ["https://t.example/?a={data.x??data.y}", "invalid_macro url@28"],
    ["https://t.example/?a={click_id}", "unknown_macro url@22"],
    ["https://t.example/?a={__proto__}", "unknown_macro url@22"],
    ["https://t.example/?a={constructor}", "unknown_macro url@22"],
    ["https://t.example/?a={event_id.x}", "unknown_macro url@22"],
    ["https://t.example/?a={data.x|upcase}", "unknown_filter url@29"],
    ["https://t.example/?a={data.x|constructor}", "unknown_filter url@29"],
    ["https://t.example/?a={data.x|default}", "invalid_argument url@36"],
    ["https://t.example/?a={data.x|default:{}}", "invalid_argument url@37"],
    ['https://t.example/?a={data.x|default:"\\q"}', "invalid_argument url@37"],
    ['https://t.example/?a={data.x|default:"0}', "unclosed_macro url@37"],
    ['https://t.example/?a={data.x!|default:"0"}', "modifier_conflict url@28"],
    ['https://t.example/?a={data.x?|default:"}"}', "modifier_conflict url@28"],
    [`https://t.example/?a={data${".x".repeat(33)}}`, "invalid_macro url@90"],
    [`https://t.example/${"a".repeat(8000)}`, "url_too_long url@8000"],
    [`https://t.example/${"é".repeat(2000)}`, "url_too_long url@0"],
  ])("%j", (url, ...issues) => {
    expect(refused(url)).toEqual(issues);
  });

  test("all mistakes are found at once, in order", () => {
    expect(refused("https://{data.h}/{clickid}?{data.k}=1&b=[x]")).toEqual([
      "macro_not_allowed url@8",
      "unknown_macro url@18",
      "macro_not_allowed url@27",
      "foreign_macro url@40",
    ]);
  });
});

function messageOf(url: string): string {
  const result = compileTemplate({ method: "GET", url });
  return result.ok ? "" : (result.issues[0]?.message ?? "");
}

test("messages name what was probably meant", () => {
  expect(messageOf("https://t.example/?a={evnt_id}")).toContain("did you mean {event_id}?");
  expect(messageOf("https://t.example/?a={Event_ID!}")).toContain("did you mean {event_id}?");
  expect(messageOf("https://t.example/?a={dta.click_id}")).toContain("did you mean {data.click_id}?");
  expect(messageOf("https://t.example/?a={click_id}")).toContain("{data.click_id}");
  expect(messageOf('https://t.example/?a={data.x|defualt:"0"}')).toContain('did you mean "default"?');
  expect(messageOf("https://t.example/?a={data.x??data.y}")).toContain("|default");
});

describe("literal text is made sendable when it is compiled", () => {
  test.each([
    ["https://t.example", "https://t.example/"],
    ["https://t.example?a=1", "https://t.example/?a=1"],
    ["HTTPS://T.Example:443/pb", "https://t.example/pb"],
    ["http://t.example:80/pb", "http://t.example/pb"],
    ["https://t.example:8443//pb/", "https://t.example:8443//pb/"],
    ["https://bücher.example/", "https://xn--bcher-kva.example/"],
    ["https://[::1]:4500/pb", "https://[::1]:4500/pb"],
    ["https://t.example/é?ü=🎉", "https://t.example/%C3%A9?%C3%BC=%F0%9F%8E%89"],
    ["https://t.example/?a=%20+b&&c", "https://t.example/?a=%20+b&&c"],
    ["https://t.example/?q[]=1&d[x]=2", "https://t.example/?q[]=1&d[x]=2"],
    ["https://t.example/it's?n=it's", "https://t.example/it's?n=it%27s"],
    ['https://t.example/?j={{"a":1}}', "https://t.example/?j=%7B%22a%22:1%7D"],
    ["https://t.example/?a=%7Bclick_id%7D", "https://t.example/?a=%7Bclick_id%7D"],
    ["https://t.example/?a=<b>|^`", "https://t.example/?a=%3Cb%3E%7C%5E%60"],
    ["https://t.example/pb?", "https://t.example/pb"],
    ["https://t.example/\ud800", "https://t.example/%EF%BF%BD"],
  ])("%j is sent as %j", (url, expected) => {
    expect(sent(url, {}).url).toBe(expected);
    expect(new URL(expected).href).toBe(expected);
  });
});

test("a template tells its origin and the macros it uses", () => {
  const template = compiled({
    method: "POST",
    url: "https://T.example:8443/{data.a}?b={data.a?}&e={event_id!}",
    headers: { "x-a": "{attempt}" },
    body: { c: "{data.c[0]}" },
  });
  expect(template.origin).toBe("https://t.example:8443");
  expect(template.macros).toEqual(["data.a", "event_id", "attempt", "data.c[0]"]);
});
