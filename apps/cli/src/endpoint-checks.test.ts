import type { EndpointWarnings } from "@postrider/contract";
import { expect, test } from "vitest";
import { warningChecks } from "./endpoint-checks.ts";

const warning = (changes: Partial<EndpointWarnings["warnings"][number]>) => ({
  partner: "acme",
  endpoint: "main",
  code: "unfilled_macro" as const,
  macro: "data.payuot",
  nearest: null,
  message: "None had it.",
  ...changes,
});
const checks = (...warnings: EndpointWarnings["warnings"]) =>
  warningChecks({ checked: 3, more: false, warnings }).filter((check) => check !== null);

test("without warnings only macros have a line", () => {
  expect(checks()).toEqual([
    { name: "macros", verdict: "ok", found: "3 endpoints looked at, nothing found" },
  ]);
});

test("credentials in clear are named by their place, with how to move the first of them", () => {
  const open = {
    code: "open_credential",
    macro: "secret.token",
    message: "url holds one. Write {secret.token}.",
  } as const;
  expect(checks(warning(open), warning({ ...open, endpoint: "other" }), warning(open))).toEqual([
    { name: "macros", verdict: "ok", found: "3 endpoints looked at, nothing found" },
    {
      name: "credentials",
      verdict: "warning",
      found: "2 endpoints hold what looks like a credential in clear: acme/main, acme/other",
      remedy: "Of acme/main: url holds one. Write {secret.token}.",
    },
  ]);
});

test("JSON text written by hand is named by its place, with how to mend the first", () => {
  const message = 'body.e is JSON text written by hand. Write {"$json": {…}}.';
  expect(checks(warning({ code: "handwritten_json", macro: "data.v", message }))[1]).toEqual({
    name: "json texts",
    verdict: "warning",
    found: "1 endpoint has JSON text written by hand beside macros: acme/main",
    remedy: `Of acme/main: ${message}`,
  });
});

test("a secret that was never set is a failure, because nothing is sent", () => {
  expect(checks(warning({ code: "secret_missing", macro: "secret.token" }))[1]).toEqual({
    name: "secrets",
    verdict: "failure",
    found: "nothing is sent to 1 endpoint whose secret was never set: acme/main ({secret.token})",
    remedy: "Set it: postrider secrets set acme token",
  });
});

test("of many endpoints ten are named", () => {
  const many = Array.from({ length: 12 }, (_, n) => warning({ code: "open_credential", endpoint: `e${n}` }));
  expect(checks(...many)[1]?.found).toMatch(/^12 endpoints hold .* acme\/e9 and 2 more$/);
});

test("warnings of an older server, which have no code, are about macros", () => {
  const { code: _, ...older } = warning({});
  expect(checks(older as ReturnType<typeof warning>)).toMatchObject([{ name: "macros", verdict: "warning" }]);
});
