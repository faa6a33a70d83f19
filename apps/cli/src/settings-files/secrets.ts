import { appendFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Context, say } from "../context.ts";
import { CliError } from "../exit.ts";

/** Takes the secret of a new partner. */
export type KeepSecret = (partner: string, secret: string) => Promise<void>;

/**
 * Where the secrets of new partners go: to a file that only its owner can read, one JSON line each, as soon as each is
 * known; or to the terminal.
 *
 * @param path the file, `-` for standard output, or undefined
 * @throws CliError `usage` if nobody would see them, or they would stand in the log of a build
 */
export async function secretKeeper(context: Context, path: string | undefined): Promise<KeepSecret> {
  if (path === undefined && !context.stdout.isTTY) {
    throw new CliError(
      "usage",
      "New partners get signing secrets, which are shown once, and this is no terminal.",
      {
        code: "secrets_need_a_place",
        hint: "Name a file for them with --secrets-file, or write them to standard output with --secrets-file -.",
      },
    );
  }
  if (path === undefined || path === "-")
    return async (partner, secret) =>
      say(context.stdout, JSON.stringify({ partner, signing_secret: secret }));
  const file = resolve(context.cwd, path);
  const append = (text: string) =>
    appendFile(file, text, { mode: 0o600 }).catch((error: unknown) => {
      throw new CliError(
        "failed",
        `${path} cannot be written: ${error instanceof Error ? error.message : ""}.`,
      );
    });
  // A place that cannot be written must be known before the first secret.
  await append("");
  return (partner, secret) => append(`${JSON.stringify({ partner, signing_secret: secret })}\n`);
}
