import { completeEndpoint, partnerDocument } from "@postrider/contract";
import { parseExactJson } from "@postrider/contract/exact-json";
import fc from "fast-check";
import { expect, it } from "vitest";
import { checkFiles } from "./check.ts";
import { partnersFileText } from "./file-text.ts";
import { planOf } from "./plan.ts";
import type { PartnerSettings } from "./settings.ts";

const id = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/);
const wait = fc.constantFrom("5s", "1m", "2h", "24h");
const number = fc.constantFrom("1", "1.50", "-0", "12345678901234567890", "1e3").map(parseExactJson);
const body = fc.dictionary(
  fc.stringMatching(/^[a-z_]{1,6}$/),
  fc.oneof(number, fc.boolean(), fc.constant("{data.a?}")),
);

const endpoint = fc
  .record(
    {
      method: fc.constantFrom("POST", "PUT"),
      events: fc.constantFrom(["*"], ["a.*"], ["a.b", "c"]),
      headers: fc.constantFrom({}, { "x-b": "1", "x-a": "{data.x?}" }),
      body: fc.oneof(fc.constantFrom("envelope", "form"), body),
      retry: fc.record(
        { schedule: fc.array(wait), jitter: fc.constantFrom("full", "none") },
        { requiredKeys: [] },
      ),
      timeout: wait.filter((text) => text !== "2h" && text !== "24h"),
      enabled: fc.boolean(),
      order: fc.constantFrom(null, { max_hold: "1h" }, { max_hold: "5m" }),
      breaker: fc.constantFrom(null, {}, { minimum: 7 }),
      disable_after: fc.constantFrom(null, "5d", "2h"),
    },
    { requiredKeys: [] },
  )
  .map((part) => completeEndpoint(checked(part)));

/** Defaults are filled in where the contract has them, as for what a server shows. */
const checked = (part: object) => ({ url: "https://a.example/p?x={data.x?}", ...part });

const partner: fc.Arbitrary<PartnerSettings> = fc.record({
  id,
  document: fc
    .record({
      name: fc.constantFrom("Acme", "Ümlaut & Söhne", "•"),
      rate_per_second: fc.constantFrom(null, 0.5, 50),
      max_in_flight: fc.constantFrom(16, 1),
      silent_after: fc.constantFrom(null, "1h"),
    })
    .map((part) => partnerDocument.parse(part)),
  endpoints: fc.dictionary(id, endpoint, { maxKeys: 3 }).map((found) => new Map(Object.entries(found))),
});

it("files say what was exported: reading them again gives the same settings, the same text and no change", () => {
  fc.assert(
    fc.property(fc.uniqueArray(partner, { selector: (one) => one.id, maxLength: 4 }), (partners) => {
      const text = partnersFileText(partners);
      const { partners: read, issues } = checkFiles([{ name: "all.json", text }]);
      expect(issues).toEqual([]);
      expect(partnersFileText(read)).toBe(text);
      const found = new Map(partners.map((one) => [one.id, one]));
      const { changes, unnamed } = planOf(read, found, { endpoints: true, partners: true });
      expect([changes, unnamed]).toEqual([[], []]);
    }),
  );
});
