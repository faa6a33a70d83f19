import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PostriderError } from "@postrider/engine";

/**
 * Holds a data folder for this process: two embedded ledgers on one folder would destroy it. The lock of a process
 * that is gone (`kill -9`) is taken over.
 *
 * @returns a function that lets go
 * @throws PostriderError `invalid_settings` while another server holds it
 */
export function lockFolder(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, "server.lock");
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    for (let tries = 0; tries < 5; tries += 1) {
      if (created(draft, path)) return () => release(path, mine);
      const theirs = read(path);
      if (theirs !== null && isHeld(theirs)) throw held(dataDir, theirs);
      if (theirs !== null) removeStale(path, theirs);
    }
    throw held(dataDir, read(path) ?? "");
  } finally {
    rmSync(draft, { force: true });
  }
}

function created(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Renaming first: of two processes that saw the same stale lock, the later one may have moved a fresh one, and puts it back. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function release(path: string, mine: string): void {
  if (read(path) === mine) rmSync(path, { force: true });
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** A pid alone is not enough: it may be somebody else's by now, and in a container every server has the same. */
function isHeld(text: string): boolean {
  const { pid, started } = parsed(text);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return started === null || startOf(pid) === started;
}

function parsed(text: string): { pid: number; started: string | null } {
  try {
    return JSON.parse(text) as { pid: number; started: string | null };
  } catch {
    return { pid: 0, started: null };
  }
}

/**
 * When a process started, in the kernel's ticks (proc(5): `stat` has the state in field 3 and the start in field 22);
 * null where there is no /proc, and for a process that has ended but was not waited for.
 */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function held(dataDir: string, text: string): PostriderError {
  return new PostriderError(
    "invalid_settings",
    `The data folder ${dataDir} is in use by process ${parsed(text).pid}.`,
    {
      hint: "Stop that server, or give this one another POSTRIDER_DATA_DIR.",
    },
  );
}
