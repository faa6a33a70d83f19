import { describe, expect, test } from "vitest";
import { importTemplate, type ImportOptions } from "./import-template.ts";

const at = "https://t.example/pb?";

/** The query after the import, and what was guessed and left. */
function imported(query: string, options?: ImportOptions) {
  const { url, guessed, left, issues } = importTemplate(at + query, options);
  return {
    query: url.startsWith(at) ? url.slice(at.length) : url,
    guessed: guessed.map(({ name }) => name).join(" "),
    left: left.map(({ name }) => name).join(" "),
    issues: issues.map(({ code, position }) => `${code}@${position}`),
  };
}

describe("URLs as the pages of platforms have them", () => {
  test.each([
    // Kadam
    [
      "cnv_id={subid}&payout={payout}&cnv_status={status}",
      "cnv_id={data.click_id}&payout={data.payout}&cnv_status={data.status}",
      "subid",
    ],
    ["data={externalid}&status={status}", "data={data.click_id}&status={data.status}", "externalid"],
    ["subid={clickid}&payout={payout}", "subid={data.click_id}&payout={data.payout}", ""],
    // Adiscope, Clickadilla, MyLead, LevelPlay
    [
      "transactionId=[TRANSACTION_ID]&userID=[USER_ID]",
      "transactionId={data.transaction_id}&userID={data.user_id}",
      "",
    ],
    ["click_id=[CLICK_ID]&payout=[PAYOUT]", "click_id={data.click_id}&payout={data.payout}", ""],
    ["subid=[player_id]", "subid={data.user_id}", "player_id"],
    ["user=[USER_ID]&event=[EVENT_ID]", "user={data.user_id}&event={event_id}", ""],
    // CJ, whose type is the number of an action
    ["TYPE={{type}}", "TYPE={type}", "type"],
    [
      "e={event_id}&TYPE={type}&p={partner}&t={type|upper}",
      "e={event_id}&TYPE={type}&p={partner}&t={type|upper}",
      "type partner",
    ],
    // Affmine, MaxBounty, CAKE
    ["payout=#payout#&subid1=#s1#", "payout={data.payout}&subid1={data.sub1}", "s1"],
    ["subid=#S2#&payout=#RATE#", "subid={data.sub2}&payout={data.payout}", "S2 RATE"],
    [
      "c=#s2#&p=#price#&t=#tid#&at=#utcunixtime#",
      'c={data.sub2}&p={data.payout}&t={data.transaction_id}&at={occurred_at|date:"unix"}',
      "s2 price tid utcunixtime",
    ],
    // Awin
    [
      "a=!!!clickRef!!!&b=!!!commission!!!&c=!!!transactionId!!!",
      "a={data.click_id}&b={data.payout}&c={data.transaction_id}",
      "clickRef commission",
    ],
    // BitLabs
    [
      "uid=[%USER:UID%]&tx=[%TX%]&val_usd=[%VALUE:USD%]",
      "uid={data.user_id}&tx={data.transaction_id}&val_usd={data.payout}",
      "USER:UID TX VALUE:USD",
    ],
    // TikTok, Ocean Engine, NewsBreak
    [
      "callback=__CALLBACK_PARAM__&os=__OS__&ts=__TS__",
      'callback={data.click_id}&os={data.os}&ts={occurred_at|date:"unix"}',
      "CALLBACK_PARAM TS",
    ],
    ["ttclid=__callback_param__", "ttclid={data.click_id}", "callback_param"],
    ["click_id=__CALLBACK_PARAM__", "click_id={data.click_id}", "CALLBACK_PARAM"],
    // Tenjin, Reddit, Meta
    ["idfa={{advertising_id}}", "idfa={data.advertising_id}", ""],
    ["campaign={{CAMPAIGN_ID}}", "campaign={data.campaign_id}", ""],
    ["ad={{ad.id}}", "ad={data.ad_id}", ""],
    // Tradedoubler, Branch
    ["idfa=$IDA", "idfa={data.idfa}", "IDA"],
    ["os=${(user_data.os)!}", "os={data.os}", "user_data.os"],
    [
      'cc=${(user_data.geo_country_code)!"US"}',
      'cc={data.country|default:"US"}',
      "user_data.geo_country_code",
    ],
    // AppsFlyer
    ["app=(app-id)&ip=(ip)", "app={data.app_id}&ip={data.ip}", ""],
    // Google Ad Manager
    ["c=%%CLICK_ID_ESC%%", "c={data.click_id}", ""],
    ["c=%%CLICK_ID_ESC_ESC%%", "c={data.click_id|urlencode}", ""],
    [
      "at=[TIMESTAMP_MS]&d={datetime}",
      'at={occurred_at|date:"unix_ms"}&d={occurred_at}',
      "TIMESTAMP_MS datetime",
    ],
    // Copies
    [
      "idfa=%7Bidfa%7D&b=%24IDA&c=%5BDEVICE_AD_ID%5D",
      "idfa={data.idfa}&b={data.idfa}&c={data.advertising_id}",
      "IDA DEVICE_AD_ID",
    ],
    ["payout={payout}&amp;currency={currency}", "payout={data.payout}&currency={data.currency}", ""],
    ["payout={payout}¤cy={currency}", "payout={data.payout}&currency={data.currency}", ""],
    ["a=%23s2%23", "a={data.sub2}", "s2"],
    ["click=<user_id>", "click={data.user_id}", ""],
    ["click=:click_id", "click={data.click_id}", ""],
    ["parts=GROUP:[AMOUNT]", "parts=GROUP:{data.payout}", "AMOUNT"],
    ["a=YOUR_CLICK_ID", "a={data.click_id}", "YOUR_CLICK_ID"],
    // TUNE, Everflow, Affise, Voluum, RedTrack
    [
      "tid={transaction_id}&s={aff_sub}&s2={aff_sub2}",
      "tid={data.transaction_id}&s={data.sub1}&s2={data.sub2}",
      "",
    ],
    ["c={sub1}&sum={sum}&st={status}", "c={data.sub1}&sum={data.payout}&st={data.status}", "sum"],
    [
      "cid={clickid}&payout={payout}&txid={txid}&et={event_name}",
      "cid={data.click_id}&payout={data.payout}&txid={data.transaction_id}&et={data.event_name}",
      "",
    ],
    ["ip={ip}&ua={user_agent}&gaid={google_aid}", "ip={data.ip}&ua={data.user_agent}&gaid={data.gaid}", ""],
    // Ours stay; other names that our events have too.
    [
      'a={data.click_id!}&b={event_id}&c={data.p|default:"0"}',
      'a={data.click_id!}&b={event_id}&c={data.p|default:"0"}',
      "",
    ],
    ["a=${data.x}&b={{data.y}}", "a={data.x}&b={data.y}", ""],
    // By the parameter, if the macro says nothing.
    ["payout=[FOO]&x=1", "payout={data.payout}&x=1", "FOO"],
    ["p={conversion_payout}", "p={data.payout}", "conversion_payout"],
  ])("%s", (query, expected, guessed) => {
    expect(imported(query)).toEqual({ query: expected, guessed, left: "", issues: [] });
  });
});

