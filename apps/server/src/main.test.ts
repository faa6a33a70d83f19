/** The entry as service managers run it: a process, signals, exit codes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const main = new URL("./main.ts", import.meta.url).pathname;
let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postrider-main-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the entry; resolves at its ready line or its end. */
async function run(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"], POSTRIDER_DATA_DIR: folder, POSTRIDER_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const exited = once(child, "exit").then(([code]) => code as number | null);
  let output = "";
  const ready = new Promise<void>((resolve) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("is ready on")) resolve();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
  });
  await Promise.race([ready, exited]);
  return { child, exited, output: () => output, url: /http:\/\/\S+/.exec(output)?.[0] ?? "" };
}

test("starts, makes its keys once, refuses a second server on the folder, stops on SIGTERM, survives kill -9", async () => {
  const first = await run();
  const key = /prk_[\w-]+/.exec(first.output())?.[0];
  expect(key).toBeDefined();
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);

  const second = await run();
  expect([await second.exited, second.output()]).toEqual([
    1,
    expect.stringContaining(`in use by process ${first.child.pid}`),
  ]);

  first.child.kill("SIGTERM");
  expect(await first.exited).toBe(0);

  const third = await run();
  expect(third.output()).not.toContain("prk_");
  const asked = await fetch(`${third.url}/v1/status`, { headers: { authorization: `Bearer ${key}` } });
  expect(asked.status).toBe(200);
  third.child.kill("SIGKILL");
  await third.exited;

  const fourth = await run();
  expect((await fetch(`${fourth.url}/readyz`)).status).toBe(200);
  fourth.child.kill("SIGINT");
  expect(await fourth.exited).toBe(0);
  // Four boots of an embedded ledger, the first of a new folder: seconds each on a busy machine.
}, 120_000);

test("a wrong setting ends it with its remedy and without a stack", async () => {
  const { exited, output } = await run({ POSTRIDER_PROT: "4401" });
  expect(await exited).toBe(1);
  expect(output()).toContain("did you mean POSTRIDER_PORT?");
  expect(output()).not.toContain("    at ");
});
