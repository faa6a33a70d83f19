import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "./commands/index.ts";
import { commonOptions } from "./program.ts";
import { aPartner } from "./testing/documents.ts";
import { startFakeApi } from "./testing/fake-api.ts";
import { runCli } from "./testing/run-cli.ts";

const leaves = commands.flatMap((item) =>
  "commands" in item ? item.commands.map((command) => [item.name, command.name]) : [[item.name]],
);
const onePartner = { "GET /v1/partners": { body: { partners: [aPartner()] } } };

describe("the command line", () => {
  it.each(leaves)("%s %s has help with examples", async (...words) => {
    const { code, stdout } = await runCli([...words.filter((word) => word !== undefined), "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: postrider");
    expect(stdout).toContain("Examples:");
    expect(stdout).toContain("--json");
  });

  it.each(commands.filter((item) => "commands" in item).map(({ name }) => [name]))(
    "the group %s has help with an example of each command",
    async (name) => {
      const { stdout } = await runCli([name, "--help"]);
      const group = commands.find((item) => item.name === name);
      for (const { examples } of group !== undefined && "commands" in group ? group.commands : [])
        expect(stdout).toContain(`$ ${examples[0]?.line}`);
    },
  );

  it("gives no command a flag that the common ones would take away", () => {
    const all = commands.flatMap((item) => ("commands" in item ? item.commands : [item]));
    expect(
      all.flatMap((command) => Object.keys(command.options)).filter((key) => key in commonOptions),
    ).toEqual([]);
  });

  it("lists commands and exit codes in its own help", async () => {
    const { code, stdout } = await runCli(["--help"]);
    expect(code).toBe(0);
    for (const { name } of commands) expect(stdout).toContain(`  ${name}`);
    expect(stdout).toMatch(
      /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}4 .*\n {2}5 .*\n {2}130 /,
    );
  });

  it.each([
    [["partnrs"], "partners"],
    [["partners", "lits"], "list"],
    [["deliveries", "--partnr", "acme"], "--partner"],
    [["deliveries", "list", "--jsn"], "--json"],
    [["dead-letters", "reply"], "replay"],
  ])("%j is a usage error that names the nearest", async (argv, nearest) => {
    const { code, stderr, calls } = await runCli(argv);
    expect(code).toBe(2);
    expect(stderr).toContain(`Did you mean ${nearest}?`);
    expect(calls).toEqual([]);
  });

  it.each([
    [["partners", "show"]],
    [["partners", "show", "a", "b"]],
    [["deliveries", "--state", "ded"]],
    [["deliveries", "--limit", "x"]],
    [["partners", "--url", "localhost:4400"]],
    [["partners", "--url", "127.0.0.1:4400"]],
    [["doctor", "--url", "ftp://localhost"]],
    [["partners", "--url", "http://"]],
    [[]],
  ])("%j is a usage error", async (argv) => {
    const { code, stderr, calls } = await runCli(argv);
    expect(code).toBe(2);
    expect(stderr).not.toBe("");
    expect(calls).toEqual([]);
  });

  it("takes the common flags before and after the command, also for a group alone", async () => {
    for (const argv of [
      ["--json", "partners"],
      ["partners", "--json"],
      ["partners", "list", "--json"],
    ]) {
      const { code, stdout } = await runCli(argv, { routes: onePartner });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ partners: [aPartner()] });
    }
  });

  it("lets flags win over the environment", async () => {
    await using other = await startFakeApi(onePartner);
    const { code } = await runCli(["partners", "--url", `${other.url}/`, "--api-key", "given"]);
    expect(code).toBe(0);
    expect(other.calls).toMatchObject([{ path: "/v1/partners?limit=50", authorization: "Bearer given" }]);
  });
});

