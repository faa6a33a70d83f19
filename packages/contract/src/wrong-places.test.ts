import { expect, test } from "vitest";
import { z } from "zod";
import { endpointDocument } from "./documents/endpoint.ts";
import { wrongPlaces } from "./wrong-places.ts";

function placesIn(schema: z.ZodType, value: unknown, most?: number) {
  const { error } = schema.safeParse(value);
  const { listed, more } = wrongPlaces(error!, schema, most);
  return [...listed.map(({ path, message }) => `${path.join(".")} ${message}`), ...(more > 0 ? [more] : [])];
}

const url = "https://a.example/";

test.each<[unknown, string]>([
  [{ url, methd: "GET" }, "methd is not known; did you mean method?"],
  [{ url, retry: { jitte: "none" } }, "retry.jitte is not known; did you mean jitter?"],
  [
    { url, verdicts: [{ when: { json: { pointer: "/a", equls: 1 } }, then: "delivered" }] },
    "verdicts.0.when.json.equls is not known; did you mean equals?",
  ],
  [
    { url, parameters: [{ params: { a: "x" }, jon: "|" }] },
    "parameters.0.jon is not known; did you mean join?",
  ],
])("an unknown key of %j is told with the nearest one of its object", (document, words) => {
  expect(placesIn(endpointDocument, document)).toContain(words);
});

test("only the first unknown keys are compared, and only so many places are listed", () => {
  const names = Array.from({ length: 12 }, (_, index) => [`key${index}`, 1]);
  const found = placesIn(z.strictObject({ key: z.number() }), { key: 1, ...Object.fromEntries(names) }, 11);
  expect(found.slice(8)).toEqual([
    "key8 is not known; did you mean key?",
    "key9 is not known; did you mean key?",
    "key10 is not known",
    1,
  ]);
});

test("a key of an object that knows none has no list after it", () => {
  expect(placesIn(z.strictObject({}), { a: 1 })).toEqual(["a is not known"]);
});