describe("what is not known is left, with what would say it", () => {
  test.each([
    ["a=[FOO]", "FOO", "--map FOO=data.foo"],
    ["a=[New|Return]", "New|Return", "--map 'New|Return'=data.new_return"],
    ["a={fooBar}", "fooBar", "--map fooBar=data.foo_bar"],
    ["sig={signature}", "signature", "--map signature=data.signature"],
    ["token=YOUR_TOKEN", "YOUR_TOKEN", "--map YOUR_TOKEN=secret.token"],
    ["api_key={api_key}", "api_key", "--map api_key=secret.api_key"],
    ["key=xxxxxxxx", "xxxxxxxx", "--map xxxxxxxx=secret.key"],
    ["account=YOUR_ACCOUNT_ID", "YOUR_ACCOUNT_ID", "--fill YOUR_ACCOUNT_ID=…"],
    ["a=<some thing_x>", "some thing_x", "--map 'some thing_x'=data.some_thing_x"],
  ])("%s", (query, name, suggestion) => {
    const { left, issues, url } = importTemplate(at + query);
    expect(left.map((one) => [one.name, one.suggestion])).toEqual([[name, suggestion]]);
    expect(issues).toEqual([]);
    expect(url).toBe(at + query);
  });

  test("and what the caller says is taken", () => {
    const map = { foo: "data.foo!", SIG: 'data.sig|default:"0"', YOUR_TOKEN: "{event_id}" };
    const options = { map, fill: { YOUR_ACCOUNT_ID: "a b&c" } };
    expect(imported("a=[FOO]&b={sig}&c=YOUR_TOKEN&d=YOUR_ACCOUNT_ID", options)).toEqual({
      query: 'a={data.foo!}&b={data.sig|default:"0"}&c={event_id}&d=a%20b%26c',
      guessed: "",
      left: "",
      issues: [],
    });
  });

  test("a secret of the partner can stand for a placeholder, and stays when it is imported again", () => {
    const { url, left, issues } = importTemplate(`${at}key=YOUR_KEY`, { map: { YOUR_KEY: "secret.key" } });
    expect([url, left, issues]).toEqual([`${at}key={secret.key}`, [], []]);
    expect(importTemplate(url)).toMatchObject({
      url,
      kept: ["secret.key"],
      mapped: [],
      left: [],
      issues: [],
    });
  });

  test("an item of a list can stand for a name if the endpoint has fan_out", () => {
    const map = { SKU: "item.sku" };
    expect(imported("s=[SKU]", { map }).issues).toEqual(["item_not_allowed@23"]);
    expect(imported("s=[SKU]", { map, fanOut: true })).toMatchObject({ query: "s={item.sku}", issues: [] });
  });

  test("a name that is not in the text is told", () => {
    expect(importTemplate(`${at}a=[FOO]`, { map: { FOOO: "data.x" }, fill: { y: "1" } }).unused).toEqual([
      "FOOO",
      "y",
    ]);
  });

  test("a macro in the host can only become a text", () => {
    const { left } = importTemplate("https://{tracking_domain}/pb?c={clickid}");
    expect(left.map(({ suggestion }) => suggestion)).toEqual(["--fill tracking_domain=…"]);
    const { url, issues } = importTemplate("https://[YOUR_DOMAIN]/pb?c={clickid}", {
      fill: { YOUR_DOMAIN: "trk.example" },
    });
    expect([url, issues]).toEqual(["https://trk.example/pb?c={data.click_id}", []]);
    const mapped = importTemplate("https://{domain}/pb", { map: { domain: "data.domain" } });
    expect(mapped.left).toHaveLength(1);
  });

  test("a wish that does not compile is an issue at its place", () => {
    const { issues } = importTemplate(`${at}a=[FOO]`, { map: { FOO: "dta.x" } });
    expect(issues).toMatchObject([{ code: "unknown_macro", field: "url", position: 24 }]);
  });
});

