import { describe, expect, it } from "vitest";
import { parseHeaderText } from "./header-text.ts";

const pairs = [
  ["webhook-id", "msg_1"],
  ["Host", "a:80"],
];

describe("parseHeaderText", () => {
  it.each([
    ["plain lines", "webhook-id: msg_1\nHost: a:80\n"],
    [
      "a request as captured, body and all",
      "POST /x?a=b HTTP/1.1\r\nwebhook-id: msg_1\r\nHost: a:80\r\n\r\nno header\r\n",
    ],
    ["what curl -D writes", "HTTP/2 200 \r\nwebhook-id:msg_1\r\nHost: a:80\r\n\r\n"],
    ["what curl -v shows", "> POST /x HTTP/1.1\n> webhook-id: msg_1\n> Host: a:80\n> \n"],
    ["a byte order mark", "\uFEFFwebhook-id: msg_1\nHost: a:80"],
    ["a JSON object", '{"webhook-id":"msg_1","Host":["a:80"]}'],
    ["JSON pairs", '[["webhook-id","msg_1"],["Host","a:80"]]'],
  ])("reads %s", (_name, text) => {
    expect(parseHeaderText(text)).toEqual(pairs);
  });

  it("keeps duplicates apart", () => {
    expect(parseHeaderText("a: 1\nA: 2")).toEqual([
      ["a", "1"],
      ["A", "2"],
    ]);
    expect(parseHeaderText('{"a":["1","2"]}')).toHaveLength(2);
  });

  it.each(["a: 1\nsecret text", '{"a":1}', "{nonsense", '[["a"]]', "[1]"])(
    "refuses %j without repeating it",
    (text) => {
      expect(() => parseHeaderText(text)).toThrow(/^(?!.*secret text).*headers/);
    },
  );
});
