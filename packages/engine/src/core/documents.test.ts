import type { EndpointDocument } from "@postrider/contract";
import { expect, expectTypeOf, test } from "vitest";
import type { compileCircuitPolicy } from "../dispatch/partner.ts";
import { endpointDefaults, parseEndpointDocument } from "./documents.ts";
import type { readExchangeSettings } from "./exchange-settings.ts";
import type { NewTemplateSource } from "./template/compile-strictly.ts";
import type { compileVerdicts } from "./verdicts/index.ts";

type Used =
  | keyof NewTemplateSource
  | keyof Parameters<typeof readExchangeSettings>[0]
  | keyof Parameters<typeof compileCircuitPolicy>[0]
  | keyof Parameters<typeof compileVerdicts>[0]
  | "retry"
  | "signing"
  | "order"
  | "events"
  | "enabled";

test("each key of an endpoint has its place in the engine (else this does not compile)", () => {
  expectTypeOf<Exclude<keyof EndpointDocument, Used>>().toEqualTypeOf<never>();
});

test("a document that was stored before a key was known has its default, and its body keeps its digits", () => {
  const text =
    '{"url":"https://partner.example/","method":"PUT","body":{"rate":10.50},"retry":{"jitter":"none"}}';
  const document = parseEndpointDocument(text);
  expect(document).toMatchObject({
    ...endpointDefaults,
    method: "PUT",
    retry: { ...endpointDefaults.retry, jitter: "none" },
  });
  expect(JSON.stringify(document.body)).toBe('{"rate":10.50}');
});
