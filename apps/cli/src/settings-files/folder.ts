import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Context } from "../context.ts";
import { CliError } from "../exit.ts";
import { readInput } from "../input.ts";
import type { SettingsFile } from "./check.ts";
import { partnerFileText } from "./file-text.ts";
import type { PartnerSettings } from "./settings.ts";

/**
 * The files that the paths name: a file, `-` for standard input, or all `*.json` of a folder and of the folders in it.
 * Names that begin with a point are left out.
 *
 * @throws CliError `usage` for a path that cannot be read, or a folder without files
 */
export async function readFiles(
  context: Pick<Context, "cwd" | "stdin">,
  paths: readonly string[],
): Promise<readonly SettingsFile[]> {
  const files: SettingsFile[] = [];
  for (const path of paths) {
    const names = (await isFolder(context.cwd, path)) ? await jsonFilesIn(context.cwd, path) : [path];
    if (names.length === 0)
      throw new CliError("usage", `${path} has no file whose name ends with .json.`, {
        hint: `Write them with: postrider export-config --out ${path}`,
      });
    for (const name of names) files.push({ name, text: await readInput.text(context, name) });
  }
  return files;
}

async function isFolder(cwd: string, path: string): Promise<boolean> {
  if (path === "-") return false;
  const found = await stat(resolve(cwd, path)).catch(() => null);
  return found?.isDirectory() === true;
}

async function jsonFilesIn(cwd: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(resolve(cwd, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.name.endsWith(".json") && !entry.isDirectory())
    .map((entry) => relative(resolve(cwd, folder), join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(/[/\\]/).some((part) => part.startsWith(".")))
    .toSorted()
    .map((path) => join(folder, path));
}

/**
 * Writes one file for each partner, `<id>.json`.
 *
 * @returns the names of other `.json` files that were there
 */
export async function writeFiles(
  cwd: string,
  folder: string,
  partners: readonly PartnerSettings[],
): Promise<readonly string[]> {
  const path = resolve(cwd, folder);
  try {
    await mkdir(path, { recursive: true });
    for (const partner of partners)
      await writeFile(join(path, `${partner.id}.json`), partnerFileText(partner));
    const written = new Set(partners.map(({ id }) => join(folder, `${id}.json`)));
    return (await jsonFilesIn(cwd, folder)).filter((name) => !written.has(name));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new CliError("failed", `${folder} cannot be written: ${code}.`, { cause: error });
  }
}
