/**
 * Rules of the house that no linter knows: the size of files, and folders without a catch-all. Run by `npm test`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const longestFile = 400;
/** Read as prose from top to bottom, or made by a tool. */
const mayBeLong = /\.(test|testsuite)\.ts$|pnpm-lock|\.json$/;
const catchAlls = new Set([
  "utils.ts",
  "util.ts",
  "helpers.ts",
  "types.ts",
  "common.ts",
  "misc.ts",
  "shared.ts",
]);

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "");

const faults = files.flatMap((file) => {
  const found: string[] = [];
  if (catchAlls.has(basename(file)))
    found.push(`${file}: name a module after what it does, not after what it is`);
  const lines = textOf(file).split("\n").length;
  if (lines > longestFile && !mayBeLong.test(file))
    found.push(`${file}: ${lines} lines, ${longestFile} at most: split it by what its parts do`);
  return found;
});

for (const fault of faults) process.stderr.write(`${fault}\n`);
if (faults.length > 0) process.exitCode = 1;

/** Empty where the file was removed and git does not know yet. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
