import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpointDefaults } from "@postrider/contract";
import { describe, expect, test } from "vitest";
import { anEndpoint } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

const path = "/v1/partners/acme/endpoints/main";
const request = {
  method: "GET",
  url: "https://acme.example/pb?c=1&token={secret.token}",
  headers: { "webhook-id": "dlv_1", "webhook-signature": "•••" },
  body: null,
};

describe("endpoints preview", () => {
  const preview = (answer: object, ...flags: string[]) =>
    runCli(["endpoints", "preview", "acme", "main", ...flags], {
      routes: { [`POST ${path}/preview`]: { body: answer } },
    });

  test("shows the request and the warnings", async () => {
    const warning = {
      code: "empty_value",
      macro: "data.sub",
      message: "The event e has no value for {data.sub}.",
    };
    const { code, stdout, calls } = await preview({ request, warnings: [warning] });
    expect(code).toBe(0);
    expect(stdout).toBe(
      "> GET https://acme.example/pb?c=1&token={secret.token}\n> webhook-id: dlv_1\n> webhook-signature: •••\n" +
        "Warning: The event e has no value for {data.sub}.\n",
    );
    expect(calls.map(({ body }) => body)).toEqual(["{}"]);
  });

  test("takes a draft and an event as text or from files, digit for digit", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postrider-preview-"));
    writeFileSync(join(folder, "draft.json"), '{"url":"https://a.example/","body":{"rate":10.50}}');
    const { calls } = await preview(
      { request, warnings: [] },
      "--document",
      `@${join(folder, "draft.json")}`,
      "--event",
      '{"data":{"v":12345678901234567890}}',
    );
    expect(calls[0]?.body).toBe(
      '{"document":{"url":"https://a.example/","body":{"rate":10.50}},"event":{"data":{"v":12345678901234567890}}}',
    );
    expect((await preview({ request, warnings: [] }, "--event-id", "conv-1")).calls[0]?.body).toBe(
      '{"event_id":"conv-1"}',
    );
  });

  test.each([
    [["--event", "{"], "--event is not a JSON document."],
    [["--document", "[]"], "--document is not a JSON document."],
    [["--event", "{}", "--event-id", "a"], "--event and --event-id exclude each other."],
  ])("%j is a usage error, and nothing is asked", async (flags, message) => {
    const { code, stderr, calls } = await preview({}, ...flags);
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toContain(message);
  });

  test("ends with 1 and says why if there would be no request", async () => {
    const failure = { reason: "missing_macro", macro: "data.c", message: "{data.c!} is required." };
    const { code, stdout } = await preview({ request: null, failure, warnings: [] });
    expect([code, stdout]).toEqual([
      1,
      "No request: missing_macro: {data.c!} is required.\n" +
        `This was the sample event. Give one as your application makes it: --event '{"data":{…}}', or --event-id <id>.\n`,
    ]);
    const own = await preview({ request: null, failure, warnings: [] }, "--event", '{"data":{}}');
    expect(own.stdout).toBe("No request: missing_macro: {data.c!} is required.\n");
  });
});

test("endpoints test is about the event that was chosen, signed by the keys that were chosen", async () => {
  const response = { status: 200, body: "", duration_ms: 1, failure: null };
  const { calls } = await runCli(
    ["endpoints", "test", "acme", "main", "--event", '{"data":{"v":1.50}}', "--keys", "newest"],
    { routes: { [`POST ${path}/test`]: { body: { request, response, verdict: "accepted", error: null } } } },
  );
  expect(calls[0]?.body).toBe('{"event":{"data":{"v":1.50}},"keys":"newest"}');
});