describe("the text around", () => {
  test.each([
    ['  "https://t.example/?a=[CLICK_ID]"\n', "https://t.example/?a={data.click_id}", []],
    ["<https://t.example/?a=b>", "https://t.example/?a=b", []],
    ["https://t.example/?a=1\n   &b=2", "https://t.example/?a=1&b=2", ["line breaks"]],
    ["t.example/pb?a={clickid}", "https://t.example/pb?a={data.click_id}", ["no scheme"]],
    [
      "https%3A%2F%2Ft.example%2Fpb%3Fa%3D%7Bclickid%7D%26b%3D1",
      "https://t.example/pb?a={data.click_id}&b=1",
      ["a URL that is percent-encoded as a whole"],
    ],
    ["https://t.example/?a=1&amp;amp;b=2&amp;c=3", "https://t.example/?a=1&b=2&c=3", ["&amp;amp;", "&amp;"]],
    [
      "https://t.example/?a=&#123;clickid&#125;",
      "https://t.example/?a={data.click_id}",
      ["&#123;", "&#125;"],
    ],
    ["https://t.example/#s1#?a=#s2#&b=1", "https://t.example/{data.sub1}?a={data.sub2}&b=1", []],
  ])("%j", (text, url, repaired) => {
    const result = importTemplate(text);
    expect(result.url).toBe(url);
    expect(result.repaired.map(({ found }) => found)).toEqual(repaired);
    expect(result.issues).toEqual([]);
  });

  test.each([
    ["", "invalid_scheme"],
    ["call me", "invalid_scheme"],
    ["ftp://t.example/?a={clickid}", "invalid_scheme"],
    ["https://t.example/?a={status: lead=1}", "invalid_macro"],
    ["https://t.example/?a=b c", "forbidden_character"],
    ["https://t.example/?{clickid}=1", "macro_not_allowed"],
  ])("%j says why it cannot be used", (text, code) => {
    expect(importTemplate(text).issues.map((issue) => issue.code)).toContain(code);
  });
});

describe("the syntax", () => {
  test("is found by what is a macro for sure; then each name in it is one", () => {
    expect(imported("a=[CLICK_ID]&b=x-[abc]").left).toBe("abc");
    expect(imported("a=1&b=x-[abc]")).toEqual({ query: "a=1&b=x-[abc]", guessed: "", left: "", issues: [] });
  });

  test("can be said: only this one is read, the rest is an issue", () => {
    expect(imported("a=[CLICK_ID]&b=#s1#", { syntax: "brackets" })).toEqual({
      query: "a={data.click_id}&b=#s1#",
      guessed: "",
      left: "",
      issues: ["foreign_macro@41"],
    });
    expect(imported("a=(x)y&b=[z]", { syntax: "parentheses" }).left).toBe("x");
  });
});
