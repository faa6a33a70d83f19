import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { completeEndpoint, endpointDefaults, endpointDocument } from "./endpoint.ts";
import { durationsIn } from "./durations.ts";
import { flagNames, keysOf } from "./keys.ts";
import { pathText } from "./path-text.ts";
import { partnerDefaults, partnerDocument } from "./partner.ts";

const documents = { partnerDocument, endpointDocument };
const url = "https://partner.example/";

test.each(Object.entries(documents))("each key of %s says what it is for", (_, document) => {
  for (const { path, meaning } of keysOf(document))
    expect([path, meaning]).toEqual([path, expect.stringMatching(/\.$/)]);
});

test.each(Object.entries(documents))("no two keys of %s have the same flag", (_, document) => {
  const names = keysOf(document).flatMap(flagNames);
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  expect(names.length).toBeGreaterThan(3);
});

test("a default is what the document's own check lets through", () => {
  expect(endpointDocument.parse({ url, ...endpointDefaults })).toEqual({ url, ...endpointDefaults });
  expect(partnerDocument.parse({ name: "Acme", ...partnerDefaults })).toEqual({
    name: "Acme",
    ...partnerDefaults,
  });
});

test("a document that names only its URL has the defaults", () => {
  expect(completeEndpoint({ url })).toEqual({ url, ...endpointDefaults, body: "envelope" });
  expect(completeEndpoint({ url, method: "GET" } as { url: string })).toMatchObject({ body: "none" });
});

test("documents that were stored before any of the keys have the defaults of these, in the objects within too", () => {
  const complete = {
    ...completeEndpoint({ url }),
    order: { max_hold: "5s" },
    timeout: "3s",
    disable_after: null,
    body: { a: [1, { b: null }] },
  };
  const paths = keysOf(endpointDocument)
    .map(({ path }) => path)
    .filter(([first]) => first !== "url");
  fc.assert(
    fc.property(fc.subarray([...paths]), (lost) => {
      const stored = structuredClone(complete) as Record<string, unknown>;
      for (const [outer, inner] of lost as [string, string?][])
        if (inner === undefined) delete stored[outer];
        else delete (stored[outer] as Record<string, unknown> | null | undefined)?.[inner];
      const read = completeEndpoint(stored as { url: string });
      expect(z.safeParse(endpointDocument, read)).toMatchObject({ success: true, data: read });
      const kept = Object.entries(stored).filter(
        ([, value]) => typeof value !== "object" || Array.isArray(value),
      );
      expect(read).toMatchObject(Object.fromEntries(kept));
    }),
  );
});

test("null in a stored document stays, and so do keys that this version does not know", () => {
  const stored = { url, breaker: null, disable_after: null, from_later: { a: 1 } };
  expect(completeEndpoint(stored)).toMatchObject(stored);
});

test("documents do not share what one of them may change", () => {
  const [one, other] = [completeEndpoint({ url }), completeEndpoint({ url })];
  (one.events as string[]).push("x");
  (one.retry.schedule as string[]).push("1s");
  expect(other).toEqual({ url, ...endpointDefaults, body: "envelope" });
});

test("each duration of a document is found, with its place", () => {
  const document = completeEndpoint({ url, order: { max_hold: "5s" } } as { url: string });
  const found = durationsIn(endpointDocument, document).map(({ path, text }) => `${pathText(path)} ${text}`);
  expect(found.toSorted()).toEqual(
    [
      ...document.retry.schedule.map((text, index) => `retry.schedule[${index}] ${text}`),
      ...document.retry.client_error_schedule.map(
        (text, index) => `retry.client_error_schedule[${index}] ${text}`,
      ),
      "retry.expires_after 80h",
      "retry.retry_after_max 24h",
      "timeout 10s",
      "order.max_hold 5s",
      "breaker.window 60s",
      "breaker.first_wait 5s",
      "breaker.longest_wait 10m",
      "disable_after 5d",
    ].toSorted(),
  );
  expect(
    durationsIn(endpointDocument, { ...document, order: null, breaker: null, disable_after: null }),
  ).toHaveLength(found.length - 5);
});
