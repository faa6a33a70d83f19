import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

/** The pinned Node. */
export const serverNode = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
/** What a service manager runs with it. */
export const serverEntry = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url));

/** The key of every server of these tests. */
export const apiKey = "prk_e2e-0123456789abcdef";

/** What a call answered. */
export interface Answer {
  readonly status: number;
  // Tests look into answers freely.
  readonly json: any;
}

/** The real server, as a service manager runs it. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** One call of the API; `body` is sent as JSON. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Like `call`, for answers that must be 2xx. @throws Error with what came back */
  ok(method: string, path: string, body?: unknown): Promise<any>;
  /** All that it has written to its outputs. */
  output(): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** What it holds in memory now, in bytes; forgets the peak. Linux alone. */
  markMemory(): number;
  /** The most it has held in memory since the mark, in bytes. */
  peakBytes(): number;
}

/** How a server ended that never became ready. */
export class ServerRefused extends Error {
  readonly exitCode: number | null;

  constructor(exitCode: number | null, output: string) {
    super(`the server ended with ${exitCode}:\n${output}`);
    this.exitCode = exitCode;
  }
}

/**
 * Spawns the server on a free port (or the `POSTRIDER_PORT` given) and waits for `/readyz`. Disposing kills it.
 *
 * @throws ServerRefused where it ends instead
 */
export async function startServer(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const child = spawn(serverNode, [serverEntry], {
    env: {
      PATH: process.env["PATH"],
      POSTRIDER_PORT: "0",
      POSTRIDER_API_KEY: apiKey,
      POSTRIDER_LOG_LEVEL: "warn",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const url = await readyUrl(child);
  const call = caller(url);
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: NodeJS.Signals) => {
    if (!gone()) {
      child.kill(signal);
      await once(child, "exit");
    }
    return child.exitCode;
  };
  const kill = async () => void (await end("SIGKILL"));
  await until("the server to be ready", async () => (await call("GET", "/readyz")).status === 200);
  return {
    url,
    pid: child.pid ?? 0,
    call,
    async ok(method, path, body) {
      const answer = await call(method, path, body);
      if (answer.status < 300) return answer.json;
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.json)}`);
    },
    output: () => output,
    kill,
    stop: () => end("SIGTERM"),
    markMemory() {
      // proc(5): 5 resets the peak resident set size.
      writeFileSync(`/proc/${child.pid}/clear_refs`, "5");
      return memory(child, "VmRSS");
    },
    peakBytes: () => memory(child, "VmHWM"),
    [Symbol.asyncDispose]: kill,
  };
}

function memory(child: ChildProcess, line: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return 1_024 * Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1]);
}

async function readyUrl(child: ChildProcess): Promise<string> {
  let output = "";
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);
  child.once("exit", () => process.off("exit", orphan));
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      const url = /is ready on (http:\S+)/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("close", (code) => reject(new ServerRefused(code, output)));
  });
}

function caller(url: string): ServerProcess["call"] {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? null : JSON.parse(text) };
  };
}
