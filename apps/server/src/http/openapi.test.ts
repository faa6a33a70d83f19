import { errorCodes } from "@postrider/engine";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { declaredRoutes } from "../testing/answer-check.ts";
import { openApiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";

let routes: readonly Route[];
let document: any;
beforeAll(() => {
  routes = declaredRoutes();
  document = JSON.parse(JSON.stringify(openApiDocument(routes, "1.0.0")));
});

/** Every value under a key, anywhere. */
function* valuesOf(value: unknown, key: string): Generator {
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    if (name === key) yield part;
    yield* valuesOf(part, key);
  }
}

/** Every object with a default, with where it stands. */
function* defaultsIn(value: unknown, at = "#"): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if ("default" in value && !at.endsWith("properties")) yield [at, { ...value }];
  for (const [name, part] of Object.entries(value)) yield* defaultsIn(part, `${at}/${name}`);
}

/** A check by a schema of the document. */
function checkerOf(schema: Record<string, unknown>): (value: unknown) => boolean {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const whole = JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")) as Record<string, unknown>;
  const checker = z.fromJSONSchema(whole);
  return (value) => checker.safeParse(value).success;
}

describe("the OpenAPI document", () => {
  test("has no default that its own schema refuses", () => {
    const all = [...defaultsIn(document)];
    expect(all.length).toBeGreaterThan(30);
    const wrong = all.filter(([, { default: byDefault, ...schema }]) => !checkerOf(schema)(byDefault));
    expect(wrong.map(([at]) => at)).toEqual([]);
  });

  test("takes in a request what the server takes, and says that an answer has it all", () => {
    const { EndpointDocument, RetryDocument, CompleteRetryDocument, BreakerDocument } =
      document.components.schemas;
    const isEndpoint = checkerOf(EndpointDocument);
    const url = "https://a.example/";
    for (const more of [
      {},
      { retry: {} },
      { retry: { schedule: ["1s"] } },
      { breaker: {} },
      { breaker: null },
      { order: {} },
    ])
      expect([more, isEndpoint({ url, ...more })]).toEqual([more, true]);
    expect(isEndpoint({ url, retry: { schedule: [1] } })).toBe(false);
    expect([RetryDocument.required, BreakerDocument.required]).toEqual([undefined, undefined]);
    expect(CompleteRetryDocument.required).toContain("schedule");
  });

  test("has every route, and the contract's are among them", () => {
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
    for (const call of [
      "POST /v1/events",
      "GET /v1/events/{event_id}",
      "GET /v1/partners",
      "PUT /v1/partners/{id}",
      "GET /v1/partners/{id}",
      "DELETE /v1/partners/{id}",
      "POST /v1/partners/{id}/pause",
      "POST /v1/partners/{id}/resume",
      "POST /v1/partners/{id}/rotate-secret",
      "GET /v1/partners/{id}/keys",
      "PUT /v1/partners/{id}/endpoints/{endpoint_id}",
      "GET /v1/partners/{id}/endpoints/{endpoint_id}",
      "DELETE /v1/partners/{id}/endpoints/{endpoint_id}",
      "GET /v1/partners/{id}/endpoints",
      "POST /v1/partners/{id}/endpoints/{endpoint_id}/test",
      "POST /v1/partners/{id}/endpoints/{endpoint_id}/resume",
      "GET /v1/deliveries",
      "GET /v1/deliveries/{id}",
      "GET /v1/delivery-groups",
      "POST /v1/replays",
      "GET /v1/replays",
      "GET /v1/replays/{id}",
      "DELETE /v1/replays/{id}",
      "POST /v1/cancellations",
      "DELETE /v1/events/{event_id}",
      "GET /v1/status",
      "GET /v1/conservation",
      "GET /v1/reasons",
      "GET /healthz",
      "GET /readyz",
      "GET /metrics",
      "GET /openapi.json",
    ]) {
      expect(described).toContain(call);
    }
  });

  test("has the parts that OpenAPI 3.1 asks for", () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info).toMatchObject({ title: expect.any(String), version: "1.0.0" });
    const operations = Object.values<any>(document.paths).flatMap((item) => Object.values<any>(item));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
    for (const { operationId } of operations)
      expect(operationId).toMatch(
        /^(cancel|check|create|delete|get|list|pause|preview|put|reclassify|restore|resume|retry|rotate|send|test)([A-Z][a-z]+)+$/,
      );
    for (const tag of document.tags) expect(tag).toEqual({ name: tag.name, description: expect.any(String) });
    for (const operation of operations) {
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
      expect(Object.keys(operation.responses).filter((status) => status.startsWith("4"))).not.toEqual([]);
      for (const response of Object.values<any>(operation.responses))
        expect(response.description).toEqual(expect.any(String));
      for (const parameter of operation.parameters ?? []) {
        expect(parameter).toMatchObject({
          name: expect.any(String),
          in: expect.stringMatching(/^(path|query)$/),
          schema: expect.any(Object),
        });
      }
    }
  });

  test("has one shape for a partner that was stored, so that a client that takes all 2xx alike reads its secret", () => {
    const { responses } = document.paths["/v1/partners/{id}"].put;
    expect(responses["200"].content).toEqual(responses["201"].content);
    expect(responses["201"].content["application/json"].schema).toEqual({
      $ref: "#/components/schemas/CreatedPartner",
    });
  });

  test("declares exactly the parameters that each path has", () => {
    for (const [path, item] of Object.entries<any>(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const operation of Object.values<any>(item)) {
        const declared = (operation.parameters ?? []).filter((parameter: any) => parameter.in === "path");
        expect(new Set(declared.map(({ name }: any) => name))).toEqual(new Set(inPath));
        expect(declared).toHaveLength(inPath.length);
        for (const { required } of declared) expect(required).toBe(true);
      }
    }
  });

  test("has no reference that leads nowhere", () => {
    const references = [...valuesOf(document, "$ref")];
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      const name = String(reference).replace("#/components/schemas/", "");
      expect(document.components.schemas).toHaveProperty(name);
    }
    expect([...valuesOf(document, "$defs")]).toEqual([]);
  });

  test("says what is asked for and what is refused", () => {
    const accept = document.paths["/v1/events"].post;
    expect(accept.requestBody.content["application/json"].schema).toEqual({
      $ref: "#/components/schemas/EventOrBatch",
    });
    expect(document.components.schemas.EventOrBatch.anyOf).toEqual([
      { $ref: "#/components/schemas/Event" },
      { $ref: "#/components/schemas/EventBatch" },
    ]);
    const { Event, EndpointDocument } = document.components.schemas;
    expect(Event.required).toEqual(["event_id", "type"]);
    expect(Event.properties.data).toMatchObject({ type: "object" });
    expect(EndpointDocument.required).toEqual(["url"]);
    expect(EndpointDocument.properties.timeout.default).toBe("10s");
    expect(Object.keys(accept.responses).sort()).toEqual([
      "202",
      "400",
      "401",
      "409",
      "413",
      "415",
      "421",
      "429",
      "500",
      "503",
    ]);
    expect(accept.responses["409"].description).toContain(errorCodes.conflict.meaning);
    expect(document.paths["/healthz"].get.security).toEqual([]);
    for (const path of ["/healthz", "/readyz", "/metrics", "/openapi.json"])
      expect([path, document.paths[path].get.responses["421"]?.description]).toEqual([
        path,
        expect.stringContaining("unknown_host"),
      ]);
    expect(document.paths["/v1/partners/{id}/rotate-secret"].post.requestBody.required).toBe(false);
    expect(document.paths["/v1/partners/{id}"].put.requestBody.required).toBe(true);
  });
});
