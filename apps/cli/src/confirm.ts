import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";

/**
 * Asks before something that cannot be taken back. Without a terminal it is refused unless `yes` was given.
 *
 * @throws CliError `usage` where nobody can be asked
 */
export async function confirmed(context: Context, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!context.stdin.isTTY) {
    throw new CliError("usage", "This command asks for confirmation, but there is no terminal.", {
      code: "confirmation_needed",
      hint: "Add --yes to confirm.",
    });
  }
  return /^y(es)?$/i.test((await context.ask(`${question} [y/N] `)).trim());
}
