import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One script of `migrations/` or `routines/`. */
export interface Script {
  /** The name of its file. */
  readonly name: string;
  readonly sql: string;
}

/** A migration is frozen once a ledger has it: `sha256` of its text is kept beside it and in every ledger. */
export interface Migration extends Script {
  readonly sha256: string;
}

/** `{ "0001_ledger.sql": sha256 }`, written by scripts/write-migration-checksums.ts. */
export const checksumsFile = join(import.meta.dirname, "migrations/checksums.json");

/** The migrations in their order: the one at index 0 is number 1. */
export function readMigrations(): Migration[] {
  return readScripts("migrations").map((script) => ({ ...script, sha256: sha256Of(script.sql) }));
}

/** The routines, and one hash over all of them. */
export function readRoutines(): { readonly scripts: readonly Script[]; readonly sha256: string } {
  const scripts = readScripts("routines");
  return { scripts, sha256: sha256Of(scripts.map(({ sql }) => sql).join("\0")) };
}

/** The checksum of each migration, as the repository has it. */
export function readChecksums(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(checksumsFile, "utf8")) as Record<string, string>;
}

function readScripts(folder: "migrations" | "routines"): Script[] {
  return readdirSync(join(import.meta.dirname, folder))
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(import.meta.dirname, folder, name), "utf8") }));
}

function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
