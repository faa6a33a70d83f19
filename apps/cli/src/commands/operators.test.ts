import { describe, expect, it } from "vitest";
import { aDelivery, aGroup, anEndpoint, aPartner, aReplay } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

const partnerCalls = (body: unknown) => ({
  "GET /v1/partners/acme": { body: aPartner() },
  "PUT /v1/partners/acme": { body },
});

describe("partners", () => {
  it("lists in a table", async () => {
    const routes = {
      "GET /v1/partners": {
        body: {
          partners: [
            aPartner(),
            aPartner({ id: "beta", name: "Beta", rate_per_second: null, burst: null, state: "paused" }),
          ],
          next_cursor: "c2",
        },
      },
    };
    const { code, stdout } = await runCli(["partners"], { routes });
    expect(code).toBe(0);
    expect(stdout).toBe(
      "PARTNER  NAME  STATE       RATE  BURST  IN FLIGHT  CREATED\n" +
        "acme     Acme  active      50/s     50         16  3h ago\n" +
        "beta     Beta  paused  no limit      -         16  3h ago\n" +
        "More: postrider partners list --cursor c2\n",
    );
  });

  it("creates one and shows its secret once", async () => {
    const routes = {
      "PUT /v1/partners/acme": { status: 201, body: { ...aPartner(), signing_secret: "whsec_c2VjcmV0" } },
    };
    const { code, stdout, calls } = await runCli(["partners", "put", "acme", "--rate", "20"], { routes });
    expect(code).toBe(0);
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({ name: "acme", rate_per_second: 20, burst: null });
    expect(stdout).toContain("signing secret  whsec_c2VjcmV0\nShown this once");
  });

  it("changes only what the flags name", async () => {
    const { calls } = await runCli(["partners", "put", "acme", "--max-in-flight", "4"], {
      routes: partnerCalls(aPartner()),
    });
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({
      name: "Acme",
      rate_per_second: 50,
      burst: 50,
      max_in_flight: 4,
    });
    const lifted = await runCli(["partners", "put", "acme", "--rate", "none"], {
      routes: partnerCalls(aPartner()),
    });
    expect(JSON.parse(lifted.calls[1]?.body ?? "")).toMatchObject({ rate_per_second: null, burst: null });
    expect(
      (await runCli(["partners", "put", "acme", "--rate", "fast"], { routes: partnerCalls(aPartner()) }))
        .code,
    ).toBe(2);
  });

  it("shows one with keys and endpoints", async () => {
    const key = {
      id: "key_2",
      scheme: "v1",
      public_key: null,
      created_at: "2026-01-31T09:00:00Z",
      retires_at: null,
    };
    const routes = {
      "GET /v1/partners/acme": { body: aPartner() },
      "GET /v1/partners/acme/keys": { body: { keys: [key] } },
      "GET /v1/partners/acme/endpoints": { body: { endpoints: [anEndpoint()] } },
    };
    const { stdout } = await runCli(["partners", "show", "acme"], { routes });
    expect(stdout).toContain("rate           50/s");
    expect(stdout).toContain("key_2  v1      newest");
    expect(stdout).toContain("main: POST https://acme.example/postback (active)");
    const asJson = await runCli(["partners", "show", "acme", "--json"], { routes });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ id: "acme", keys: [key], endpoints: [{ id: "main" }] });
  });

  it.each(["pause", "resume"])("%ss one", async (verb) => {
    const state = verb === "pause" ? "paused" : "active";
    const { code, stdout } = await runCli(["partners", verb, "acme"], {
      routes: { [`POST /v1/partners/acme/${verb}`]: { body: aPartner({ state }) } },
    });
    expect(code).toBe(0);
    expect(stdout).toContain(`acme is ${state}`);
  });

  it("rotates the secret and says until when the old one signs", async () => {
    const keys = [
      { id: "key_2", scheme: "v1", public_key: null, created_at: "", retires_at: null },
      { id: "key_1", scheme: "v1", public_key: null, created_at: "", retires_at: "2026-02-01T12:00:00Z" },
    ];
    const routes = {
      "POST /v1/partners/acme/rotate-secret": { body: { signing_secret: "whsec_bmV3", keys } },
    };
    const { stdout, calls } = await runCli(["partners", "rotate-secret", "acme"], { routes });
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({ overlap: "24h" });
    expect(stdout).toContain("key_1 (v1) until 2026-02-01 12:00:00Z");
    expect(stdout).toContain("whsec_bmV3");
  });

  describe("delete", () => {
    const routes = {
      "GET /v1/partners/acme": { body: aPartner() },
      "GET /v1/delivery-groups": { body: { matched: 7, groups: [] } },
      "DELETE /v1/partners/acme": { body: {} },
    };
    const deleted = (calls: readonly { method: string }[]) => calls.some((call) => call.method === "DELETE");

    it("asks, naming what is lost", async () => {
      const yes = await runCli(["partners", "delete", "acme"], { routes, columns: 80, typed: "y" });
      expect(yes.questions[0]).toContain("cancelled: 7.");
      expect([yes.code, deleted(yes.calls)]).toEqual([0, true]);
      const no = await runCli(["partners", "delete", "acme"], { routes, columns: 80, typed: "" });
      expect([no.code, deleted(no.calls)]).toEqual([1, false]);
    });

    it("is refused without a terminal unless --yes is given", async () => {
      const refused = await runCli(["partners", "delete", "acme"], { routes });
      expect([refused.code, deleted(refused.calls)]).toEqual([2, false]);
      expect(refused.stderr).toContain("--yes");
      const allowed = await runCli(["partners", "delete", "acme", "--yes"], { routes });
      expect([allowed.code, deleted(allowed.calls)]).toEqual([0, true]);
    });
  });
});

