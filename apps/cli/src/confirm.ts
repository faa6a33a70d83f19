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
    throw new CliError("usage", "This asks for confirmation, and there is no terminal to ask on.", {
      code: "confirmation_needed",
      hint: "Add --yes to go ahead without being asked.",
    });
  }
  return /^y(es)?$/i.test((await context.ask(`${question} [y/N] `)).trim());
}
