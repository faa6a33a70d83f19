import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli, type RunOptions } from "../testing/run-cli.ts";
import { type SettingsServer, startSettingsServer } from "../testing/settings-server.ts";

const acme = `{"id":"acme","name":"Acme","rate_per_second":5.50,"endpoints":{
  "main":{"url":"https://acme.example/p","body":{"rate":10.50,"n":12345678901234567890},"retry":{"jitter":"none"}},
  "pixel":{"url":"https://acme.example/g?c={data.c?}","method":"GET"}}}`;
const beta = `{"id":"beta","name":"Beta","endpoints":{"main":{"url":"https://beta.example/"}}}`;

async function begin(files: Readonly<Record<string, string>> = { "acme.json": acme, "beta.json": beta }) {
  const cwd = await mkdtemp(join(tmpdir(), "postrider-"));
  onTestFinished(() => rm(cwd, { recursive: true }));
  const server = await startSettingsServer();
  onTestFinished(() => server[Symbol.asyncDispose]());
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  const run = (argv: readonly string[], options: RunOptions = {}) =>
    runCli(argv, { url: server.url, cwd, ...options });
  const apply = (...argv: string[]) =>
    run(["apply", "-f", ".", "--yes", "--secrets-file", "secrets", ...argv]);
  return { cwd, server, run, apply };
}

const storedIn = ({ partners, endpoints }: SettingsServer) =>
  JSON.stringify([[...partners].toSorted(), [...endpoints].toSorted()]);

describe("apply", () => {
  it("creates what the files name, keeps the secrets in a file of the owner, and changes nothing the second time", async () => {
    const { cwd, server, apply } = await begin();
    const { code, stdout } = await apply();
    expect(code).toBe(0);
    expect(stdout).toContain('+ endpoint acme/main\n    url: "https://acme.example/p"\n');
    expect(stdout).toContain("Plan: 5 to create, 0 to change, 0 to delete, 0 unchanged.\n");
    expect(stdout).toContain("Created 5, changed 0, deleted 0.\n");
    expect(JSON.stringify(server.endpoints.get("acme/main")?.["body"])).toBe(
      '{"rate":10.50,"n":12345678901234567890}',
    );
    const secrets = await readFile(join(cwd, "secrets"), "utf8");
    expect(secrets.trim().split("\n").toSorted()).toEqual([
      '{"partner":"acme","signing_secret":"whsec_of_acme"}',
      '{"partner":"beta","signing_secret":"whsec_of_beta"}',
    ]);
    expect((await stat(join(cwd, "secrets"))).mode & 0o777).toBe(0o600);
    const again = await apply();
    expect([again.code, again.stdout]).toEqual([
      0,
      "Plan: 0 to create, 0 to change, 0 to delete, 5 unchanged.\n",
    ]);
    expect(server.changes).toHaveLength(5);
  });

  it("shows each key with its old and its new value, and sends the whole document", async () => {
    const { cwd, server, apply, run } = await begin();
    await apply();
    const changed = acme.replace("10.50", "10.5").replace('"none"', '"equal"').replace("5.50", "7");
    await writeFile(join(cwd, "acme.json"), changed);
    const dry = await run(["apply", "-f", "acme.json", "--dry-run"]);
    expect(dry.code).toBe(5);
    expect(dry.stdout).toBe(
      "~ partner acme\n    rate_per_second: 5.5 -> 7\n" +
        '~ endpoint acme/main\n    body.rate: 10.50 -> 10.5\n    retry.jitter: "none" -> "equal"\n' +
        "\nPlan: 0 to create, 2 to change, 0 to delete, 1 unchanged.\n",
    );
    expect(server.changes).toHaveLength(5);
    expect((await apply()).code).toBe(0);
    expect(server.partners.get("acme")).toMatchObject({ name: "Acme", rate_per_second: 7 });
    expect((await run(["apply", "-f", ".", "--dry-run"])).code).toBe(0);
  });

  it("names every invalid place before it asks the server anything", async () => {
    const { server, apply } = await begin({
      "a.json": '{"id":"Acme","nam":"x","endpoints":{"m":{"url":"https://a.example/","retry":{"jitte":1}}}}',
      "b.json": '{\n"id": "b",\n nope}',
      "c.json": '{"id":"c","name":"C","endpoints":{"m":{"url":"https://a.example/{data.x"}}}',
      "d.json": beta,
      "e.json": beta,
    });
    const { code, stderr } = await apply();
    expect(code).toBe(1);
    expect(stderr).toContain("The files are not right in 7 places. Nothing was changed.");
    expect(stderr).toContain("a.json, nam: is not known; did you mean name?");
    expect(stderr).toContain("a.json, endpoints.m.retry.jitte: is not known; did you mean jitter?");
    expect(stderr).toContain("b.json, line 3: is not JSON");
    expect(stderr).toContain("c.json, endpoints.m.url: ");
    expect(stderr).toContain("e.json, id: is beta, which d.json has too");
    expect(server.changes).toEqual([]);
  });

  it("deletes only what it was told to, and says what waits there", async () => {
    const { cwd, server, apply } = await begin();
    await apply();
    await rm(join(cwd, "beta.json"));
    await writeFile(join(cwd, "acme.json"), '{"id":"acme","name":"Acme","rate_per_second":5.5}');
    const kept = await apply();
    expect(kept.stdout).toContain("In no file: 2 endpoints (acme/main, acme/pixel). Without --prune nothing");
    const pruned = await apply("--prune");
    expect(pruned.stdout).toContain("- endpoint acme/main  (waiting deliveries that end as cancelled: 3)");
    expect([...server.endpoints.keys()]).toEqual(["beta/main"]);
    expect((await apply("--prune-partners")).stdout).toContain("- partner beta");
    expect([...server.partners.keys()]).toEqual(["acme"]);
  });

  it("goes on after a failure, and says what was done and what was not tried", async () => {
    const { server, apply } = await begin();
    server.refuse = (change) => (change === "PUT /v1/partners/acme" ? "invalid_request" : null);
    const { code, stdout, stderr } = await apply();
    expect(code).toBe(1);
    expect(stdout).toContain("Created 2, changed 0, deleted 0.");
    expect(stderr).toContain("Failed: create acme: It is refused: invalid_request.");
    expect(stderr).toContain("Failed: 1, not tried: acme/main, acme/pixel.");
    server.refuse = () => null;
    expect((await apply()).stdout).toContain("Created 3, changed 0, deleted 0.");
  });

  it("leaves alone what somebody else changed after the plan", async () => {
    const { cwd, server, apply, run } = await begin();
    await apply();
    await writeFile(join(cwd, "beta.json"), beta.replace("Beta", "Beta 2"));
    const typed = () => {
      server.partners.set("beta", { ...server.partners.get("beta"), name: "Theirs" });
      return undefined;
    };
    const { code, stderr } = await run(["apply", "-f", ".", "--yes"], {
      onStdout: (text) => (text.includes("Plan:") ? typed() : undefined),
    });
    expect(code).toBe(1);
    expect(stderr).toContain("Somebody else changed it after the plan was made");
    expect(server.partners.get("beta")?.["name"]).toBe("Theirs");
  });

  it("asks on a terminal, and needs --yes and a place for secrets without one", async () => {
    const { server, run } = await begin();
    const refused = await run(["apply", "-f", "."], { columns: 100, typed: "n" });
    expect([refused.code, refused.questions]).toEqual([1, ["Make 5 changes? [y/N] "]]);
    expect((await run(["apply", "-f", "."])).stderr).toContain("Add --yes");
    expect((await run(["apply", "-f", ".", "--yes"])).stderr).toContain("--secrets-file");
    expect(server.changes).toEqual([]);
    const shown = await run(["apply", "-f", "."], { columns: 100, typed: "y" });
    expect(shown.stdout).toContain('{"partner":"beta","signing_secret":"whsec_of_beta"}');
  });
});

