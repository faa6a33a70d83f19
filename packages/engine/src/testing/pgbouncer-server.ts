import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PgBouncer in front of a PostgreSQL server. */
export interface PgbouncerServer {
  /** The URL of a database, through it. */
  readonly urlOf: (database: string) => string;
  stop(): Promise<void>;
}

const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin"];

/** Where PgBouncer is; null if it is not installed. */
export function findPgbouncer(): string | null {
  const found = folders.find((folder) => folder !== "" && existsSync(join(folder, "pgbouncer")));
  return found === undefined ? null : join(found, "pgbouncer");
}

/**
 * Starts PgBouncer with its default settings: nothing is set but where the server is and who may log in, and what a test
 * gives in `settings`.
 */
export async function startPgbouncer(
  serverUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PgbouncerServer> {
  const folder = mkdtempSync(join(tmpdir(), "postrider-pgbouncer-"));
  const port = await freePort();
  const server = new URL(serverUrl);
  const host = server.searchParams.get("host") ?? server.hostname;
  const ini = join(folder, "pgbouncer.ini");
  const users = join(folder, "users.txt");
  writeFileSync(users, `"${server.username}" "${server.password}"\n`);
  const lines = {
    listen_addr: "127.0.0.1",
    listen_port: String(port),
    unix_socket_dir: "",
    auth_type: "trust",
    auth_file: users,
    ...settings,
  };
  writeFileSync(
    ini,
    [
      "[databases]",
      `* = host=${host} port=${server.port || "5432"}`,
      "[pgbouncer]",
      ...Object.entries(lines).map(([name, value]) => `${name} = ${value}`),
    ].join("\n"),
  );
  // PgBouncer refuses to run as root.
  const user = process.getuid?.() === 0 ? postgresUser() : null;
  for (const path of [folder, ini, users]) {
    chmodSync(path, 0o755);
    if (user) chownSync(path, user.uid, user.gid);
  }
  const child = spawn(findPgbouncer()!, [ini], { ...user, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await listens(port)); tries++) {
    if (child.exitCode !== null || tries > 300) {
      await stop();
      throw new Error(`PgBouncer did not start: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    urlOf: (database) => `postgres://${server.username}@127.0.0.1:${port}/${database}`,
    stop,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // SIGTERM: at once, without waiting for clients.
  child.kill("SIGTERM");
  await once(child, "exit");
}

function postgresUser(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"]));
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.end(() => resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
