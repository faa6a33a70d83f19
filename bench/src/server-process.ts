import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url));

/** A Postrider server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  /** From the start of the process to the first 200 of `/readyz`. */
  readonly readyAfterMs: number;
  /** Processor time spent until then, over all threads: what stays the same on a busy machine. NaN where the system does not tell. */
  readonly readyCpuMs: number;
  /** Resident memory, in MB. NaN where the system does not tell. */
  rssMb(): number;
  stop(): Promise<void>;
}

export const benchApiKey = "bench-api-key-of-no-value";

/** Starts the server's entry on a free port. @param env the settings besides the port, the key and the log level */
export async function startServerProcess(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [entry], {
    env: {
      ...process.env,
      POSTRIDER_PORT: "0",
      POSTRIDER_API_KEY: benchApiKey,
      POSTRIDER_LOG_LEVEL: "silent",
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const found = /ready on (http:\S+)/.exec((said += chunk.toString()));
      if (found) resolve(found[1]!);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  });
  while (
    !(await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ))
  )
    await sleep(5);
  return {
    url,
    readyAfterMs: performance.now() - startedMs,
    readyCpuMs: cpuMs(child.pid!),
    rssMb: () => residentMb(child.pid!),
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function residentMb(pid: number): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1_024);
  } catch {
    return Number.NaN;
  }
}

/** Ticks are hundredths of a second on Linux. */
function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}
