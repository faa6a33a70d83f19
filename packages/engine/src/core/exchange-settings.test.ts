import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readExchangeSettings } from "./exchange-settings.ts";

const pem = (name: string) =>
  readFileSync(new URL(`../transport/fixtures/${name}.pem`, import.meta.url), "utf8");
const broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

test("without certificates of its own an exchange has a deadline alone", () => {
  expect(readExchangeSettings({ verdicts: [], timeout: "2s", ca: null })).toEqual({ timeoutMs: 2_000 });
});

test.each([
  ["a root", pem("root")],
  ["an intermediate", pem("intermediate")],
  ["several", `${pem("root")}\n${pem("intermediate")}`],
  ["a certificate that signs itself", pem("self-signed")],
])("%s is passed on as it is", (_, ca) => {
  expect(readExchangeSettings({ verdicts: [], timeout: "2s", ca })).toEqual({ timeoutMs: 2_000, ca });
});

test.each([
  ["a partner's own certificate", pem("good"), "certificate 1 is not one of an authority"],
  ["one that is cut", broken, "certificate 1 cannot be read"],
  ["the second of two", pem("root") + broken, "certificate 2 cannot be read"],
])("%s is refused", (_, ca, message) => {
  expect(() => readExchangeSettings({ verdicts: [], timeout: "2s", ca })).toThrow(
    expect.objectContaining({ code: "invalid_request", issues: [{ path: "ca", message }] }),
  );
});
