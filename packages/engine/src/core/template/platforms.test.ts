import { describe, expect, test } from "vitest";
import type { TemplateSource } from "./compile.ts";
import { renderTemplate } from "./render.ts";
import { compiled, factsWith, sentWith } from "./template.fixture.ts";

/** The requests of platforms, byte for byte as they read them, and with values that try to be more than values. */

const partner = {
  secrets: new Map([["token", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"]]),
  constants: new Map([
    ["app_id", "id123456789"],
    ["merchant", "1001"],
    ["pixel", "990011"],
  ]),
};

function request(source: TemplateSource, data: unknown) {
  const { url, body, contentType } = sentWith(source, partner, data);
  return { method: source.method, url, body, contentType };
}

const items =
  '{"order":"A-1","items":[{"sku":"S1","name":"Mug","price":10.50,"qty":2},{"sku":"S2","price":3,"qty":1,"discount":0.10}]}';
/** Values that would end their text, parameter or column if they were not encoded. */
const attack = '","af_revenue":"999&x=1\\u0000|a,b\r\nx';
const attackData = JSON.stringify({
  order: attack,
  v: attack,
  items: [
    { sku: attack, name: attack, price: attack, qty: attack },
    { sku: "S2", price: 1, qty: 1 },
  ],
});

const form = "application/x-www-form-urlencoded";

describe("AppsFlyer's event value is JSON text in JSON", () => {
  const source: TemplateSource = {
    method: "POST",
    url: "https://af.example/inappevent/{const.app_id}",
    body: {
      eventName: "af_purchase",
      eventValue: { $json: { af_revenue: "{data.v}", af_order: "{data.order?}" } },
    },
  };

  test("with the digits of the event", () => {
    expect(request(source, '{"v":10.50}')).toEqual({
      method: "POST",
      url: "https://af.example/inappevent/id123456789",
      body: '{"eventName":"af_purchase","eventValue":"{\\"af_revenue\\":10.50}"}',
      contentType: "application/json",
    });
  });

  test("and no value can add a key", () => {
    const { eventValue } = JSON.parse(request(source, attackData).body ?? "") as { eventValue: string };
    expect(JSON.parse(eventValue)).toEqual({ af_revenue: attack, af_order: attack });
  });
});

describe("Meta's form has a list of JSON texts as its data", () => {
  const source: TemplateSource = {
    method: "POST",
    url: "https://graph.example/v25.0/{const.pixel}/events?access_token={secret.token}",
    body: "form",
    parameters: [
      {
        params: {
          data: {
            $json: [
              {
                $json: { event_name: "Purchase", event_id: "{event_id}", custom_data: { value: "{data.v}" } },
              },
            ],
          },
        },
      },
    ],
  };

  test("byte for byte", () => {
    const { url, body, contentType } = request(source, '{"v":1.10}');
    expect({ url, contentType }).toEqual({
      url: "https://graph.example/v25.0/990011/events",
      contentType: form,
    });
    expect(body).toBe(
      "access_token=110201543%3AAAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw&data=%5B%22%7B%5C%22event_name%5C%22%3A%5C%22Purchase%5C%22%2C%5C%22event_id%5C%22%3A%5C%22conv-1001%5C%22%2C%5C%22custom_data%5C%22%3A%7B%5C%22value%5C%22%3A1.10%7D%7D%22%5D",
    );
  });

  test("and no value can add a field or a key", () => {
    const fields = [...new URLSearchParams(request(source, attackData).body ?? "")];
    expect(fields.map(([name]) => name)).toEqual(["access_token", "data"]);
    const [text] = JSON.parse(fields[1]?.[1] ?? "") as string[];
    expect(JSON.parse(text as string)).toMatchObject({ custom_data: { value: attack } });
  });
});

describe("Adjust's callback parameters are JSON in a query value", () => {
  const source: TemplateSource = {
    method: "POST",
    url: "https://s2s.example/event?s2s=1",
    body: "none",
    parameters: [{ params: { callback_params: { $json: { order: "{data.order}", n: "{data.gone?}" } } } }],
  };

  test("byte for byte", () => {
    expect(request(source, '{"order":"A 1"}')).toEqual({
      method: "POST",
      url: "https://s2s.example/event?s2s=1&callback_params=%7B%22order%22%3A%22A%201%22%7D",
      body: null,
      contentType: null,
    });
  });

  test("and no value can add a key or a parameter", () => {
    const query = new URL(request(source, attackData).url).searchParams;
    expect([...query.keys()]).toEqual(["s2s", "callback_params"]);
    expect(JSON.parse(query.get("callback_params") ?? "")).toEqual({ order: attack });
  });
});

describe("Awin's basket has one indexed parameter per item", () => {
  const source: TemplateSource = {
    method: "GET",
    url: "https://awin.example/sread.php?tt=ss&merchant={const.merchant}&ref={data.order}",
    parameters: [
      {
        each: "data.items",
        from: 0,
        params: {
          "bd[{n}]": "AW:P|{const.merchant}|{data.order}|{item.sku}|{item.name}|{item.price}|{item.qty}",
        },
      },
    ],
  };

  test("from 0, with brackets as they are", () => {
    expect(request(source, items).url).toBe(
      "https://awin.example/sread.php?tt=ss&merchant=1001&ref=A-1" +
        "&bd[0]=AW%3AP%7C1001%7CA-1%7CS1%7CMug%7C10.50%7C2&bd[1]=AW%3AP%7C1001%7CA-1%7CS2%7C%7C3%7C1",
    );
  });

  test("and no value can add a parameter", () => {
    const query = new URL(request(source, attackData).url).searchParams;
    expect([...query.keys()]).toEqual(["tt", "merchant", "ref", "bd[0]", "bd[1]"]);
  });
});

describe("CJ's and impact's items are numbered from 1", () => {
  const source: TemplateSource = {
    method: "GET",
    url: "https://cj.example/u?CID=7&METHOD=S2S&OID={data.order!}",
    parameters: [
      {
        each: "data.items!",
        params: {
          "ITEM{n}": "{item.sku!}",
          "AMT{n}": "{item.price}",
          "QTY{n}": "{item.qty}",
          "DCNT{n}": "{item.discount?}",
        },
      },
    ],
  };
  const impact: TemplateSource = {
    method: "POST",
    url: "https://impact.example/Advertisers/{const.merchant}/Conversions",
    body: "form",
    parameters: [
      { params: { OrderId: "{data.order!}" } },
      { each: "data.items", params: { "ItemSku{n}": "{item.sku}", "ItemSubTotal{n}": "{item.price}" } },
    ],
  };

  test("in the query, item after item", () => {
    expect(request(source, items).url).toBe(
      "https://cj.example/u?CID=7&METHOD=S2S&OID=A-1&ITEM1=S1&AMT1=10.50&QTY1=2&ITEM2=S2&AMT2=3&QTY2=1&DCNT2=0.10",
    );
  });

  test("in a form", () => {
    expect(request(impact, items)).toEqual({
      method: "POST",
      url: "https://impact.example/Advertisers/1001/Conversions",
      body: "OrderId=A-1&ItemSku1=S1&ItemSubTotal1=10.50&ItemSku2=S2&ItemSubTotal2=3",
      contentType: form,
    });
  });

  test("and no value can add a parameter or a field", () => {
    const query = new URL(request(source, attackData).url).searchParams;
    expect([...query.keys()]).toEqual([
      "CID",
      "METHOD",
      "OID",
      "ITEM1",
      "AMT1",
      "QTY1",
      "ITEM2",
      "AMT2",
      "QTY2",
    ]);
    expect(query.get("ITEM1")).toBe(attack);
    const fields = new URLSearchParams(request(impact, attackData).body ?? "");
    expect([...fields.keys()]).toEqual(["OrderId", "ItemSku1", "ItemSubTotal1", "ItemSku2", "ItemSubTotal2"]);
  });

  test("an order without items is not sent, if it needs some", () => {
    const template = compiled(source, partner);
    for (const data of ['{"order":"A"}', '{"order":"A","items":[]}', '{"order":"A","items":null}']) {
      expect(renderTemplate(template, factsWith(data))).toMatchObject({
        reason: "missing_macro",
        macro: "data.items",
      });
    }
  });
});

describe("Rakuten's lists are joined, one column per item", () => {
  const source: TemplateSource = {
    method: "GET",
    url: "https://rakuten.example/ep?ord={data.order}",
    parameters: [
      {
        each: "data.items",
        join: "|",
        params: {
          skulist: "{item.sku}",
          namelist: "{item.name?}",
          qlist: "{item.qty}",
          amtlist: "{item.price}",
        },
      },
    ],
  };

  test("and a missing value is an empty column", () => {
    expect(request(source, items).url).toBe(
      "https://rakuten.example/ep?ord=A-1&skulist=S1%7CS2&namelist=Mug%7C&qlist=2%7C1&amtlist=10.50%7C3",
    );
    expect(request(source, '{"order":1}').url).toBe("https://rakuten.example/ep?ord=1");
  });

  test("and a value that holds the separator is not sent", () => {
    expect(
      renderTemplate(compiled(source, partner), factsWith('{"items":[{"sku":"B|2"},{"sku":"C"}]}')),
    ).toEqual({
      ok: false,
      reason: "delimiter_in_value",
      message: expect.stringContaining("skulist"),
    });
  });
});

describe("Slack and Telegram", () => {
  const slack: TemplateSource = {
    method: "POST",
    url: "https://hooks.example/services/T0/B0/{secret.token}",
    body: "form",
    parameters: [{ params: { payload: { $json: { text: "Order {data.order}" } } } }],
  };
  const telegram: TemplateSource = {
    method: "POST",
    url: "https://api.telegram.example/bot{secret.token}/sendMessage",
    body: { chat_id: 7, text: "Order {data.order}" },
  };

  test("Slack's form has JSON text as its payload", () => {
    expect(request(slack, '{"order":"é 1"}').body).toBe("payload=%7B%22text%22%3A%22Order+%C3%A9+1%22%7D");
    const fields = [...new URLSearchParams(request(slack, attackData).body ?? "")];
    expect(fields.map(([name, text]) => [name, JSON.parse(text) as unknown])).toEqual([
      ["payload", { text: `Order ${attack}` }],
    ]);
  });

  test("Telegram's token keeps its colon in the path", () => {
    expect(request(telegram, '{"order":1}')).toMatchObject({
      url: "https://api.telegram.example/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage",
      body: '{"chat_id":7,"text":"Order 1"}',
    });
    expect(JSON.parse(request(telegram, attackData).body ?? "")).toEqual({
      chat_id: 7,
      text: `Order ${attack}`,
    });
  });
});

describe("whole bodies", () => {
  test("Zapier, Make and n8n take the event's own object, digit for digit", () => {
    const zapier: TemplateSource = { method: "POST", url: "https://hooks.example/catch/1", body: "{data}" };
    const data = '{ "payout": 10.50, "big":12345678901234567890, "t":"\\u0000" }';
    expect(request(zapier, data)).toMatchObject({ body: data, contentType: "application/json" });
    expect(request(zapier, attackData).body).toBe(attackData);
  });

  test("one part of the data, or nothing if it is optional", () => {
    const source = (body: string): TemplateSource => ({ method: "PATCH", url: "https://t.example/", body });
    expect(request(source("{data.a}"), '{"a":[1.0]}').body).toBe("[1.0]");
    expect(request(source("{data.a}"), '{"a":"x"}').body).toBe('"x"');
    expect(request(source("{data.a}"), "{}").body).toBe("null");
    expect(request(source("{data.a?}"), "{}")).toMatchObject({ body: null, contentType: null });
  });

  test("plain text", () => {
    const source: TemplateSource = {
      method: "PUT",
      url: "https://t.example/",
      body: { $text: "id={event_id}\n{{raw}} {data.v}" },
    };
    expect(request(source, '{"v":"é\\"&"}')).toMatchObject({
      body: 'id=conv-1001\n{raw} é"&',
      contentType: "text/plain; charset=utf-8",
    });
    const own = { ...source, headers: { "content-type": "text/csv" } };
    expect(request(own, "{}").contentType).toBe("text/csv");
    const optional: TemplateSource = { ...source, body: { $text: "{data.v?}" } };
    expect(request(optional, "{}")).toMatchObject({ body: null, contentType: null });
  });
});

describe("methods", () => {
  test("TUNE and Taboola take a POST with its parameters in the URL and no body", () => {
    const tune: TemplateSource = {
      method: "POST",
      url: "https://tune.example/aff_lsr?transaction_id={data.order}&amount={data.v}",
      body: "none",
    };
    expect(request(tune, '{"order":"a&b","v":1.50}')).toEqual({
      method: "POST",
      url: "https://tune.example/aff_lsr?transaction_id=a%26b&amount=1.50",
      body: null,
      contentType: null,
    });
  });

  test("PATCH has the envelope by default, DELETE nothing, and either may have another body", () => {
    const url = "https://t.example/contacts/{data.v}";
    expect(request({ method: "PATCH", url }, { v: 1 }).body).toContain('"data":{"v":1}');
    expect(request({ method: "DELETE", url }, { v: 1 })).toMatchObject({ method: "DELETE", body: null });
    expect(request({ method: "DELETE", url, body: { reason: "{data.v}" } }, { v: 1 }).body).toBe(
      '{"reason":1}',
    );
  });
});
