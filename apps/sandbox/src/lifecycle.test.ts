import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { SandboxError } from "./errors.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";

let sandbox: Sandbox;
afterEach(() => sandbox.close());

const liveSockets = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCP|Timeout)/.test(name))
    .sort();

/** What is there beyond what was: timers of the test runner may end meanwhile. */
function without(names: readonly string[], known: readonly string[]): string[] {
  const rest = [...known];
  return names.filter((name) => {
    const at = rest.indexOf(name);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

async function post(url: string): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`);
  return socket;
}

test("close is prompt with every lingering behaviour open, and leaves no socket", async () => {
  const before = liveSockets();
  sandbox = await startSandbox({ port: 0 });
  const lingering = ["hang", "slow:1h", "slow_body:1h/24h", "slow_body:5ms/24h", "endless_body"];
  const closed: Promise<unknown>[] = [];
  for (const [index, behaviour] of lingering.entries()) {
    const partner = sandbox.partner(`p${index}`);
    partner.script(behaviour);
    const socket = await post(partner.url);
    closed.push(once(socket, "close"));
    socket.resume();
    await partner.waitFor(1);
  }
  const waiting = sandbox.partner("p0").waitFor(2, 3_600_000);
  const refused = waiting.catch((error: SandboxError) => error.code);
  expect(liveSockets().length).toBeGreaterThan(before.length);
  const startedMs = performance.now();
  await sandbox.close();
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  await Promise.all(closed);
  expect(await refused).toBe("sandbox_closed");
  expect(without(liveSockets(), before)).toEqual([]);
});

/** Runs a module that uses the sandbox in a process of its own, which ends by itself only if nothing is left alive. */
async function runAlone(code: string): Promise<{ exit: number | null; output: string }> {
  const entry = JSON.stringify(new URL("./index.ts", import.meta.url).href);
  const program = `import { connect } from "node:net"; import { spawn } from "node:child_process";
import { once } from "node:events";
    const { startSandbox } = await import(${entry}); ${code}; console.log("last line");`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { timeout: 10_000 });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [exit] = (await once(child, "close")) as [number | null];
  return { exit, output };
}

const lingerThen = (end: string): string => `
  const sandbox = await startSandbox({ port: 0 });
  const partner = sandbox.partner("p");
  partner.script("slow:1h,slow:1h,slow_body:1h/24h,slow_body:5ms/24h,hang");
  const client = connect(sandbox.port, "127.0.0.1");
  client.on("error", () => {});
  client.write("POST /p/p HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 0\\r\\n\\r\\n".repeat(5));
  await partner.waitFor(5, 3_600_000);
  ${end}`;

test("after close no timer keeps the process alive", async () => {
  expect(await runAlone(lingerThen("await sandbox.close()"))).toEqual({ exit: 0, output: "last line\n" });
});

test("a client that leaves takes the timers of its answers along, also of those that wait in a pipeline", async () => {
  const timers = 'process.getActiveResourcesInfo().filter((name) => name === "Timeout").length';
  const leave = `const during = ${timers}; client.destroy(); while (${timers} >= during) await new Promise(setImmediate);
    console.log(during - ${timers}); await sandbox.close()`;
  expect(await runAlone(lingerThen(leave))).toEqual({ exit: 0, output: "6\nlast line\n" });
});

test("the command line starts one, scripts it, and ends on SIGTERM", async () => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, "--port", "0", "--partner", "acme=503"]);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const url = /http:\S+/.exec(line.toString())![0];
  expect((await fetch(`${url}/p/acme`)).status).toBe(503);
  const socket = await post(`${url}/p/acme`);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  socket.destroy();
});

test.each([
  ["--port", "x"],
  ["--partner", "acme"],
  ["--partner", "acme=nope"],
  ["--secret", "acme=whsec_short"],
])("the command line refuses %s %s with usage", async (...args) => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const port = args[0] === "--port" ? [] : ["--port", "0"];
  const child = spawn(process.execPath, [main, ...port, ...args]);
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  expect(await once(child, "close")).toEqual([2, null]);
  expect(errors).toContain("usage:");
  expect(errors).not.toContain("whsec_short");
});

test("close twice, and a port that is taken", async () => {
  sandbox = await startSandbox({ port: 0 });
  const taken = startSandbox({ port: sandbox.port });
  await expect(taken).rejects.toThrow(expect.objectContaining({ code: "port_unavailable" }));
  await sandbox.close();
  await sandbox.close();
});
