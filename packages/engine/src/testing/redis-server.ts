import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Redis (or Valkey) server for tests, benches and fault runs, on a free port of the loopback address. */
export interface RedisServer {
  /** `redis://127.0.0.1:port`, the same after a restart. */
  readonly url: string;
  readonly pid: number;
  /** Ends the server. With `keepData` what it held is on disk and comes back with the next `start`. */
  halt(how: { readonly keepData: boolean }): Promise<void>;
  /** Starts it again after a halt, on the same port. */
  start(): Promise<void>;
  /** Sends one command and resolves with the raw reply's first line: `call("FLUSHALL")`, `call("DBSIZE")`. */
  call(...command: readonly string[]): Promise<string>;
  /** A field of `INFO`, such as `used_memory` or `total_commands_processed`. */
  info(field: string): Promise<number>;
  stop(): Promise<void>;
}

/** Where Redis' or Valkey's program is on PATH. Null: nowhere. */
export function findRedis(): string | null {
  const names = ["redis-server", "valkey-server"];
  const folders = (process.env.PATH ?? "").split(":").filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a server in a temporary folder, without persistence unless it is halted with `keepData`.
 *
 * @throws Error where no Redis is installed
 */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const program = findRedis();
  if (!program)
    throw new Error("No Redis found: install redis-server (Debian: apt-get install redis-server).");
  const folder = mkdtempSync(join(tmpdir(), "postrider-redis-"));
  const port = await freePort();
  const given = {
    bind: "127.0.0.1",
    port: String(port),
    dir: folder,
    save: "",
    appendonly: "no",
    ...settings,
  };
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess;

  const start = async () => {
    child = spawn(
      program,
      Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]),
      {
        cwd: folder,
        stdio: "ignore",
      },
    );
    for (let tries = 0; ; tries++) {
      const answer = await ask(port, ["PING"]).catch(() => "");
      if (answer.startsWith("+PONG")) return;
      if (child.exitCode !== null || tries > 300) throw new Error("The Redis server did not start.");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const ended = () =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
    });

  await start();
  return {
    url,
    get pid() {
      return child.pid!;
    },
    async halt({ keepData }) {
      if (keepData) await ask(port, ["SAVE"]);
      else rmSync(join(folder, "dump.rdb"), { force: true });
      child.kill("SIGKILL");
      await ended();
    },
    start,
    call: async (...command) => (await ask(port, command)).split("\r\n")[0]!,
    async info(field) {
      const text = await ask(port, ["INFO"]);
      return Number(new RegExp(`^${field}:(\\S+)`, "m").exec(text)?.[1]);
    },
    async stop() {
      child.kill("SIGKILL");
      await ended();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** One command over a connection of its own (RESP 2); the reply as text, whole. */
function ask(port: number, command: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    let reply = "";
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (chunk: string) => {
      reply += chunk;
      const [, bytes] = /^\$(\d+)\r\n/.exec(reply) ?? [];
      const whole =
        bytes === undefined
          ? reply.endsWith("\r\n")
          : Buffer.byteLength(reply) >= Number(bytes) + bytes.length + 5;
      if (whole) socket.end();
    });
    socket.on("close", () => resolve(reply));
    socket.write(
      `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`,
    );
  });
}
