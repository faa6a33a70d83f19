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