describe("the secrets of new partners", () => {
  it("are not asked for in a place that cannot be written: nothing is created then", async () => {
    const { server, run } = await begin();
    const argv = ["apply", "-f", ".", "--yes", "--secrets-file", "nowhere/secrets"];
    const { code, stderr } = await run(argv);
    expect([code, server.changes]).toEqual([1, []]);
    expect(stderr).toContain("nowhere/secrets cannot be written");
  });
});

describe("export-config", () => {
  it("gives files that make the same settings on an empty server, and the same files again", async () => {
    const one = await begin();
    await one.apply();
    const { code, stdout } = await one.run(["export-config", "--out", "out"]);
    expect([code, stdout]).toEqual([0, "2 partners written to out.\n"]);
    expect(await readdir(join(one.cwd, "out"))).toEqual(["acme.json", "beta.json"]);
    const text = await readFile(join(one.cwd, "out", "acme.json"), "utf8");
    expect(text).toContain('"rate": 10.50,');
    expect(text).not.toContain("timeout");
    const other = await begin({ "acme.json": text, "beta.json": beta });
    await other.apply();
    expect(storedIn(other.server)).toBe(storedIn(one.server));
    const again = await other.run(["export-config", "--partner", "acme"]);
    expect(again.stdout).toBe(text);
  });

  it("goes through a pipe, and names files of partners that are gone", async () => {
    const { cwd, run, apply } = await begin();
    await apply();
    const { stdout } = await run(["export-config"]);
    expect((await run(["apply", "-f", "-", "--dry-run"], { stdin: stdout })).code).toBe(0);
    await writeFile(join(cwd, "gone.json"), "{}");
    expect((await run(["export-config", "--out", "."])).stderr).toContain("gone.json");
    expect((await run(["export-config", "--partner", "nobody"])).code).toBe(4);
  });

  it("hides the values of credentials, which apply leaves as the server has them", async () => {
    const secret = `{"id":"acme","name":"Acme","endpoints":{"main":{
      "url":"https://a.example/?token=t1&x={data.key?}&key={data.key?}","headers":{"authorization":"Bearer b1","x-a":"1"}}}}`;
    const { cwd, server, run, apply } = await begin({ "acme.json": secret });
    expect((await apply()).stdout).not.toMatch(/t1|b1/);
    const { stderr } = await run(["export-config", "--out", "."]);
    expect(stderr).toContain("hidden in 1 endpoint");
    const text = await readFile(join(cwd, "acme.json"), "utf8");
    expect(text).not.toMatch(/t1|b1/);
    expect(text).toContain("?token=•••&x={data.key?}&key={data.key?}");
    await writeFile(join(cwd, "acme.json"), text.replace('"x-a": "1"', '"x-a": "2"'));
    expect((await apply()).stdout).toContain("changed 1");
    expect(server.endpoints.get("acme/main")).toMatchObject({
      url: "https://a.example/?token=t1&x={data.key?}&key={data.key?}",
      headers: { authorization: "Bearer b1", "x-a": "2" },
    });
    const whole = await run(["export-config", "--with-credentials"]);
    expect(whole.stdout).toContain("Bearer b1");
    const empty = await begin({ "acme.json": text });
    const refused = await empty.apply();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("acme.json, acme/main headers.authorization: hides a value");
    expect(empty.server.changes).toEqual([]);
  });
});
