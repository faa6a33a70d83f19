import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PostriderError } from "@postrider/engine";
import type { Settings } from "./config.ts";
import { parseMasterKey } from "./setting-forms.ts";
import { Sealed } from "./sealed.ts";

/** The keys a server runs with, and which of them were made just now. */
export interface Keys {
  readonly apiKeys: Sealed<readonly string[]>;
  readonly masterKeys: Sealed<readonly Uint8Array[]>;
  /** True if the API key did not exist before this start: show it once. */
  readonly apiKeyMade: boolean;
  /** Where keys not given as settings are kept; null where all were given or nothing is kept. */
  readonly keptIn: string | null;
}

const inMemory = "memory://";

/** True if nothing is kept: the ledger is in memory and so are keys that had to be made. */
export const isInMemory = (settings: Settings): boolean => settings.dataDir === inMemory;

/** Where the embedded ledger lives, as the engine takes it. */
export function ledgerDir(settings: Settings): string {
  return isInMemory(settings) ? inMemory : join(settings.dataDir, "ledger");
}

/**
 * The keys of the settings; those not given are read from the data folder (`api-key`, `master-key`, mode 0600), or
 * made and kept there on first start.
 *
 * @throws PostriderError `invalid_settings` for a key file that does not hold a key
 */
export function loadKeys(settings: Settings): Keys {
  const kept = (name: string, make: () => string) =>
    isInMemory(settings) ? { text: make(), made: true } : keptText(settings.dataDir, name, make);
  const api =
    settings.apiKeys === null ? kept("api-key", () => `prk_${randomBytes(24).toString("base64url")}`) : null;
  const master =
    settings.masterKeys === null ? kept("master-key", () => randomBytes(32).toString("base64")) : null;
  if (api !== null && api.text.length < 16) throw unreadable(settings, "api-key");
  const masterKey = master === null ? null : parseMasterKey(master.text);
  if (master !== null && masterKey === null) throw unreadable(settings, "master-key");
  return {
    apiKeys: settings.apiKeys ?? new Sealed([api?.text ?? ""]),
    masterKeys: settings.masterKeys ?? new Sealed(masterKey === null ? [] : [masterKey]),
    apiKeyMade: api?.made ?? false,
    keptIn: (api ?? master) === null || isInMemory(settings) ? null : settings.dataDir,
  };
}

/** Several processes may start at once on one folder: linking a complete file means one of them wins, whole. */
function keptText(dataDir: string, name: string, make: () => string): { text: string; made: boolean } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, name);
  const existing = read(path);
  if (existing !== null) return { text: existing, made: false };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${make()}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return { text: read(path) ?? "", made: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return { text: read(path) ?? "", made: false };
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** What a code of the file system says about a data folder. */
const folderFaults: Readonly<Record<string, string>> = {
  EROFS: "is on a file system that can only be read",
  EACCES: "is closed to the user that this process runs as",
  EPERM: "does not belong to the user that this process runs as",
  ENOENT: "cannot be made: the folder above it is missing or takes none",
  ENOTDIR: "is not a folder, or a part of its path is none",
  EEXIST: "is not a folder",
  ENOSPC: "is on a disk that is full",
  EDQUOT: "is on a disk of which this user has taken all that it may",
  ELOOP: "is a link that leads to itself",
  ENAMETOOLONG: "has too long a name",
};

/**
 * A fault of the file system in the data folder, in words; anything else stays as it is.
 *
 * @example throw folderFault(error, "/var/lib/postrider") // "The data folder /var/lib/postrider is not a folder (EEXIST)."
 */
export function folderFault(error: unknown, dataDir: string): unknown {
  if (!(error instanceof Error) || error instanceof PostriderError || !error.message.includes(dataDir))
    return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const words = folderFaults[code];
  if (words === undefined) return error;
  return new PostriderError("invalid_settings", `The data folder ${dataDir} ${words} (${code}).`, {
    hint: "Give that user a folder of its own that it may write to, or name another with POSTRIDER_DATA_DIR.",
    cause: error,
  });
}

function unreadable(settings: Settings, name: string): PostriderError {
  return new PostriderError("invalid_settings", `${join(settings.dataDir, name)} does not hold a key.`, {
    hint: "Restore the file from a backup. Removing it makes a new key on the next start: a new master key cannot open the signing secrets sealed before.",
  });
}
