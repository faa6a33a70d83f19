import type { Secret } from "@postrider/contract";
import { type CommandGroup, defineCommand, required } from "../command.ts";
import { type Context, say, sayJson } from "../context.ts";
import { CliError } from "../exit.ts";
import { readInput } from "../input.ts";
import { table } from "../render/table.ts";
import { fromNow } from "../render/time.ts";

const partnerArgument = { name: "partner", summary: "the partner's id" };
const nameArgument = { name: "name", summary: "the secret's name, as templates write it: {secret.name}" };

const list = defineCommand({
  name: "list",
  summary: "List the secrets of a partner: their names, when they were set, and who uses them.",
  args: [partnerArgument],
  options: {},
  examples: [
    { line: "postrider secrets list acme", meaning: "What acme has, and what its endpoints still need:" },
  ],
  async run({ context, args, json, api }) {
    const partner = required(args, 0);
    const found = await (await api()).listSecrets(partner);
    if (json) return sayJson(context.stdout, found);
    if (found.secrets.length === 0)
      return say(context.stdout, `No secrets. Set one: postrider secrets set ${partner} access_token`);
    context.stdout.write(
      table(
        context.stdout,
        [
          { title: "SECRET", of: (row: Secret) => row.name },
          {
            title: "SET",
            of: (row) =>
              row.set_at === null ? "never: nothing is sent" : fromNow(row.set_at, context.now()),
            tone: (row) => (row.set_at === null ? "bad" : null),
          },
          { title: "USED BY", of: (row) => row.endpoints.join(", ") || "nothing", elastic: true },
        ],
        found.secrets,
      ),
    );
  },
});

const set = defineCommand({
  name: "set",
  summary: "Set a secret of a partner; endpoints that waited for it go on.",
  description:
    "The value is typed without being shown, or comes from standard input or a file, and one line end at its end is left out. It is stored encrypted and never shown again. " +
    "Do not write it into the command line: other users of this machine can see that in the process list, and the shell keeps it in its history.",
  args: [
    partnerArgument,
    nameArgument,
    {
      name: "from",
      summary: "@ and the path of a file with the value; - for standard input",
      optional: true,
    },
  ],
  options: {
    value: {
      kind: "text",
      value: "text",
      summary: "the value itself, for tests: other users of this machine can see it in the process list",
    },
  },
  examples: [
    { line: "postrider secrets set acme access_token", meaning: "Asks for the value:" },
    { line: "postrider secrets set acme access_token @token.txt", meaning: "From a file:" },
    { line: "postrider secrets set acme access_token < token.txt", meaning: "From a script:" },
  ],
  async run({ context, args, options, json, api }) {
    const [partner, name] = [required(args, 0), required(args, 1)];
    const value = await valueOf(context, name, args[2], options.value);
    const secret = await (await api()).putSecret(partner, name, { value });
    if (json) return sayJson(context.stdout, secret);
    say(context.stdout, `${partner} has the secret ${name}. Templates write it as {secret.${name}}.`);
    if (secret.endpoints.length > 0) say(context.stdout, `Used by: ${secret.endpoints.join(", ")}.`);
  },
});

/** The value, from where it was said to be. No error repeats it. @throws CliError `usage` */
async function valueOf(
  context: Context,
  name: string,
  from: string | undefined,
  given: string | undefined,
): Promise<string> {
  if (given !== undefined && from !== undefined)
    throw new CliError("usage", "Give the value by --value or from a file, not both.");
  if (given !== undefined) return given;
  if (from === undefined && context.stdin.isTTY) return context.askHidden(`Value of ${name} (not shown): `);
  if (from !== undefined && from !== "-" && !from.startsWith("@"))
    throw new CliError(
      "usage",
      "A value does not belong on the command line: others on this machine could read it.",
      {
        hint: `Type it when asked (postrider secrets set <partner> ${name}), or name a file with @ before its path, or - for standard input.`,
      },
    );
  const path = from === undefined ? "-" : from.replace(/^@/, "");
  return (await readInput.text(context, path)).replace(/\r?\n$/, "");
}

const remove = defineCommand({
  name: "remove",
  summary: "Remove a secret that no endpoint uses.",
  args: [partnerArgument, nameArgument],
  options: {},
  examples: [
    { line: "postrider secrets remove acme access_token", meaning: "When nothing uses it any more:" },
  ],
  async run({ context, args, json, api }) {
    const [partner, name] = [required(args, 0), required(args, 1)];
    await (await api()).deleteSecret(partner, name);
    if (json) return sayJson(context.stdout, { removed: name });
    say(context.stdout, `${partner} has no secret ${name} any more.`);
  },
});

export const secrets: CommandGroup = {
  name: "secrets",
  summary: "What templates write as {secret.name}: set, list, remove. Values are never shown.",
  commands: [list, set, remove],
};
