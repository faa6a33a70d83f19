import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { runCli } from "../testing/run-cli.ts";
import { startSettingsServer } from "../testing/settings-server.ts";

const file = {
  id: "acme",
  name: "Acme",
  constants: { currency: "EUR" },
  endpoints: {
    main: {
      url: "https://acme.example/p?t={secret.token}&c={const.currency}",
      method: "GET",
      headers: { authorization: "Bearer {secret.access_token}" },
    },
  },
};

async function begin(document: object = file) {
  const cwd = await mkdtemp(join(tmpdir(), "postrider-"));
  onTestFinished(() => rm(cwd, { recursive: true }));
  const server = await startSettingsServer();
  onTestFinished(() => server[Symbol.asyncDispose]());
  await writeFile(join(cwd, "acme.json"), JSON.stringify(document));
  const run = (...argv: readonly string[]) => runCli(argv, { url: server.url, cwd });
  const apply = (...argv: string[]) =>
    run("apply", "-f", "acme.json", "--yes", "--secrets-file", "keys", ...argv);
  return { server, run, apply };
}

it("apply makes constants and endpoints, and names the secrets that are still to be set", async () => {
  const { server, apply } = await begin();
  const { code, stderr } = await apply();
  expect([code, server.partners.get("acme")?.["constants"]]).toEqual([0, { currency: "EUR" }]);
  expect(stderr).toContain(
    "Warning: acme needs the secrets access_token, token, which files do not hold: nothing is sent to its endpoints that use them until you set them: postrider secrets set acme access_token\n",
  );
  server.secrets.set("acme", ["token"]);
  const again = await apply("--json");
  expect(JSON.parse(again.stdout).secrets_to_set).toEqual([{ partner: "acme", secrets: ["access_token"] }]);
  server.secrets.set("acme", ["token", "access_token"]);
  expect((await apply()).stderr).toBe("");
});

it("a dry run names them too, also of a partner that is not there yet", async () => {
  const { apply } = await begin();
  const { code, stderr, stdout } = await apply("--dry-run");
  expect([code, stderr]).toEqual([5, expect.stringContaining("acme needs the secrets access_token, token")]);
  expect(stdout).toContain('constants: {"currency":"EUR"}');
});

it("an endpoint that uses a constant which its file does not have is an error of the file", async () => {
  const { apply, server } = await begin({ ...file, constants: { curency: "EUR" } });
  const { code, stderr } = await apply();
  expect([code, server.changes]).toEqual([1, []]);
  expect(stderr).toContain("acme.json, endpoints.main.url: The partner has no constant currency");
  expect(stderr).toContain("Did you mean {const.curency}?");
});

it("export writes constants, never secrets, and says which secrets a partner has", async () => {
  const { server, run, apply } = await begin();
  await apply();
  server.secrets.set("acme", ["access_token", "token"]);
  const { stdout, stderr } = await run("export-config", "--partner", "acme");
  expect(JSON.parse(stdout)).toMatchObject(file);
  expect(stderr).toBe("Not exported: the secrets access_token, token of acme. Set them where you apply.\n");
  const out = await run("export-config", "--out", "partners", "--json");
  expect(JSON.parse(out.stdout).secrets_not_exported).toEqual({ acme: ["access_token", "token"] });
});
