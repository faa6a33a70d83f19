import { describe, expect, it } from "vitest";
import { aDelivery } from "../testing/documents.ts";
import { runCli } from "../testing/run-cli.ts";

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

  it.each(["yesterday", "2026-13-01", "2026-01-31 25:00", "2026-01-31 10:00 CET", "10:00", "1e3m", ""])(
    "refuses a time that is none: %j",
    async (text) => {
      const { code, stderr, calls } = await runCli(["deliveries", "--since", text]);
      expect([code, calls.length]).toEqual([2, 0]);
      expect(stderr).toContain(`--since ${text} is not a time`);
    },
  );

  it.each([
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["2026-01-31 07:09", "2026-01-31T07:09:00.000Z"],
    ["2026-01-31T07:09:10", "2026-01-31T07:09:10.000Z"],
    ["2026-01-31 07:09:10.5Z", "2026-01-31T07:09:10.500Z"],
    ["2026-01-31 07:09:00 z", "2026-01-31T07:09:00.000Z"],
    ["2026-01-31T07:09+02:00", "2026-01-31T05:09:00.000Z"],
    ["2026-01-31 07:09 -05:30", "2026-01-31T12:39:00.000Z"],
  ])("reads %s as UTC unless it names a zone, wherever this machine is", async (text, instant) => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "America/New_York";
    try {
      const { calls } = await runCli(["deliveries", "--since", text], {
        routes: { "GET /v1/deliveries": { body: { deliveries: [] } } },
      });
      expect(new URL(calls[0]!.path, "http://x").searchParams.get("since")).toBe(instant);
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  it("asks by the time of ending where told so, and names what was deleted", async () => {
    const deleted = aDelivery({ endpoint_deleted: true, partner_deleted: true });
    const { stdout, calls } = await runCli(["deliveries", "--state", "expired", "--time", "finished"], {
      routes: { "GET /v1/deliveries": { body: { deliveries: [deleted] } } },
    });
    expect(calls[0]?.path).toBe("/v1/deliveries?state=expired&time=finished&limit=50");
    expect(stdout).toContain("acme (deleted)/main (deleted)");
  });

  it.each([
    ["deliveries", "GET /v1/deliveries", { deliveries: [] }],
    ["dead-letters", "GET /v1/delivery-groups", { matched: 0, groups: [] }],
    ["dead-letters replay", "POST /v1/replays", { replay_id: null, matched: 0, groups: [] }],
    ["cancel", "POST /v1/cancellations", { matched: 0, groups: [] }],
    ["retry-now", "POST /v1/retries", { matched: 0, groups: [] }],
  ])("%s says what the server notes of a type that it does not know", async (command, route, body) => {
    const note = "No event of the type a.bb is in the ledger. Did you mean a.b?";
    const { stdout } = await runCli([...command.split(" "), "--type", "a.bb"], {
      routes: { [route]: { body: { ...body, note } } },
    });
    expect(stdout).toContain(note);
  });

  it("shows one with its attempts", async () => {
    const attempts = [
      {
        n: 1,
        endpoint_version: 3,
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
    expect(stdout).not.toMatch(/^error/m);
  });

  it("says why nothing was sent", async () => {
    const error = "missing_macro: {data.click_id!} is required";
    const { stdout } = await runCli(["deliveries", "show", "dlv_1"], {
      routes: { "GET /v1/deliveries/dlv_1": { body: aDelivery({ attempts: [], last_error: error }) } },
    });
    expect(stdout).toMatch(/^error +missing_macro: \{data.click_id!\} is required$/m);
  });
});
