import type { OptionDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { CliError } from "../exit.ts";
import { readInput } from "../input.ts";

/** A secret's text, and what to call it where it may not be shown. */
export interface LabelledSecret {
  readonly label: string;
  readonly text: string;
}

/** The variable that receivers keep their secret in, too. */
export const secretVariable = "POSTBACK_SECRET";

/** Flags of commands that need a signing secret. */
export const secretOptions = {
  secretFile: {
    kind: "list",
    value: "file",
    summary: "read secrets from a file, one per line; may be repeated",
    fallback: `${secretVariable}, comma-separated`,
  },
  secret: {
    kind: "list",
    value: "whsec_…",
    summary: "a secret; other users of this machine can see it in the process list, so prefer the two above",
  },
} as const satisfies Record<string, OptionDefinition>;

/**
 * The secrets of files and flags, else of the environment.
 *
 * @throws CliError `usage` where a file cannot be read
 */
export async function readSecrets(
  context: Pick<Context, "cwd" | "stdin" | "env">,
  flags: { readonly secret: readonly string[]; readonly secretFile: readonly string[] },
): Promise<LabelledSecret[]> {
  const found: LabelledSecret[] = flags.secret.map((text, index) => ({
    label: flags.secret.length === 1 ? "--secret" : `--secret number ${index + 1}`,
    text,
  }));
  for (const path of flags.secretFile) {
    for (const [index, text] of (await readLines(context, path)).entries())
      found.push({ label: `${path}, secret ${index + 1}`, text });
  }
  if (found.length > 0) return found;
  const texts = (context.env[secretVariable] ?? "").split(",").filter((text) => text.trim() !== "");
  return texts.map((text, index) => ({
    label: texts.length === 1 ? secretVariable : `${secretVariable}, secret ${index + 1}`,
    text: text.trim(),
  }));
}

/** Further secrets by a label of one's own: `label=whsec_…` lines, or a JSON object. @throws CliError `usage` */
export async function readKnownSecrets(
  context: Pick<Context, "cwd" | "stdin">,
  path: string,
): Promise<Record<string, string>> {
  const lines = await readLines(context, path);
  if (lines[0]?.startsWith("{")) {
    const document = await readInput.json(context, path);
    if (Object.values(document).every((value) => typeof value === "string"))
      return document as Record<string, string>;
    throw malformed(path);
  }
  return Object.fromEntries(
    lines.map((line) => {
      // A bare secret would become a label by its padding, and labels are shown.
      const [, label, text] = /^(?!wh(?:sec|sk|pk)_)([^=]+)=(.+)$/.exec(line) ?? [];
      if (label === undefined || text === undefined) throw malformed(path);
      return [label.trim(), text.trim()];
    }),
  );
}

function malformed(path: string): CliError {
  return new CliError("usage", `${path} does not hold labelled secrets.`, {
    hint: 'Write staging=whsec_… lines, or {"staging": "whsec_…"}.',
  });
}

async function readLines(context: Pick<Context, "cwd" | "stdin">, path: string): Promise<string[]> {
  const lines: string[] = [];
  for (const line of (await readInput.text(context, path)).split("\n")) {
    const text = line.trim();
    if (text !== "" && !text.startsWith("#")) lines.push(text);
  }
  return lines;
}
