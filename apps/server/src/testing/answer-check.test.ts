import { expect, test } from "vitest";
import { endpointDefaults } from "@postrider/contract";
import { checkAnswer, declaredRoutes } from "./answer-check.ts";
import { circuit } from "./fake-operations.ts";
import { serverOverFake } from "./server-over-fake.testsuite.ts";

const at = "2026-01-31T10:00:00.000Z";
const endpoint: Record<string, unknown> = {
  url: "https://partner.example/",
  ...endpointDefaults,
  body: "envelope",
  id: "main",
  partner: "acme",
  version: 1,
  state: "held",
  held_until: at,
  note: null,
  circuit,
};
const path = "/v1/partners/acme/endpoints/main";

test("an endpoint with every key passes", () => {
  expect(() => checkAnswer("GET", path, 200, endpoint)).not.toThrow();
});

test.each(Object.keys(endpoint))(
  "an endpoint without its %s is refused, although it has a default",
  (key) => {
    const { [key]: _lost, ...rest } = endpoint;
    expect(() => checkAnswer("GET", path, 200, rest)).toThrow(key);
  },
);

test("a key within an object that is missing, and a key that no schema knows, are refused", () => {
  const { jitter: _lost, ...retry } = endpoint["retry"] as Record<string, unknown>;
  expect(() => checkAnswer("GET", path, 200, { ...endpoint, retry })).toThrow("jitter");
  expect(() => checkAnswer("GET", path, 200, { ...endpoint, surprise: 1 })).toThrow("surprise");
});

test("a status that the route does not declare is refused, and so is an error without a code", () => {
  expect(() => checkAnswer("GET", path, 204, {})).toThrow("204");
  expect(() => checkAnswer("GET", path, 404, { error: { message: "no" } })).toThrow("code");
});

test("each call of the route tests is checked", async () => {
  const { call, engine } = await serverOverFake();
  engine.operations.getEndpoint = async () => ({ ...endpoint, note: undefined }) as never;
  await expect(call("GET", path)).rejects.toThrow("note");
  expect(declaredRoutes().length).toBeGreaterThan(25);
});
