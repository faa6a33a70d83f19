import { isObject } from "@postrider/contract";
import { parseExactJson } from "@postrider/contract/exact-json";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";
import { readInput } from "./input.ts";

/**
 * The JSON document that a flag gives, as text or as `@file` (`@-` for standard input). Its numbers keep their digits.
 *
 * @throws CliError `usage`
 * @example await readJsonArgument(context, "--event", "@event.json")
 */
export async function readJsonArgument(
  context: Pick<Context, "cwd" | "stdin">,
  flag: string,
  text: string,
): Promise<object> {
  if (text.startsWith("@")) return readInput.json(context, text.slice(1));
  try {
    const document = parseExactJson(text);
    if (isObject(document)) return document;
  } catch {}
  throw new CliError("usage", `${flag} is not a JSON document.`, {
    hint: `Give an object in quotes for the shell, or a file: ${flag} @file.json.`,
  });
}