describe("exit codes", () => {
  it("3 where no server answers, with what to do", async () => {
    const { code, stderr } = await runCli(["partners"], { url: "http://127.0.0.1:9" });
    expect(code).toBe(3);
    expect(stderr).toContain("postrider start");
  });

  it("3 for https where the server speaks http, with the address to try", async () => {
    await using api = await startFakeApi(onePartner);
    const { code, stderr } = await runCli(["partners"], { url: api.url.replace("http:", "https:") });
    expect(code).toBe(3);
    expect(stderr).toContain(`does not speak TLS. Try ${api.url}.\n`);
  });

  it.each([
    ["deliveries", "GET /v1/deliveries", { deliveries: [] }],
    ["deliveries --all", "GET /v1/deliveries", { deliveries: [] }],
    ["dead-letters", "GET /v1/delivery-groups", { matched: 0, groups: [] }],
    ["dead-letters show", "GET /v1/deliveries", { deliveries: [] }],
    ["dead-letters replay --yes", "POST /v1/replays", { matched: 0, groups: [], skipped: [] }],
    ["dead-letters replay --dry-run", "POST /v1/replays", { matched: 0, groups: [], skipped: [] }],
    ["retry-now --yes", "POST /v1/retries", { matched: 0, groups: [], skipped: [] }],
    ["cancel --yes", "POST /v1/cancellations", { matched: 0, groups: [], cancelled: 0 }],
  ])("4 for an event that is not known: %s", async (line, route, body) => {
    const routes = { [route]: { body } };
    for (const more of [[], ["--json"]]) {
      const argv = [...line.split(" "), "--event-id", "nope", ...more];
      const { code, stdout } = await runCli(argv, { routes });
      expect([code, stdout]).toEqual([4, ""]);
      const known = { ...routes, "GET /v1/events/nope": { body: {} } };
      expect((await runCli(argv, { routes: known })).code).toBe(0);
    }
  });

  it("4 where there is nothing under the id", async () => {
    const { code, stderr } = await runCli(["partners", "show", "nobody"]);
    expect(code).toBe(4);
    expect(stderr).toContain("There is nothing");
  });

  it("1 for an answered error, with its issues and hint", async () => {
    const error = {
      code: "invalid_request",
      message: "The request is not valid.",
      hint: "Look.",
      issues: [{ path: "limit", message: "too large" }],
    };
    const routes = { "GET /v1/partners": { status: 400, body: { error } } };
    const { code, stderr } = await runCli(["partners"], { routes });
    expect(code).toBe(1);
    expect(stderr).toBe("error: The request is not valid.\n  limit: too large\nLook.\n");
    const named = {
      ...error,
      message: "The request is not valid: headers.webhook-id is not allowed.",
      issues: [{ path: "headers.webhook-id", message: "is not allowed", position: 0 }],
    };
    const once = await runCli(["partners"], {
      routes: { "GET /v1/partners": { status: 400, body: { error: named } } },
    });
    expect(once.stderr).toBe(`error: ${named.message}\nLook.\n`);
    const asJson = await runCli(["partners", "--json"], { routes });
    expect(asJson.stdout).toBe("");
    expect(JSON.parse(asJson.stderr)).toEqual({ error });
  });

  it("1 for a wrong key, saying where a key comes from", async () => {
    const routes = {
      "GET /v1/partners": {
        status: 401,
        body: { error: { code: "unauthorized", message: "The API key is missing or unknown." } },
      },
    };
    const { code, stderr } = await runCli(["partners"], { routes });
    expect(code).toBe(1);
    expect(stderr).toContain("POSTRIDER_API_KEY");
  });

  it("1 for an answer that is not Postrider's", async () => {
    const { code, stderr } = await runCli(["partners"], {
      routes: { "GET /v1/partners": { status: 502, body: "bad gateway" } },
    });
    expect(code).toBe(1);
    expect(stderr).toContain("Check --url");
  });

  it("130 after Ctrl-C", async () => {
    const { code } = await runCli(["partners"], {
      routes: onePartner,
      signal: AbortSignal.abort(new Error("Interrupted.")),
    });
    expect(code).toBe(130);
  });
});

describe("the API key of the data folder", () => {
  it("is used for this machine and never sent elsewhere", async () => {
    const folder = await mkdtemp(join(tmpdir(), "postrider-cli-"));
    await writeFile(join(folder, "api-key"), "from-the-folder\n");
    const env = { POSTRIDER_API_KEY: "", POSTRIDER_DATA_DIR: folder };
    const here = await runCli(["partners"], { routes: onePartner, env });
    expect(here.calls[0]?.authorization).toBe("Bearer from-the-folder");

    const { clientSettings } = await import("./settings.ts");
    const away = await clientSettings(
      { env: { ...env, POSTRIDER_URL: "https://postrider.example" }, cwd: "/" },
      {},
    );
    expect(away.apiKey).toBeNull();
    const sneaky = await clientSettings(
      { env: { ...env, POSTRIDER_URL: "http://127.0.0.1.evil.example" }, cwd: "/" },
      {},
    );
    expect(sneaky.apiKey).toBeNull();
  });
});
