import { expect, test } from "vitest";
import { shownLocation } from "./shown-location.ts";

test.each([
  ["https://t.example/login?next=/a&sub=john@partner.example#top", "https://t.example/login"],
  ["https://t.example/", "https://t.example/"],
  ["https://t.example:8443", "https://t.example:8443"],
  ["/v2/postback/", "/v2/postback/"],
  ["../error-page.html", "…/error-page.html"],
  ["//t.example/in", "//t.example/in"],
  ["https://user:pass@t.example/in", "https://t.example/in"],
  ["https://t.example/pb/john@partner.example/x", "https://t.example/pb/…/x"],
  ["https://t.example/pb/john%40partner.example", "https://t.example/pb/…"],
  ["https://t.example/+14155552671", "https://t.example/…"],
  ["https://t.example/c/7f3a9c1d22b", "https://t.example/c/…"],
  ["https://t.example/12345", "https://t.example/…"],
  ["/i\nn?x=1\n2", "/…"],
  [`/${"a/".repeat(20)}`, `/${"a/".repeat(7)}…`],
  [`https://t.example/${"x".repeat(5_000)}`, "https://t.example/…"],
  ["https://t.example/bot778899:AAk/send", "https://t.example/…/send"],
])("%j is shown as %j", (location, shown) => expect(shownLocation(location)).toBe(shown));
