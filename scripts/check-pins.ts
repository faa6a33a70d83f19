/** Fails if a pinned version is behind scripts/advisories.json. Reads files only. Run by `npm test` and `.ci/run`. */
import { readFileSync } from "node:fs";
import { type Advisory, type Exception, judgePins, readPins } from "./pins.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const list = JSON.parse(read("scripts/advisories.json")) as {
  advisories: readonly Advisory[];
  exceptions: readonly Exception[];
};
const pins = readPins(read("pnpm-lock.yaml"), read(".node-version"), read("pnpm-workspace.yaml"));
const { faults, notes } = judgePins(pins, list.advisories, list.exceptions);
for (const note of notes) process.stdout.write(`${note}\n`);
for (const fault of faults) process.stderr.write(`${fault}\n`);
if (faults.length > 0) process.exitCode = 1;
