import { expect, test } from "vitest";
import { leavesInClear } from "./leaves-in-clear.ts";

test.each([
  ["http://partner.example/pb", true],
  ["HTTP://partner.example", true],
  ["http://10.0.0.7:8080/", true],
  ["http://localhost.partner.example/", true],
  ["http://127.0.0.1.partner.example/", true],
  ["http://127.0.0.1@partner.example/", true],
  ["http://[::2]/", true],
  ["http://[::ffff:7f00:1]/", true],
  ["http://localhost", false],
  ["http://localhost:3000/hook?a={data.a}", false],
  ["http://app.localhost:3000/", false],
  ["http://127.0.0.1/hook", false],
  ["http://127.9.8.7:80/hook", false],
  ["http://[::1]:3000/", false],
  ["https://partner.example/pb", false],
])("what is sent to %s can be read by others: %s", (url, expected) => {
  expect(leavesInClear(url)).toBe(expected);
});
