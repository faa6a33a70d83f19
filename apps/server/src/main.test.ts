/** The entry as service managers run it: a process, signals, exit codes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

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
async function run(env: Record<string, string> = {}, user: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"], POSTRIDER_DATA_DIR: folder, POSTRIDER_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...user,
  });
  children.push(child);
  const exited = once(child, "exit").then(([code]) => code as number | null);
  let output = "";
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const ready = new Promise<void>((resolve) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("is ready on")) resolve();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
  });
  await Promise.race([ready, exited]);
  return {
    child,
    exited,
    output: () => output,
    stdout: () => stdout,
    url: /is ready on (http:\S+)/.exec(output)?.[1] ?? "",
  };
}

test("starts, makes its keys once, refuses a second server on the folder, stops on SIGTERM, survives kill -9", async () => {
  const first = await run();
  const keptIn = /"kept_in":"([^"]+)"/.exec(first.output())?.[1];
  expect(keptIn).toBe(join(folder, "api-key"));
  const key = readFileSync(keptIn!, "utf8").trim();
  expect(first.output()).not.toContain(key);
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);

  const second = await run();
  expect([await second.exited, second.output()]).toEqual([
    1,
    expect.stringContaining(`in use by process ${first.child.pid}`),
  ]);

  first.child.kill("SIGTERM");
  expect(await first.exited).toBe(0);

  const third = await run();
  expect(third.output()).not.toMatch(/prk_|key was made/);
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

test.each(["warn", "debug"])(
  "at %s standard output has JSON lines only, each with its service and process",
  async (level) => {
    const { child, exited, stdout } = await run({
      POSTRIDER_LOG_LEVEL: level,
      POSTRIDER_DATA_DIR: "memory://",
    });
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    const lines = stdout()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThanOrEqual(2);
    for (const line of lines)
      expect(line).toMatchObject({ service: "postrider", pid: child.pid, host: expect.any(String) });
    expect(stdout()).not.toContain("prk_");
  },
  60_000,
);

test("a database that is not there ends it in one sentence, without a stack and without the password", async () => {
  const { exited, output, stdout } = await run({ DATABASE_URL: "postgres://u:hunter2@127.0.0.1:1/shop" });
  expect(await exited).toBe(1);
  expect(output()).toMatch(
    /^postrider: Nothing listens at 127\.0\.0\.1:1, .* shop .*\n {2}Start PostgreSQL.*\n$/m,
  );
  expect(output()).not.toMatch(/hunter2|\n\s+at /);
  for (const line of stdout().trimEnd().split("\n")) expect(JSON.parse(line)).toBeTypeOf("object");
});

test.each([
  ["a file", () => writeFileSync(join(folder, "x"), ""), "x", "is not a folder"],
  ["below a file", () => writeFileSync(join(folder, "x"), ""), "x/y", "a part of its path is none"],
  [
    "a link to itself",
    () => symlinkSync(join(folder, "x"), join(folder, "x")),
    "x",
    "leads to itself|not a folder",
  ],
  ["a name too long", () => {}, "x".repeat(300), "too long a name"],
  ["of the system", () => {}, "/proc/postrider", "cannot be made|closed to the user"],
])("a data folder that is %s ends it in one sentence", async (_what, prepare, path, words) => {
  prepare();
  const dataDir = path.startsWith("/") ? path : join(folder, path);
  const { exited, output } = await run({ POSTRIDER_DATA_DIR: dataDir });
  expect(await exited).toBe(1);
  expect(output()).toMatch(
    new RegExp(`^postrider: The data folder ${dataDir} .*(${words}).*\\.\n {2}.*POSTRIDER_DATA_DIR`),
  );
  expect(output()).not.toMatch(/\n\s+at /);
});

test.skipIf(process.getuid?.() !== 0)("a data folder of another user ends it in one sentence", async () => {
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "theirs"), { mode: 0o755 });
  const { exited, output } = await run(
    { POSTRIDER_DATA_DIR: join(folder, "theirs") },
    { uid: 65_534, gid: 65_534 },
  );
  expect(await exited).toBe(1);
  expect(output()).toContain(`postrider: The data folder ${folder}/theirs is closed to the user`);
});

test("a wrong setting ends it with its remedy and without a stack", async () => {
  const { exited, output } = await run({ POSTRIDER_PROT: "4401" });
  expect(await exited).toBe(1);
  expect(output()).toContain("did you mean POSTRIDER_PORT?");
  expect(output()).not.toContain("    at ");
});

/** Starts the entry, and resolves as soon as its start holds the data folder: long before it is ready. */
async function runUntilStarting(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"], POSTRIDER_DATA_DIR: folder, POSTRIDER_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const exited = once(child, "exit").then(([code]) => code as number | null);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const lock = join(folder, "server.lock");
  await vi.waitUntil(() => existsSync(lock) || child.exitCode !== null, { timeout: 30_000, interval: 5 });
  return { child, exited, output: () => output, lock };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s during the start is kept: the server stops in order as soon as it is there",
  async (signal) => {
    const { child, exited, output, lock } = await runUntilStarting();
    child.kill(signal);
    expect(await exited).toBe(0);
    expect(output()).not.toContain("is ready on");
    expect(output()).toMatch(/"stopping"[^]*"stopped"/);
    expect(existsSync(lock)).toBe(false);
  },
  60_000,
);

test("a second signal during the start ends it at once", async () => {
  const { child, exited, output } = await runUntilStarting();
  child.kill("SIGTERM");
  child.kill("SIGINT");
  expect(await exited).toBe(1);
  expect(output()).not.toContain("stopped");
}, 60_000);

test("a stop that does not end is given up some seconds after its grace", async () => {
  // Stands for whatever keeps a stop from ending: a server that never says that it is closed.
  const preload = `data:text/javascript,${encodeURIComponent(
    'import net from "node:net"; net.Server.prototype.close = function () { return this; };',
  )}`;
  const { child, exited, output } = await run({
    POSTRIDER_DATA_DIR: "memory://",
    POSTRIDER_SHUTDOWN_GRACE: "1s",
    NODE_OPTIONS: `--import=${preload}`,
  });
  child.kill("SIGTERM");
  expect(await exited).toBe(1);
  expect(output()).toContain("postrider: the stop failed: it took longer than 6000 ms");
}, 60_000);
