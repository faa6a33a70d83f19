import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { open, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Makes an empty, cleanly closed ledger in a folder that does not exist yet. */
export type InitialiseFolder = (folder: string) => Promise<void>;

/**
 * Makes `dataDir` where it holds no ledger yet, as a copy of a prepared folder: PostgreSQL's own initialisation takes
 * ten times as long inside WASM (measured: 1.9 s against 0.1 s on an idle machine). The prepared folder is made on first use
 * and kept beside the installed packages, one for each version of PGlite; where that cannot be written, nothing is kept.
 *
 * The folder appears by a rename, complete or not at all: a process killed on its first start leaves nothing half made.
 *
 * @returns true if the folder is new
 */
export async function prepareFolder(dataDir: string, initialise: InitialiseFolder): Promise<boolean> {
  // What is there and not empty is PGlite's to judge.
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    if ((statSync(dataDir).mode & others) !== 0) closeToOthers(dataDir);
    return false;
  }
  mkdirSync(dirname(dataDir), { recursive: true });
  const draft = `${dataDir}.${process.pid}.new`;
  rmSync(draft, { recursive: true, force: true });
  const { folder, leftover } = await preparedFolder(initialise);
  try {
    cpSync(folder, draft, { recursive: true });
    closeToOthers(draft);
    renameSync(draft, dataDir);
  } finally {
    rmSync(draft, { recursive: true, force: true });
    if (leftover !== null) rmSync(leftover, { recursive: true, force: true });
  }
  return true;
}

/** The rights of group and others. */
const others = 0o077;

/** PGlite's own template is open to all: only the owner may read events and attempts, no matter who made the folder above. */
function closeToOthers(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
  // Last: if the folder is closed, everything in it was closed before.
  chmodSync(folder, 0o700);
}

/** Asks the operating system to write a new folder out, file by file, while its ledger is at work already. */
export async function writeOut(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = await open(join(entry.parentPath, entry.name), "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

/** The folder to copy from, and what to remove after it was copied. */
async function preparedFolder(
  initialise: InitialiseFolder,
): Promise<{ folder: string; leftover: string | null }> {
  const cache = join(import.meta.dirname, "../../node_modules/.cache/postrider");
  const prepared = join(cache, `pglite-${pgliteVersion()}`);
  if (existsSync(prepared)) return { folder: prepared, leftover: null };
  const draft = draftFolder(cache);
  await initialise(join(draft, "ledger"));
  try {
    renameSync(join(draft, "ledger"), prepared);
    return { folder: prepared, leftover: draft };
  } catch {
    // Another process was first, or nothing can be kept here: this one's will do.
    return { folder: join(draft, "ledger"), leftover: draft };
  }
}

function draftFolder(cache: string): string {
  try {
    mkdirSync(cache, { recursive: true });
    return mkdtempSync(join(cache, "draft-"));
  } catch {
    return mkdtempSync(join(tmpdir(), "postrider-"));
  }
}

function pgliteVersion(): string {
  const root = join(dirname(fileURLToPath(import.meta.resolve("@electric-sql/pglite"))), "..");
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}