describe("endpoints", () => {
  const put = {
    "GET /v1/partners/acme/endpoints/main": { body: anEndpoint() },
    "PUT /v1/partners/acme/endpoints/main": { body: anEndpoint() },
  };

  it("lists in a table", async () => {
    const { stdout } = await runCli(["endpoints", "list", "acme"], {
      routes: { "GET /v1/partners/acme/endpoints": { body: { endpoints: [anEndpoint()] } } },
    });
    expect(stdout).toContain(
      "main      active  POST    https://acme.example/postback  conversion.*        2        3",
    );
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
      [...argv, "--schedule", "5s, 1m", "--signing", "none", "--body", '{"id":"{event_id}"}', "--disable"],
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
      enabled: false,
    });
  });

  it("changes only what the flags name, and puts back nothing that is only shown", async () => {
    const { calls } = await runCli(["endpoints", "put", "acme", "main", "--schedule", "none", "--enable"], {
      routes: put,
    });
    const {
      id: _id,
      partner: _partner,
      version: _version,
      state: _state,
      held_until: _held,
      note: _note,
      ...document
    } = anEndpoint();
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({
      ...document,
      retry: { ...document.retry, schedule: [] },
      enabled: true,
    });
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

  it("tests one and answers by exit code", async () => {
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
    const run = (status: number, verdict: string) =>
      runCli(["endpoints", "test", "acme", "main"], {
        routes: { "POST /v1/partners/acme/endpoints/main/test": { body: exchange(status, verdict) } },
      });
    const good = await run(200, "accepted");
    expect(good.code).toBe(0);
    expect(good.stdout).toContain("< answered 200 after 12ms\n< hello\\u001b[2J\nThis counts as delivered.");
    const bad = await run(500, "retryable");
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

describe("deliveries", () => {
  it("lists a page by filter", async () => {
    const routes = { "GET /v1/deliveries": { body: { deliveries: [aDelivery()], next_cursor: "c2" } } };
    const { stdout, calls } = await runCli(
      ["deliveries", "--partner", "acme", "--state", "dead", "--since", "2h"],
      { routes },
    );
    expect(calls[0]?.path).toBe(
      "/v1/deliveries?state=dead&partner=acme&since=2026-01-31T10%3A00%3A00.000Z&limit=50",
    );
    expect(stdout).toContain(
      "dlv_1     conv-1001  conversion.approved  acme/main  dead   retries_exhausted      2  HTTP 503  10m ago",
    );
    expect(stdout).toContain("--cursor c2");
  });

  it("follows every page under --all, one delivery a line in JSON", async () => {
    const routes = {
      "GET /v1/deliveries": [
        { body: { deliveries: [aDelivery()], next_cursor: "c2" } },
        { body: { deliveries: [aDelivery({ id: "dlv_2" })] } },
      ],
    };
    const { stdout, calls } = await runCli(["deliveries", "--all", "--json"], { routes });
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["dlv_1", "dlv_2"]);
    expect(calls[1]?.path).toContain("cursor=c2");
  });

  it("refuses a time that is none", async () => {
    const { code, stderr } = await runCli(["deliveries", "--since", "yesterday"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--since yesterday is not a time");
  });

  it("shows one with its attempts", async () => {
    const attempts = [
      {
        n: 1,
        at: "2026-01-31T11:50:00Z",
        duration_ms: 12,
        status: 503,
        error: "HTTP 503",
        response_body: "a\nb",
      },
    ];
    const { stdout } = await runCli(["deliveries", "show", "dlv_1"], {
      routes: { "GET /v1/deliveries/dlv_1": { body: aDelivery({ attempts }) } },
    });
    expect(stdout).toContain("state         dead, retries_exhausted");
    expect(stdout).toContain("1  2026-01-31 11:50:00Z  12ms     503  HTTP 503  a\\nb");
  });
});

describe("replays", () => {
  it("lists, shows and cancels", async () => {
    const routes = {
      "GET /v1/replays": { body: { replays: [aReplay({ replayed: 3, skipped: 1 })] } },
      "GET /v1/replays/rpl_1": { body: aReplay() },
      "DELETE /v1/replays/rpl_1": { body: aReplay({ state: "cancelled", replayed: 3 }) },
    };
    expect((await runCli(["replays"], { routes })).stdout).toContain(
      "rpl_1   running  4/12        1     -  state=dead partner=acme  api  1m ago",
    );
    expect((await runCli(["replays", "show", "rpl_1"], { routes })).stdout).toContain("matched   12");
    expect((await runCli(["replays", "cancel", "rpl_1"], { routes })).stdout).toBe(
      "Replay rpl_1 was cancelled: 3 deliveries put back to pending of 12.\n",
    );
  });
});

describe("dead-letters", () => {
  const groups = { "GET /v1/delivery-groups": { body: { matched: 12, groups: [aGroup()] } } };

  it("groups them, and says how to go on", async () => {
    const { stdout, calls } = await runCli(["dead-letters", "--partner", "acme"], { routes: groups });
    expect(calls[0]?.path).toBe("/v1/delivery-groups?partner=acme&state=dead");
    expect(stdout).toContain(
      "acme     main      retries_exhausted     503  HTTP 503       12  2h ago  2m ago",
    );
    expect(stdout).toContain("12 dead letters. See each: postrider dead-letters show --partner acme");
  });

  it("lists them flat", async () => {
    const { calls } = await runCli(["dead-letters", "show"], {
      routes: { "GET /v1/deliveries": { body: { deliveries: [aDelivery()] } } },
    });
    expect(calls[0]?.path).toBe("/v1/deliveries?state=dead&limit=50");
  });

  describe("replay", () => {
    const routes = {
      "POST /v1/replays": (call: { body: string }) => ({
        status: 202,
        body: { replay_id: JSON.parse(call.body).dry_run ? null : "rpl_1", matched: 12, groups: [aGroup()] },
      }),
      "GET /v1/replays/rpl_1": [
        { body: aReplay({ replayed: 5 }) },
        { body: aReplay({ replayed: 11, skipped: 1, state: "done" }) },
      ],
    };
    const requests = (calls: readonly { method: string; body: string }[]) =>
      calls.filter((call) => call.method === "POST").map((call) => JSON.parse(call.body));

    it("shows the dry run, asks, replays and follows it to its end", async () => {
      const { code, stdout, questions, calls } = await runCli(
        ["dead-letters", "replay", "--partner", "acme", "--rate", "20"],
        { routes, columns: 120, typed: "yes" },
      );
      expect(code).toBe(0);
      expect(questions).toEqual(["Replay 12 deliveries? [y/N] "]);
      const filter = { partner: "acme", state: "dead" };
      expect(requests(calls)).toEqual([
        { filter, dry_run: true },
        { filter, dry_run: false, rate_per_second: 20 },
      ]);
      expect(stdout).toContain("LAST ERROR");
      expect(stdout).toContain("Replay rpl_1 is done: 11 deliveries put back to pending, 1 skipped");
    });

    it("replays nothing without a yes", async () => {
      const no = await runCli(["dead-letters", "replay"], { routes, columns: 120, typed: "n" });
      expect([no.code, requests(no.calls)]).toEqual([1, [{ filter: { state: "dead" }, dry_run: true }]]);
      const nobody = await runCli(["dead-letters", "replay"], { routes });
      expect([nobody.code, requests(nobody.calls).length]).toEqual([2, 1]);
      expect(nobody.stderr).toContain("--yes");
      const dry = await runCli(["dead-letters", "replay", "--dry-run"], { routes });
      expect([dry.code, requests(dry.calls).length]).toEqual([0, 1]);
      expect(dry.stdout).toContain("Would replay 12 deliveries.");
    });

    it("takes ids, and answers one JSON document", async () => {
      const { stdout, calls } = await runCli(
        ["dead-letters", "replay", "dlv_1", "dlv_2", "--yes", "--json"],
        { routes },
      );
      expect(requests(calls)[1]?.filter).toEqual({ state: "dead", delivery_ids: ["dlv_1", "dlv_2"] });
      expect(JSON.parse(stdout)).toMatchObject({ replay_id: "rpl_1", state: "done", replayed: 11 });
    });

    it("fails where the replay was cancelled by someone", async () => {
      const { code } = await runCli(["dead-letters", "replay", "--yes"], {
        routes: { ...routes, "GET /v1/replays/rpl_1": { body: aReplay({ state: "cancelled" }) } },
      });
      expect(code).toBe(1);
    });

    it("is content with nothing to do", async () => {
      const { code, stdout } = await runCli(["dead-letters", "replay"], {
        routes: { "POST /v1/replays": { body: { replay_id: null, matched: 0, groups: [] } } },
      });
      expect(code).toBe(0);
      expect(stdout).toContain("Nothing to replay");
    });
  });
});
