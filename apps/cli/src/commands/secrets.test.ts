import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../testing/run-cli.ts";

const value = "s3cret/value";
const shown = { name: "access_token", set_at: "2026-01-31T11:59:00Z", endpoints: ["main"] };
const routes = {
  "PUT /v1/partners/acme/secrets/access_token": { status: 201, body: shown },
  "GET /v1/partners/acme/secrets": {
    body: { secrets: [shown, { name: "key", set_at: null, endpoints: ["main", "old"] }] },
  },
  "DELETE /v1/partners/acme/secrets/access_token": { status: 204 },
};
const set = ["secrets", "set", "acme", "access_token"];

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "postrider-secret-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "token.txt"), text);
  return folder;
}

describe("secrets set", () => {
  it.each([
    ["standard input", set, { stdin: `${value}\n` }],
    ["standard input by its name", [...set, "-"], { stdin: `${value}\r\n` }],
    ["a prompt that shows nothing", set, { columns: 80, typed: value }],
    ["an argument that says what it is", [...set, "--value", value], {}],
  ])("takes the value from %s, and shows it nowhere", async (_, line, options) => {
    const { code, stdout, stderr, calls, questions } = await runCli(line, { routes, ...options });
    expect([code, calls.map(({ body }) => body)]).toEqual([0, [JSON.stringify({ value })]]);
    expect(stdout).toBe(
      "acme has the secret access_token. Templates write it as {secret.access_token}.\nUsed by: main.\n",
    );
    expect(stdout + stderr + questions.join()).not.toContain(value);
  });

  it("takes the value from a file, whole but for one line end", async () => {
    const cwd = fileWith("line one\nline two\n\n");
    const { code, calls } = await runCli([...set, "@token.txt"], { routes, cwd });
    expect([code, calls.map(({ body }) => JSON.parse(body))]).toEqual([
      0,
      [{ value: "line one\nline two\n" }],
    ]);
  });

  it("refuses a value as a plain argument, without repeating it", async () => {
    const { code, stderr, calls } = await runCli([...set, value], { routes });
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toContain("A value does not belong on the command line");
    expect(stderr).not.toContain(value);
  });

  it("refuses two values", async () => {
    expect((await runCli([...set, "-", "--value", value], { routes })).code).toBe(2);
  });

  it("answers with the secret's name as JSON, and never with its value", async () => {
    const { stdout } = await runCli([...set, "--json"], { routes, stdin: value });
    expect(JSON.parse(stdout)).toEqual(shown);
  });
});

describe("secrets list", () => {
  it("shows names, when they were set and who uses them; one that was never set stands out", async () => {
    const { stdout } = await runCli(["secrets", "list", "acme"], { routes });
    expect(stdout).toBe(
      "SECRET        SET                     USED BY\naccess_token  1m ago                  main\nkey           never: nothing is sent  main, old\n",
    );
  });

  it("says how to set the first", async () => {
    const none = { "GET /v1/partners/acme/secrets": { body: { secrets: [] } } };
    expect((await runCli(["secrets", "list", "acme"], { routes: none })).stdout).toContain(
      "postrider secrets set acme",
    );
  });
});

describe("secrets remove", () => {
  it("removes it", async () => {
    const { code, stdout } = await runCli(["secrets", "remove", "acme", "access_token"], { routes });
    expect([code, stdout]).toEqual([0, "acme has no secret access_token any more.\n"]);
  });

  it("says which endpoint uses it", async () => {
    const error = { code: "secret_in_use", message: "The endpoint main of acme uses {secret.access_token}." };
    const used = { "DELETE /v1/partners/acme/secrets/access_token": { status: 409, body: { error } } };
    const { code, stderr } = await runCli(["secrets", "remove", "acme", "access_token"], { routes: used });
    expect(code).toBe(1);
    expect(stderr).toContain("endpoint main");
  });
});
