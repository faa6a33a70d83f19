/** Clients that generators make of the served OpenAPI document work against the real server. */
import { type ExecFileException, execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, type TestContext, test } from "vitest";
import { ledgers } from "./ledgers.ts";
import { apiKey, serverNode, startServer } from "./server-process.ts";

/** Go and Python fetch their generators from the registries, so they run only if this is asked for. */
const all = process.env["POSTRIDER_TEST_GENERATORS"] === "all";
const allMs = 600_000;

const e2e = fileURLToPath(new URL("..", import.meta.url));
const modules = join(e2e, "../node_modules");

/** A server with an empty ledger, and a folder that has its document in `openapi.json`. */
interface Bench extends AsyncDisposable {
  readonly folder: string;
  readonly document: string;
  /** Runs a program in the folder. Its standard output. @throws Error with all that it printed */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
}

async function startBench(): Promise<Bench> {
  const embedded = ledgers.find(({ name }) => name === "embedded");
  if (embedded === undefined) throw new Error("there is no embedded ledger");
  const ledger = await embedded.fresh();
  const server = await startServer(ledger.env);
  const folder = mkdtempSync(join(tmpdir(), "postrider-generated-"));
  const document = await (await fetch(`${server.url}/openapi.json`)).text();
  writeFileSync(join(folder, "openapi.json"), document);
  const access = { POSTRIDER_URL: server.url, POSTRIDER_API_KEY: apiKey };
  return {
    folder,
    document,
    run: (program, args, env = {}) => runIn(folder, program, args, { ...access, ...env }),
    async [Symbol.asyncDispose]() {
      await server.kill();
      ledger[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function runIn(
  cwd: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 10_000_000 };
    execFile(program, args, options, (error: ExecFileException | null, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(" ")}:\n${stdout}\n${stderr}`, { cause: error }));
    });
  });
}

/** Skips with the reason, unless all generators are asked for and the tool is there. */
async function needTool({ skip }: TestContext, program: string, args: readonly string[]): Promise<void> {
  if (!all) skip("fetches its generator: runs with POSTRIDER_TEST_GENERATORS=all");
  const isThere = await runIn(tmpdir(), program, args, {}).then(
    () => true,
    () => false,
  );
  if (!isThere) skip(`${program} is not installed`);
}

const copyProgram = ({ folder }: Bench, name: string, as: string) =>
  cpSync(join(e2e, "generators", name), join(folder, as));

/** Each program makes a partner and an endpoint, sends an event, reads them, and prints what it saw. */
function expectAllSeen(printed: string): void {
  const { secret, ...seen } = JSON.parse(printed) as Record<string, unknown>;
  expect(secret).toMatch(/^whsec_/);
  expect(seen).toEqual({
    created: 201,
    stored: 201,
    accepted: ["accepted"],
    deliveries: [["order-1", "pending"]],
    body: { order: "{data.order}", fixed: [1, "two", { three: null }] },
    schedule: ["1s", "5s"],
    breaker: 10,
    hold: "1h",
    missing: [404, "not_found"],
  });
}

test("a TypeScript client type-checks and works, and an independent validator takes the document", async () => {
  await using bench = await startBench();
  const { folder, document, run } = bench;
  expect(await new Validator().validate(JSON.parse(document))).toMatchObject({ valid: true });

  symlinkSync(join(e2e, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  copyProgram(bench, "client.ts.txt", "main.ts");
  // As strict as it gets: what has a default may still be left out of a request.
  await run(serverNode, [
    join(e2e, "node_modules/openapi-typescript/bin/cli.js"),
    "openapi.json",
    "--output=api.ts",
    "--default-non-nullable=false",
  ]);
  const checks = ["--strict", "--noEmit", "--exactOptionalPropertyTypes", "--allowImportingTsExtensions"];
  const target = ["--target", "esnext", "--module", "nodenext", "--skipLibCheck"];
  const types = ["--types", "node", "--typeRoots", join(modules, "@types")];
  await run(join(modules, ".bin/tsc"), [...checks, ...target, ...types, "main.ts"]);
  expectAllSeen(await run(serverNode, ["main.ts"]));
});

test("a Go client of oapi-codegen compiles and works", { timeout: allMs }, async (context) => {
  await needTool(context, "go", ["version"]);
  await using bench = await startBench();
  const { folder, run } = bench;
  copyProgram(bench, "client.go", "main.go");
  mkdirSync(join(folder, "api"));
  const generator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2";
  const output = ["-package", "api", "-o", "api/api.go"];
  await run("go", ["run", generator, "-generate", "types,client", ...output, "openapi.json"]);
  await run("go", ["mod", "init", "example.com/generated"]);
  await run("go", ["get", "github.com/oapi-codegen/runtime@v1.9.0"]);
  await run("go", ["mod", "tidy"]);
  expectAllSeen(await run("go", ["run", "."]));
});

test("a Python client of openapi-python-client works", { timeout: allMs }, async (context) => {
  await needTool(context, "python3", ["-c", "import venv, ensurepip"]);
  await using bench = await startBench();
  const { folder, run } = bench;
  copyProgram(bench, "client.py", "main.py");
  await run("python3", ["-m", "venv", "tools"]);
  const packages = ["openapi-python-client==0.29.1", "openapi-spec-validator==0.9.0"];
  await run("tools/bin/pip", ["install", "--quiet", "--disable-pip-version-check", ...packages]);
  await run("tools/bin/openapi-spec-validator", ["openapi.json"]);
  // Its formatter, ruff, is found by the path.
  const env = { PATH: `${join(folder, "tools/bin")}:${process.env["PATH"]}` };
  const output = ["--meta", "none", "--output-path", "generated", "--fail-on-warning"];
  await run("tools/bin/openapi-python-client", ["generate", "--path", "openapi.json", ...output], env);
  expectAllSeen(await run("tools/bin/python", ["main.py"]));
});
