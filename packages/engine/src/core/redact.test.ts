import { expect, test } from "vitest";
import { shownHeader, shownUrl } from "./redact.ts";

test.each([
  ["authorization", true],
  ["Proxy-Authorization", true],
  ["cookie", true],
  ["x-api-key", true],
  ["X-Auth-Token", true],
  ["client_secret", true],
  ["x-app-key", true],
  ["pwd", true],
  ["order_key", false],
  ["webhook-signature", false],
  ["webhook-id", false],
  ["content-type", false],
  ["x-campaign", false],
])("the value of the header %s is hidden: %s", (name, hides) => {
  expect(shownHeader(name, "value")).toBe(hides ? "•••" : "value");
});

test.each([
  ["Bearer {secret.token}", "Bearer {secret.token}"],
  ["{secret.user}:{secret.pass}", "{secret.user}:{secret.pass}"],
  ["Bearer open-{secret.token}", "•••"],
  ["Bearer {const.token}", "•••"],
])("an authorization of %s is shown as %s", (value, shown) => {
  expect(shownHeader("authorization", value)).toBe(shown);
});

test.each([
  ["https://t.example/pb", "https://t.example/pb"],
  ["https://t.example/pb?cid=7&token=s3cret", "https://t.example/pb?cid=7&token=•••"],
  ["https://t.example/pb?API_KEY=a=b&x=%20", "https://t.example/pb?API_KEY=•••&x=%20"],
  ["https://t.example/pb?password=&token&=v", "https://t.example/pb?password=•••&token&=v"],
  ["https://t.example/pb?pwd=s3cret&passphrase=s3cret", "https://t.example/pb?pwd=•••&passphrase=•••"],
  ["https://t.example/pb?token={secret.token}", "https://t.example/pb?token={secret.token}"],
  ["https://t.example/pb?token=open{secret.token}", "https://t.example/pb?token=•••"],
  ["https://t.example/token=1/pb?q=a?token=b", "https://t.example/token=1/pb?q=a?token=b"],
])("%s is shown as %s", (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