describe("endpoints versions", () => {
  const document = { url: "https://acme.example/1", ...endpointDefaults, body: "envelope" };
  const version = (n: number, changes: object = {}) => ({
    body: {
      partner: "acme",
      endpoint: "main",
      version: n,
      at: "2026-01-31T11:50:00Z",
      by: "local",
      document: { ...document, ...changes },
    },
  });
  const lines = [
    { version: 5, at: "2026-01-31T11:50:00Z", by: "key:0123456789ab" },
    { version: 3, at: "2026-01-31T11:00:00Z", by: null },
  ];
  const routes = {
    [`GET ${path}/versions`]: { body: { versions: lines, next_cursor: "Mw" } },
    [`GET ${path}/versions/3`]: version(3),
    [`GET ${path}/versions/4`]: version(4, { headers: { authorization: "Bearer s3cret" } }),
    [`GET ${path}/versions/5`]: version(5, { url: "https://acme.example/2", timeout: "3s" }),
  };
  const versions = (...more: string[]) =>
    runCli(["endpoints", "versions", "acme", "main", ...more], { routes });

  test("lists who changed it and when", async () => {
    const { code, stdout } = await versions();
    expect(code).toBe(0);
    expect(stdout).toMatch(/5 +2026-01-31 .*10m ago +key:0123456789ab/);
    expect(stdout).toMatch(/3 +2026-01-31 .*1h ago +-/);
    expect(stdout).toContain("There are more: add --cursor Mw.");
    expect((await versions("--limit", "1", "--cursor", "Mw")).calls[0]?.path).toMatch(/\?limit=1&cursor=Mw$/);
  });

  test("shows what changed from one to another, or to the newest", async () => {
    const wanted =
      'acme/main, version 3 to 5:\n    url: "https://acme.example/1" -> "https://acme.example/2"\n    timeout: "10s" -> "3s"\n';
    expect((await versions("--diff", "3", "5")).stdout).toBe(wanted);
    expect((await versions("--diff", "3")).stdout).toBe(wanted);
    expect(JSON.parse((await versions("--diff", "3", "5", "--json")).stdout)).toMatchObject({
      from: 3,
      to: 5,
      changes: [{ key: "url" }, { key: "timeout", from: "10s", to: "3s" }],
    });
    expect((await versions("--diff", "3", "3")).stdout).toContain("the documents are the same");
  });

  test("hides credentials in a comparison", async () => {
    for (const json of [[], ["--json"]]) {
      const { stdout } = await versions("--diff", "3", "4", ...json);
      expect(stdout).toContain("•••");
      expect(stdout).not.toContain("s3cret");
    }
  });

  test("shows the document of one", async () => {
    expect(JSON.parse((await versions("3")).stdout)).toEqual(document);
    expect((await versions("last")).code).toBe(2);
  });
});

test("endpoints restore puts back a version, and says which version that makes", async () => {
  const endpoint = { ...anEndpoint({ version: 6 }), warnings: [] };
  const { code, stdout, calls } = await runCli(["endpoints", "restore", "acme", "main", "3"], {
    routes: { [`POST ${path}/versions/3/restore`]: { body: endpoint } },
  });
  expect([code, stdout, calls.length]).toEqual([
    0,
    "acme/main is as it was in version 3. This is version 6.\n",
    1,
  ]);
});

describe("deliveries request", () => {
  const shown = {
    delivery: "dlv_1",
    n: 2,
    at: "2026-01-31T11:50:00Z",
    endpoint_version: 3,
    exact: true,
    differs: [],
    request,
  };
  const ask = (answer: object, ...flags: string[]) =>
    runCli(["deliveries", "request", "dlv_1", ...flags], {
      routes: {
        "GET /v1/deliveries/dlv_1/attempts/last/request": { body: answer },
        "GET /v1/deliveries/dlv_1/attempts/1/request": { body: answer },
      },
    });

  test("shows what the last attempt sent, or the one that was named", async () => {
    const { code, stdout } = await ask(shown);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Attempt 2, .*, version 3 of the endpoint:\n> GET https:\/\/acme.example\/pb/);
    expect(stdout).toContain("This is what was sent, apart from the signature");
    expect((await ask(shown, "--attempt", "1")).calls[0]?.path).toContain("/attempts/1/request");
  });

  test("says why it may not be what was sent", async () => {
    const differs = [{ cause: "version_gone", message: "Version 3 is not kept any more." }];
    const { stdout } = await ask({ ...shown, exact: false, differs });
    expect(stdout).toContain("Not exactly what was sent: Version 3 is not kept any more.");
    expect(stdout).not.toContain("This is what was sent");
  });
});
