import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A runtime that the suite is to run in, and how to start it, or why it cannot be had here. */
export interface Runtime {
  name: string;
  /** Program and arguments; the path of what to run comes behind. */
  command: readonly string[];
  missing: string | undefined;
}

/** Major version of the oldest Node that the manifests and the README promise. */
export const oldestNode = 20;
const folder = fileURLToPath(new URL("runtimes", import.meta.url));
const platform = `${process.platform}-${process.arch}`;

/** The packages that hold each program, by platform. Without the packages around them: these need install scripts. */
const packages: Readonly<Record<"Deno" | "Bun", { file: string; names: Readonly<Record<string, string>> }>> =
  {
    Deno: {
      file: "deno",
      names: {
        "linux-x64": "@deno/linux-x64-glibc",
        "linux-arm64": "@deno/linux-arm64-glibc",
        "darwin-x64": "@deno/darwin-x64",
        "darwin-arm64": "@deno/darwin-arm64",
      },
    },
    Bun: {
      file: "bin/bun",
      names: {
        "linux-x64": "@oven/bun-linux-x64",
        "linux-arm64": "@oven/bun-linux-aarch64",
        "darwin-x64": "@oven/bun-darwin-x64",
        "darwin-arm64": "@oven/bun-darwin-aarch64",
      },
    },
  };

/** The runtimes besides the Node that runs the tests, and workerd, which has a test of its own. */
export function otherRuntimes(): Runtime[] {
  const failure = install();
  return [
    fromNpm("Deno", ["run", "--no-prompt", "--no-config", "--allow-net=127.0.0.1"], failure),
    fromNpm("Bun", [], failure),
    oldNode(oldestNode),
  ];
}

/** A Chromium of this machine, for its service workers. npm holds it as 67 MB that want unpacking, too much for a test. */
export function chromium(): Runtime {
  const program = ["chromium", "chromium-browser", "google-chrome", "chrome"].flatMap(onPath)[0];
  return {
    name: "a service worker of Chromium",
    command: program === undefined ? [] : [program],
    missing: program === undefined ? "no Chromium is on PATH" : undefined,
  };
}

/** Installs what `runtimes/package.json` names, by its lockfile; answers with what went wrong. */
function install(): string | undefined {
  const root = JSON.parse(readFileSync(join(folder, "../../../../package.json"), "utf8")) as {
    packageManager: string;
  };
  const args = ["--frozen-lockfile", "--ignore-workspace", "--ignore-scripts", "--config.fetch-retries=1"];
  const { status, stdout, stderr, error } = spawnSync(
    "npx",
    ["--yes", "--prefer-offline", root.packageManager, "install", "--reporter=append-only", ...args],
    { cwd: folder, encoding: "utf8", timeout: 180_000 },
  );
  if (status === 0) return undefined;
  return (
    error?.message ??
    (`${stdout}\n${stderr}`.trim().split("\n").at(-1) || `the installation ended with ${status}`)
  );
}

function fromNpm(name: "Deno" | "Bun", args: readonly string[], failure: string | undefined): Runtime {
  const { names, file } = packages[name];
  const packageName = names[platform];
  const program = join(folder, "node_modules", packageName ?? "", file);
  return { name, command: [program, ...args], missing: whyMissing() };

  function whyMissing(): string | undefined {
    if (packageName === undefined) return `there is no package of it for ${platform} in test/runtimes`;
    if (!existsSync(program)) return `${packageName} was not installed: ${failure ?? "it is optional"}`;
    // On musl, and on processors without AVX2, the file is there and does not start.
    const { error, status } = spawnSync(program, ["--version"], { stdio: "ignore" });
    return status === 0
      ? undefined
      : `${packageName} does not start here: ${error?.message ?? `exit ${status}`}`;
  }
}

/** The oldest Node that the kit promises, if the machine has one: as a package it is another 43 MB to download. */
function oldNode(major: number): Runtime {
  const name = `Node ${major}`;
  const versions = onPath("node").map((program) => {
    const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    return { program, version: stdout?.trim() ?? "" };
  });
  const found = versions.find(({ version }) => version.startsWith(`v${major}.`));
  const missing =
    found === undefined
      ? `no Node ${major} is on PATH (there are ${versions.map(({ version }) => version).join(", ")})`
      : undefined;
  return { name, command: found === undefined ? [] : [found.program], missing };
}

function onPath(name: string): string[] {
  const folders = [...new Set((process.env["PATH"] ?? "").split(delimiter))];
  return folders.map((folder) => join(folder, name)).filter((path) => existsSync(path));
}
