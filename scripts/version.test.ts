import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { defaultUserAgent } from "../packages/engine/src/index.ts";

const root = join(import.meta.dirname, "..");
const versionOf = (file: string) =>
  (JSON.parse(readFileSync(join(root, file), "utf8")) as { version?: string }).version;
const version = versionOf("package.json")!;

test.each(globSync("{packages,apps}/*/package.json", { cwd: root }))(
  "%s has the version of the repository",
  (file) => expect(versionOf(file)).toBe(version),
);

test("`postrider --version` is the version of the repository", async () => {
  const main = join(root, "apps/cli/src/main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--version"]);
  expect(stdout.trim()).toBe(version);
});

test("partners see the major and the minor version in the User-Agent", () => {
  const [major, minor] = version.split(".");
  expect(defaultUserAgent).toMatch(new RegExp(`^Postrider/${major}\\.${minor} `));
});
