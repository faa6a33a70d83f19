import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { apiKey, serverEntry, serverNode } from "../src/server-process.ts";
import { until } from "../src/until.ts";

export type Role = "api" | "worker";

/** One line that a server wrote to its log. */
export interface LogLine {
  /** Epoch ms. */
  readonly atMs: number;
  readonly server: string;
  readonly text: string;
}

/** A server that is killed, paused and started again, as a service manager would. */
export interface SupervisedServer {
  /** `worker-1`, `api-2`. */
  readonly name: string;
  readonly role: Role;
  /** The process at the moment; 0 while there is none. */
  readonly pid: number;
  /** Starts the process, again for as long as it ends by itself; resolves when it is ready. */
  start(): Promise<void>;
  /** SIGKILL, also in the middle of a start; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  pause(): void;
  resume(): void;
}

export interface SupervisedOptions {
  readonly name: string;
  readonly role: Role;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly log: LogLine[];
}

/** Between the end of a process that nobody killed and the next try, as service managers wait. */
const restartMs = 500;
const startLimitMs = 60_000;

/** A server under supervision, not yet started. */
export function supervise({ name, role, port, env, log }: SupervisedOptions): SupervisedServer {
  let child: ChildProcess | null = null;
  let wanted = 0;

  const run = (ready: () => void) => {
    const next = spawn(serverNode, [serverEntry], {
      env: {
        PATH: process.env["PATH"],
        POSTRIDER_PORT: String(port),
        POSTRIDER_API_KEY: apiKey,
        POSTRIDER_LOG_LEVEL: "warn",
        POSTRIDER_ROLES: role,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      // Away from the keyboard: what ends these processes is the run.
      detached: true,
    });
    child = next;
    const orphan = () => next.kill("SIGKILL");
    process.once("exit", orphan);
    for (const stream of [next.stdout, next.stderr])
      createInterface({ input: stream }).on("line", (text) => {
        if (text.includes("is ready on")) ready();
        else log.push({ atMs: performance.timeOrigin + performance.now(), server: name, text });
      });
    const ended = once(next, "exit").then(() => {
      process.off("exit", orphan);
      if (child === next) child = null;
    });
    return ended;
  };
  const end = async (signal: NodeJS.Signals) => {
    wanted += 1;
    const last = child;
    if (last === null) return null;
    const ended = last.exitCode === null && last.signalCode === null ? once(last, "exit") : null;
    last.kill(signal);
    await ended;
    return last.exitCode;
  };

  return {
    name,
    role,
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      const mine = (wanted += 1);
      let ready = false;
      const keep = async () => {
        while (wanted === mine) {
          await run(() => (ready = true));
          if (wanted === mine) await sleep(restartMs);
        }
      };
      void keep();
      await until(`${name} to be ready`, () => ready || wanted !== mine, startLimitMs).catch(
        (error: unknown) => {
          const said = log.filter(({ server }) => server === name).slice(-3);
          throw new Error(`${name} did not start: ${said.map(({ text }) => text).join(" ")}`, {
            cause: error,
          });
        },
      );
    },
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
  };
}
