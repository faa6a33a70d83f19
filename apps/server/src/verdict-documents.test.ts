/** Endpoint documents with verdict rules, on a real server: stored and shown digit for digit, or refused with the place. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSettings } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";
import { caller } from "./testing/server-over-fake.testsuite.ts";

let server: RunningServer;
let call: ReturnType<typeof caller>;
beforeAll(async () => {
  const env = { POSTRIDER_PORT: "0", POSTRIDER_DATA_DIR: "memory://" };
  server = await startServer(readSettings(env), { logTo: { write: () => {} } });
  call = caller(server.url, server.apiKey.reveal());
  await call("PUT", "/v1/partners/acme", { name: "Acme" });
});
afterAll(() => server?.stop());

const path = "/v1/partners/acme/endpoints/main";
const put = (verdicts: unknown) => call("PUT", path, { url: "https://acme.invalid/", verdicts });
const raw = async (method: string, target: string, body: string | null) => {
  const headers = { authorization: `Bearer ${server.apiKey.reveal()}`, "content-type": "application/json" };
  const response = await fetch(server.url + target, { method, headers, body });
  return response.text();
};

const delivered = { when: { equals: "ok" }, then: "delivered" };
const json = (test: unknown) => [{ when: { json: test }, then: "slow" }];

test.each<[string, unknown, string, string | RegExp]>([
  ["no list", {}, "verdicts", "must be a list of rules"],
  ["no then", [{ when: { status: 200 } }], "verdicts[0].then", /^must be one of delivered/],
  ["no test", [{ when: {}, then: "dead" }], "verdicts[0].when", /^must have at least one of status/],
  ["an unknown key", [{ ...delivered, wenn: 1 }], "verdicts[0].wenn", "is not known; did you mean when?"],
  [
    "an unknown test",
    [{ when: { contain: "x" }, then: "dead" }],
    "verdicts[0].when.contain",
    "is not known; did you mean contains?",
  ],
  [
    "an unknown test of JSON",
    json([{ pointer: "/a", equal: 1, exists: true }]),
    "verdicts[0].when.json[0].equal",
    "is not known; did you mean equals?",
  ],
  [
    "no pointer",
    json({ equals: 1 }),
    "verdicts[0].when.json.pointer",
    "must be a JSON Pointer such as /code",
  ],
  [
    "no test of the value",
    json([{ pointer: "/a" }]),
    "verdicts[0].when.json[0]",
    /^must have at least one of equals/,
  ],
  [
    "an object as a value",
    json({ pointer: "/a", equals: { rawJSON: "1" } }),
    "verdicts[0].when.json.equals",
    /^must be a text of at most/,
  ],
  [
    "a wrong status",
    [{ when: { status: [200, 700] }, then: "dead" }],
    "verdicts[0].when.status[1]",
    /^must be/,
  ],
  [
    "a wait that means nothing",
    [{ ...delivered, wait: { header: "x" } }],
    "verdicts[0].wait",
    "goes with retry and slow only",
  ],
  ["too many rules", Array.from({ length: 51 }, () => delivered), "verdicts", "must have at most 50 rules"],
  [
    "a bad pointer",
    json({ pointer: "code", exists: true }),
    "verdicts[0].when.json.pointer",
    /begins with "\/"/,
  ],
  ["a rule again", [delivered, delivered], "verdicts[1]", /^no answer reaches this rule/],
  [
    "a macro that is none",
    [{ when: { equals: "{event_ids}" }, then: "dead" }],
    "verdicts[0].when.equals",
    /did you mean {event_id}/,
  ],
  [
    "a secret",
    [{ when: { equals: "{secret.token}" }, then: "dead" }],
    "verdicts[0].when.equals",
    /in requests only/,
  ],
])("%s is refused with its place", async (_, verdicts, place, words) => {
  const { status, json: answer } = await put(verdicts);
  const { error } = answer as { error: { issues: { path: string; message: string }[] } };
  expect(status).toBe(400);
  expect(error.issues.map((issue) => issue.path)).toContain(place);
  expect(error.issues.find((issue) => issue.path === place)?.message).toMatch(words);
});

test("numbers that are expected keep their digits, stored, shown and put again", async () => {
  const rules =
    '[{"when":{"status":[200,"4xx"],"json":[{"pointer":"/id","equals":12345678901234567890,"lt":1e30},{"pointer":"/sum","in":[10.50,"x"]}]},"then":"slow","wait":{"pointer":"/wait"},"note":"n"}]';
  const document = `{"url":"https://acme.invalid/","verdicts":${rules}}`;
  expect(await raw("PUT", path, document)).toContain(`"verdicts":${rules}`);
  const shown = await raw("GET", path, null);
  expect(shown).toContain(`"verdicts":${rules}`);
  expect(await raw("POST", `${path}/reclassify`, `{"verdicts":${rules}}`)).toContain('"judged":0');
  expect(await raw("POST", `${path}/reclassify`, null)).toContain('"judged":0');
});

test("an endpoint without rules is shown with an empty list", async () => {
  await call("PUT", path, { url: "https://acme.invalid/" });
  expect((await call("GET", path)).json).toMatchObject({ verdicts: [] });
});
