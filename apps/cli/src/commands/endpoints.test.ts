import { parseExactJson } from "@postrider/contract/exact-json";
import { describe, expect, it } from "vitest";
import { aCircuit, anEndpoint } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

const exchange = (status: number, verdict: string) => ({
  request: {
    method: "POST",
    url: "https://acme.example/postback",
    headers: { "webhook-test": "1" },
    body: "{}",
  },
  response: { status, body: "hello\u001b[2J", duration_ms: 12, failure: null },
  verdict,
  error: verdict === "accepted" ? null : `HTTP ${status}`,
});

const runTest = (status: number, verdict: string) =>
  runCli(["endpoints", "test", "acme", "main"], {
    routes: { "POST /v1/partners/acme/endpoints/main/test": { body: exchange(status, verdict) } },
  });

describe("endpoints", () => {
  const put = {
    "GET /v1/partners/acme/endpoints/main": { body: anEndpoint() },
    "PUT /v1/partners/acme/endpoints/main": { body: anEndpoint() },
  };

  it("shows what only some endpoints have", async () => {
    const some = anEndpoint({
      parameters: [{ each: "data.items", params: { "ITEM{n}": "{item.sku}" } }],
      fan_out: "data.items",
      literal: true,
      personal_data: ["url:email"],
    });
    const show = async (endpoint: object) =>
      (
        await runCli(["endpoints", "show", "acme", "main"], {
          routes: { "GET /v1/partners/acme/endpoints/main": { body: endpoint } },
        })
      ).stdout;
    const words = ["ITEM{n}", "each item of data.items", "macro is sent as it is", "url:email"];
    const shown = await show(some);
    for (const word of words) expect(shown).toContain(word);
    const plain = await show(anEndpoint());
    for (const word of ["parameters", "fan out", "literal", "personal data"])
      expect(plain).not.toContain(word);
  });

  it("lists in a table", async () => {
    const { stdout } = await runCli(["endpoints", "list", "acme"], {
      routes: { "GET /v1/partners/acme/endpoints": { body: { endpoints: [anEndpoint()] } } },
    });
    expect(stdout).toContain(
      "main      active  POST    https://acme.example/postback  conversion.*        2        3",
    );
  });

  it("takes the certificates of --ca from a file, and gives them up for none", async () => {
    const routes = {
      "GET /v1/partners/acme/endpoints/main": { body: anEndpoint({ ca: "standing" }) },
      "PUT /v1/partners/acme/endpoints/main": { body: anEndpoint() },
    };
    const put = async (ca: readonly string[]) => {
      const { calls } = await runCli(["endpoints", "put", "acme", "main", ...ca], { routes, stdin: "PEM\n" });
      return (JSON.parse(String(calls.at(-1)?.body)) as { ca: unknown }).ca;
    };
    expect([await put(["--ca", "-"]), await put(["--ca", "none"]), await put([])]).toEqual([
      "PEM\n",
      null,
      "standing",
    ]);
  });

  it("makes a document from flags", async () => {
    const routes = { "PUT /v1/partners/acme/endpoints/main": { status: 201, body: anEndpoint() } };
    const url = "https://t.example/pb?cid={data.click_id!}";
    const argv = [
      "endpoints",
      "put",
      "acme",
      "main",
      url,
      "--method",
      "GET",
      "--event",
      "a.*",
      "--event",
      "b",
      "--header",
      "x-a: 1:2",
    ];
    const { code, calls } = await runCli(
      [
        ...argv,
        "--schedule",
        "5s, 1m",
        "--signing",
        "none",
        "--body",
        '{"id":"{event_id}"}',
        "--disable",
        "--order",
        "2h",
      ],
      { routes },
    );
    expect(code).toBe(0);
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({
      url,
      method: "GET",
      events: ["a.*", "b"],
      headers: { "x-a": "1:2" },
      body: { id: "{event_id}" },
      retry: { schedule: ["5s", "1m"] },
      signing: [],
      order: { max_hold: "2h" },
      enabled: false,
    });
  });

  it("changes only what the flags name, and puts back nothing that is only shown", async () => {
    const { calls } = await runCli(
      ["endpoints", "put", "acme", "main", "--schedule", "none", "--enable", "--order", "none"],
      {
        routes: put,
      },
    );
    const {
      id: _id,
      partner: _partner,
      version: _version,
      state: _state,
      held_until: _held,
      note: _note,
      circuit: _circuit,
      ...document
    } = anEndpoint();
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({
      ...document,
      retry: { ...document.retry, schedule: [] },
      enabled: true,
    });
  });

  const digits = '{"campaign":12345678901234567890,"rate":10.50,"zero":-0,"big":1E5,"__proto__":{"n":1.0}}';

  it("sends the digits of a body as they are written, from a flag or a file, and prints them", async () => {
    const shown = parseExactJson(JSON.stringify(anEndpoint()).replace('"envelope"', digits));
    const routes = {
      "GET /v1/partners/acme/endpoints/main": { status: 404, body: { error: { code: "not_found" } } },
      "PUT /v1/partners/acme/endpoints/main": { body: shown },
    };
    const argv = ["endpoints", "put", "acme", "main", "https://acme.example/"];
    for (const [more, stdin] of [
      [["--body", digits], ""],
      [["--body", "@-"], digits],
      [["--file", "-"], `{"body":${digits}}`],
    ] as const) {
      const { calls, stdout } = await runCli([...argv, ...more, "--json"], { routes, stdin });
      expect(calls.at(-1)?.body).toContain(digits);
      expect(stdout).toContain(digits);
    }
  });

  it("puts the digits of a body back as it read them", async () => {
    const shown = parseExactJson(JSON.stringify(anEndpoint()).replace('"envelope"', digits));
    const routes = {
      "GET /v1/partners/acme/endpoints/main": { body: shown },
      "PUT /v1/partners/acme/endpoints/main": { body: shown },
    };
    const { calls, stdout } = await runCli(["endpoints", "put", "acme", "main", "--timeout", "3s"], {
      routes,
    });
    expect(calls.at(-1)?.body).toContain(`"body":${digits}`);
    expect(stdout).toContain(digits);
  });

  it("warns of macros that no event had a value for, and puts no warning back", async () => {
    const macro = { partner: "acme", endpoint: "main", macro: "data.payuot", nearest: "data.payout" };
    const answer = { ...anEndpoint(), warnings: [{ ...macro, message: "Did you mean data.payout?" }] };
    const routes = {
      "GET /v1/partners/acme/endpoints/main": { body: answer },
      "PUT /v1/partners/acme/endpoints/main": { body: answer },
    };
    for (const more of [[], ["--json"]]) {
      const { code, stderr, calls } = await runCli(
        ["endpoints", "put", "acme", "main", "--enable", ...more],
        { routes },
      );
      expect([code, stderr]).toEqual([0, "Warning: Did you mean data.payout?\n"]);
      expect(JSON.parse(calls[1]!.body)).not.toHaveProperty("warnings");
    }
  });

  it("shows a circuit that is open, and since when it fails", async () => {
    const circuit = aCircuit({
      state: "open",
      since: "2026-01-31T11:00:00Z",
      failing_since: "2026-01-31T10:59:00Z",
      failures: 12,
      next_probe_at: "2026-01-31T12:10:00Z",
      in_flight_limit: 1,
      disabled_at: "2026-02-05T10:59:00Z",
    });
    const endpoint = anEndpoint({ state: "held", held_until: "2026-01-31T12:10:00Z", circuit });
    const { stdout } = await runCli(["endpoints", "show", "acme", "main"], {
      routes: { "GET /v1/partners/acme/endpoints/main": { body: endpoint } },
    });
    expect(stdout).toContain("circuit open, next probe 2026-01-31 12:10:00Z");
    expect(stdout).toContain("12 in a row; paused at 2026-02-05 10:59:00Z if it goes on");
    expect(stdout).toContain("after 10 failures in a row, or 50 % of at least 20 within 60s");
  });

  it("switches the breaker off and on, and sets when an endpoint is disabled", async () => {
    const putWith = async (...flags: string[]) => {
      const { calls } = await runCli(["endpoints", "put", "acme", "main", ...flags], { routes: put });
      return JSON.parse(calls[1]?.body ?? "");
    };
    expect(await putWith("--breaker", "off", "--disable-after", "never")).toMatchObject({
      breaker: null,
      disable_after: null,
    });
    expect(await putWith("--breaker", "on", "--disable-after", "2d")).toMatchObject({
      breaker: anEndpoint().breaker,
      disable_after: "2d",
    });
  });

  it.each([
    ["form", "the body form"],
    [{ id: "{event_id}" }, "a body of its own"],
  ] as const)("refuses a GET that would lose the body %j", async (body, words) => {
    const routes = { ...put, "GET /v1/partners/acme/endpoints/main": { body: anEndpoint({ body }) } };
    const argv = ["endpoints", "put", "acme", "main", "--method"];
    const lost = await runCli([...argv, "GET"], { routes });
    expect([lost.code, lost.calls.length]).toEqual([2, 1]);
    expect(lost.stderr).toContain(`A GET has no body, and the endpoint has ${words}.`);
    const given = await runCli([...argv, "GET", "--body", "none"], { routes });
    expect(JSON.parse(given.calls[1]!.body)).toMatchObject({ method: "GET", body: "none" });
    const kept = await runCli([...argv, "PUT"], { routes });
    expect(JSON.parse(kept.calls[1]!.body)).toMatchObject({ method: "PUT", body });
  });

  it("says that there was no request if the template cannot be filled", async () => {
    const nothing = {
      request: { method: "", url: "", headers: {}, body: null },
      response: { status: null, body: "", duration_ms: 0, failure: null },
      verdict: "client_error",
      error: "nothing was sent: missing_macro: data.click_id",
    };
    const { code, stdout } = await runCli(["endpoints", "test", "acme", "main"], {
      routes: { "POST /v1/partners/acme/endpoints/main/test": { body: nothing } },
    });
    expect([code, stdout]).toEqual([
      1,
      "This does not count as delivered: nothing was sent: missing_macro: data.click_id\n",
    ]);
  });

  it("has a word for no retries", async () => {
    const retry = { ...anEndpoint().retry, schedule: [], client_error_schedule: [] };
    const { stdout } = await runCli(["endpoints", "show", "acme", "main"], {
      routes: { "GET /v1/partners/acme/endpoints/main": { body: anEndpoint({ retry }) } },
    });
    expect(stdout).toMatch(/retries +none\n/);
    expect(stdout).toMatch(/after a 4xx +no retry\n/);
  });

  it("leaves the body to the method's default when the method changes", async () => {
    const { calls } = await runCli(["endpoints", "put", "acme", "main", "--method", "GET"], { routes: put });
    expect(JSON.parse(calls[1]?.body ?? "")).toMatchObject({ method: "GET" });
    expect(JSON.parse(calls[1]?.body ?? "")).not.toHaveProperty("body");
  });

  it("takes a document from standard input, and flags beside it win", async () => {
    const stdin = JSON.stringify(anEndpoint({ timeout: "1s" }));
    const { calls } = await runCli(["endpoints", "put", "acme", "main", "--file", "-", "--timeout", "2s"], {
      routes: put,
      stdin,
    });
    expect(calls).toHaveLength(1);
    expect(JSON.parse(calls[0]?.body ?? "")).toMatchObject({
      url: "https://acme.example/postback",
      timeout: "2s",
    });
  });

  it.each([
    [["--header", "nocolon"], "no colon"],
    [["--body", "what"], "neither a word nor JSON"],
    [["--enable", "--disable"], "exclude"],
    [["--file", "missing.json"], "no such file"],
  ])("refuses %j", async (flags, message) => {
    const { code, stderr, calls } = await runCli(["endpoints", "put", "acme", "main", ...flags], {
      routes: put,
    });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(calls.some((call) => call.method === "PUT")).toBe(false);
  });

  it("shows where a template is wrong", async () => {
    const error = {
      code: "invalid_template",
      message: "The URL does not compile.",
      issues: [{ path: "url", message: "no macros in the host", position: 8 }],
    };
    const routes = { "PUT /v1/partners/acme/endpoints/main": { status: 400, body: { error } } };
    const { code, stderr } = await runCli(["endpoints", "put", "acme", "main", "https://{data.host}/"], {
      routes,
    });
    expect(code).toBe(1);
    expect(stderr).toContain("  url, character 8: no macros in the host\n");
  });

  it("says how to name a file with rules", async () => {
    const { code, stderr } = await runCli(["endpoints", "put", "acme", "main", "--verdicts", "rules.json"], {
      routes: put,
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining("--verdicts @file.json")]);
  });

  it("says a sentence once, with its place", async () => {
    const message = "no macros in the host";
    const error = { code: "invalid_template", message, issues: [{ path: "url", message, position: 8 }] };
    const routes = { "PUT /v1/partners/acme/endpoints/main": { status: 400, body: { error } } };
    const { stderr } = await runCli(["endpoints", "put", "acme", "main", "https://{data.host}/"], { routes });
    expect(stderr).toBe("error: no macros in the host\n  at url, character 8\n");
  });

  it("tests one and answers by exit code", async () => {
    const good = await runTest(200, "accepted");
    expect(good.code).toBe(0);
    expect(good.stdout).toContain("< answered 200 after 12ms\n< hello\\u001b[2J\nThis counts as delivered.");
    const bad = await runTest(500, "retryable");
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain("This does not count as delivered: HTTP 500");
  });

  it("resumes and deletes", async () => {
    const routes = {
      ...put,
      "POST /v1/partners/acme/endpoints/main/resume": { body: anEndpoint() },
      "GET /v1/delivery-groups": { body: { matched: 0, groups: [] } },
      "DELETE /v1/partners/acme/endpoints/main": { body: {} },
    };
    expect((await runCli(["endpoints", "resume", "acme", "main"], { routes })).stdout).toBe(
      "acme/main is active.\n",
    );
    const removed = await runCli(["endpoints", "delete", "acme", "main", "--yes"], { routes });
    expect(removed.stdout).toBe("acme/main is deleted.\n");
    expect(removed.calls.at(-1)?.method).toBe("DELETE");
  });
});
