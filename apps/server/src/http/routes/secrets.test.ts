import { beforeEach, expect, test } from "vitest";
import { type Bench, serverOverFake } from "../../testing/server-over-fake.testsuite.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await serverOverFake();
  await bench.call("PUT", "/v1/partners/acme", { name: "Acme" });
});

const path = "/v1/partners/acme/secrets";
const call = (...given: Parameters<Bench["call"]>) => bench.call(...given);

test("a secret is set, set again, listed without its value, and removed", async () => {
  const put = await call("PUT", `${path}/access_token`, { value: "s3cret value" });
  expect([put.status, put.json]).toEqual([
    201,
    { name: "access_token", set_at: expect.any(String), endpoints: ["main"] },
  ]);
  expect(bench.engine.asked).toContainEqual([
    "putSecret",
    "acme",
    "access_token",
    "s3cret value",
    expect.any(Number),
  ]);
  expect((await call("PUT", `${path}/known`, { value: "s3cret value" })).status).toBe(200);
  // What waited for it goes on at once: one sweep for the partner, one for each secret.
  expect(bench.engine.sweeps).toBe(3);
  const listed = await call("GET", path);
  expect([listed.status, listed.json.secrets]).toMatchObject([200, [{ name: "access_token" }]]);
  const removed = await call("DELETE", `${path}/known`);
  expect([removed.status, removed.text]).toEqual([204, ""]);
});

test.each([
  ["PUT", "/v1/partners/none/secrets/key", { value: "s3cret" }, 404, "not_found"],
  ["GET", "/v1/partners/none/secrets", undefined, 404, "not_found"],
  ["DELETE", "/v1/partners/none/secrets/key", undefined, 404, "not_found"],
  ["DELETE", `${path}/unknown`, undefined, 404, "not_found"],
  ["DELETE", `${path}/used`, undefined, 409, "secret_in_use"],
  ["PUT", `${path}/Access-Token`, { value: "s3cret" }, 400, "invalid_request"],
  ["PUT", `${path}/${"x".repeat(41)}`, { value: "s3cret" }, 400, "invalid_request"],
  ["PUT", `${path}/key`, {}, 400, "invalid_request"],
  ["PUT", `${path}/key`, undefined, 400, "invalid_request"],
] as const)("%s %s with %j is answered with %i %s", async (method, target, body, status, code) => {
  const answer = await call(method, target, body);
  expect([answer.status, answer.json.error.code]).toEqual([status, code]);
});

test.each([
  ["too short", "s3c", "must have at least 4 characters"],
  ["too long", "s3cret".repeat(1_400), "must have at most 8192 bytes"],
  ["too long in bytes", "é".repeat(4_097), "must have at most 8192 bytes"],
  ["with a line end", "s3cret\n", "must not begin or end with white space"],
  ["with U+0000", "s3c\0ret", "holds U+0000"],
  ["no text", 7_351_937, "must be a text"],
])("a value that is %s is refused with the reason, and never repeated", async (_, value, words) => {
  const { status, text } = await call("PUT", `${path}/key`, { value });
  expect(status).toBe(400);
  expect(text).toContain(words);
  expect(text).not.toMatch(/s3c|7351937|é/);
});

test("the longest value is taken", async () => {
  expect((await call("PUT", `${path}/key`, { value: "é".repeat(4_096) })).status).toBe(201);
});

test.each(['{"value": s3cret}', '{"value": "s3cret', '["s3cret"', "s3cret"])(
  "a body that is no JSON (%s) is refused without a word of it",
  async (body) => {
    const { status, text } = await call("PUT", `${path}/key`, body);
    expect([status, text]).toEqual([400, expect.stringContaining("The body is not JSON.")]);
    expect(text).not.toContain("s3c");
  },
);
