/** The sender and the receiver as they are published load without zod: with their own dependencies, and nothing else. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  packageManager: string;
};
interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

const packMs = 120_000;
let folder: string;

/** Builds and packs a package, and unpacks it in the folder of an application. */
async function install(name: string, application: string): Promise<void> {
  const source = join(root, "packages", name);
  const packed = mkdtempSync(join(folder, "packed-"));
  await run(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], { cwd: source });
  const pnpm = ["--yes", "--prefer-offline", packageManager];
  await run("npx", [...pnpm, "pack", "--pack-destination", packed], { cwd: source });
  const target = join(application, "node_modules/@postrider", name);
  mkdirSync(target, { recursive: true });
  const [archive = ""] = readdirSync(packed);
  await run("tar", ["-xzf", join(packed, archive), "-C", target, "--strip-components=1"]);
}

/** Copies what a package needs of the registry, and what that needs. */
function installDependencies(from: string, names: readonly string[], application: string): void {
  for (const name of names) {
    const source = realpathSync(join(from, "node_modules", name));
    cpSync(source, join(application, "node_modules", name), { recursive: true });
    const siblings = source.slice(0, -join("node_modules", name).length);
    const needed = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest;
    installDependencies(siblings, Object.keys(needed.dependencies ?? {}), application);
  }
}

/** An application that has these packages and no other. */
async function makeApplication(...names: readonly string[]): Promise<string> {
  const application = mkdtempSync(join(folder, "application-"));
  for (const name of names) await install(name, application);
  return application;
}

/** Imports modules in an application, and tells what each exports, or the code of the error. */
async function importAll(
  application: string,
  modules: readonly string[],
): Promise<Readonly<Record<string, readonly string[] | string>>> {
  const program = `const seen = {};
    for (const name of ${JSON.stringify(modules)})
      seen[name] = await import(name).then(Object.keys, ({ code }) => code);
    console.log(JSON.stringify(seen));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], {
    cwd: application,
    env: { PATH: process.env["PATH"] },
  });
  return JSON.parse(stdout) as Record<string, readonly string[] | string>;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "postrider-packed-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the packed sender loads without zod", { timeout: packMs }, async () => {
  const application = await makeApplication("sender");
  installDependencies(join(root, "packages/sender"), ["leven", "p-retry"], application);
  const seen = await importAll(application, ["@postrider/sender", "zod"]);
  expect(seen["@postrider/sender"]).toContain("createSender");
  expect(seen["zod"]).toBe("ERR_MODULE_NOT_FOUND");
});

test("every entry of the packed receiver loads with the protocol alone", { timeout: packMs }, async () => {
  const application = await makeApplication("protocol", "receiver");
  const manifest = readFileSync(join(application, "node_modules/@postrider/receiver/package.json"), "utf8");
  const entries = Object.keys((JSON.parse(manifest) as { exports: object }).exports).map(
    (entry) => `@postrider/receiver${entry.slice(1)}`,
  );
  const { zod, ...seen } = await importAll(application, [...entries, "zod"]);
  expect(zod).toBe("ERR_MODULE_NOT_FOUND");
  for (const entry of entries) expect([entry, seen[entry]]).toEqual([entry, expect.any(Array)]);
  expect(seen["@postrider/receiver"]).toContain("verify");
});

test.each(["protocol", "contract", "client", "sender", "receiver", "engine"])(
  "the package %s builds",
  { timeout: packMs },
  async (name) => {
    const out = mkdtempSync(join(folder, "built-"));
    await run(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", out], {
      cwd: join(root, "packages", name),
    });
    expect(readdirSync(out)).toContain("index.d.ts");
  },
);
