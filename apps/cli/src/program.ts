import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type ApiClient, asCliError, createApiClient } from "./api-client.ts";
import { type CommandDefinition, type CommandGroup, flagOf, type OptionDefinition } from "./command.ts";
import { commands } from "./commands/index.ts";
import { type Context, say, sayJson } from "./context.ts";
import { CliError, exitCodes } from "./exit.ts";
import { tone } from "./render/colour.ts";
import { plain } from "./render/text.ts";
import { clientSettings } from "./settings.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** Flags that every command takes. */
export const commonOptions = {
  url: {
    kind: "text",
    value: "url",
    summary: "the server's address",
    fallback: "POSTRIDER_URL, else http://127.0.0.1:4400",
  },
  apiKey: {
    kind: "text",
    value: "key",
    summary: "the API key",
    fallback: "POSTRIDER_API_KEY, else the key in the data folder",
  },
  json: { kind: "switch", summary: "answer in JSON instead of tables and sentences" },
} as const satisfies Record<string, OptionDefinition>;

type Run = (definition: CommandDefinition, command: Command) => Promise<void>;

/**
 * Runs one command line and answers its exit code. It never throws: errors are written to stderr, under `--json` as
 * `{ "error": { "code", "message", "hint"? } }`.
 *
 * @param argv the words after `postrider`
 */
export async function runProgram(context: Context, argv: readonly string[]): Promise<number> {
  let code: number = exitCodes.ok.code;
  const program = buildProgram(context, async (definition, command) => {
    code = (await definition.run(invocation(context, definition, command))) ?? exitCodes.ok.code;
  });
  try {
    await program.parseAsync(withDefaultCommand(argv), { from: "user" });
    return code;
  } catch (error) {
    return report(context, error, argv.includes("--json"));
  }
}

/** `partners --json` means `partners list --json`: a group called alone runs its default command. */
function withDefaultCommand(argv: readonly string[]): string[] {
  let index = 0;
  while (argv[index]?.startsWith("-"))
    index += argv[index] === "--url" || argv[index] === "--api-key" ? 2 : 1;
  const group = commands.find((item) => item.name === argv[index] && "commands" in item);
  const next = argv[index + 1];
  const fallback =
    group !== undefined && "commands" in group ? group.commands.find((item) => item.isDefault) : undefined;
  const alone = next === undefined || (next.startsWith("-") && next !== "--help" && next !== "-h");
  if (fallback === undefined || !alone) return [...argv];
  return [...argv.slice(0, index + 1), fallback.name, ...argv.slice(index + 1)];
}

function buildProgram(context: Context, run: Run): Command {
  const program = configure(new Command("postrider"), context)
    .description(
      "Postrider delivers postbacks to partners: signed, retried durably, limited exactly, explained.",
    )
    .version(version, "--version", "show the version");
  for (const [key, option] of Object.entries(commonOptions)) program.addOption(toOption(key, option));
  program.helpCommand(false);
  for (const item of commands) {
    if ("commands" in item) addGroup(program, item, run);
    else addCommand(program, item, run);
  }
  return program.addHelpText("after", `\n${startHere}\n${exitCodeHelp()}`);
}

const startHere = `Start here:
  postrider start --sandbox                       a server, and a fake partner to try it on
  postrider send order.paid --data '{"total":7}'  accept an event
  postrider explain <event_id>                    what became of it, in words
  postrider endpoints import --help               make an endpoint of the URL on a partner's page
`;

function exitCodeHelp(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return `Exit codes:\n${rows.join("\n")}`;
}

/** Makes commander write to the context, and throw instead of leaving the process. Subcommands inherit it. */
function configure(command: Command, context: Context): Command {
  return command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => (context.stdout.isTTY ? context.stdout.columns : 100),
      getErrHelpWidth: () => (context.stderr.isTTY ? context.stderr.columns : 100),
      getOutHasColors: () => context.stdout.colour,
      getErrHasColors: () => context.stderr.colour,
      outputError: (text, write) => write(tone(context.stderr, "bad", text)),
    });
}

function addGroup(program: Command, group: CommandGroup, run: Run): void {
  const fallback = group.commands.find((item) => item.isDefault);
  const parent = program
    .command(group.name)
    .helpCommand(false)
    .description(group.summary)
    .addHelpText(
      "after",
      fallback === undefined
        ? ""
        : `\n\`postrider ${group.name}\` alone means \`${group.name} ${fallback.name}\`.`,
    )
    .addHelpText("after", examplesHelp(group.commands.flatMap(({ examples }) => examples.slice(0, 1))));
  for (const item of group.commands) addCommand(parent, item, run);
}

function addCommand(parent: Command, definition: CommandDefinition, run: Run): void {
  const command = parent
    .command(definition.name)
    .summary(definition.summary)
    .description(
      definition.description === undefined
        ? definition.summary
        : `${definition.summary}\n\n${definition.description}`,
    );
  for (const { name, summary, optional, many } of definition.args ?? []) {
    const inner = many ? `${name}...` : name;
    command.argument(optional ? `[${inner}]` : `<${inner}>`, summary);
  }
  for (const [key, option] of Object.entries(definition.options)) command.addOption(toOption(key, option));
  command.addHelpText("after", examplesHelp(definition.examples));
  command.action(async () => run(definition, command));
}

function examplesHelp(examples: CommandDefinition["examples"]): string {
  const texts = examples.map(({ line, meaning }) => `  ${meaning}\n    $ ${line}`);
  return `\nExamples:\n${texts.join("\n")}`;
}

function toOption(key: string, definition: OptionDefinition): Option {
  const value = definition.kind === "switch" ? "" : ` <${definition.value ?? "value"}>`;
  const fallback = definition.fallback === undefined ? "" : ` (default: ${definition.fallback})`;
  const short = definition.short === undefined ? "" : `-${definition.short}, `;
  const option = new Option(short + flagOf(key) + value, definition.summary + fallback);
  if (definition.choices !== undefined) return option.choices(definition.choices);
  if (definition.kind === "list")
    return option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
  if (definition.kind === "whole")
    return option.argParser((text: string) => parseNumber(text, Number.isSafeInteger, "a whole number"));
  if (definition.kind === "number")
    return option.argParser((text: string) => parseNumber(text, Number.isFinite, "a number"));
  return option;
}

function parseNumber(text: string, allowed: (value: number) => boolean, what: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!allowed(value) || value < 0) throw new InvalidArgumentError(`It must be ${what}, not negative.`);
  return value;
}

function invocation(context: Context, definition: CommandDefinition, command: Command) {
  const all = command.optsWithGlobals<Record<string, unknown>>();
  const options: Record<string, unknown> = {};
  for (const [key, { kind }] of Object.entries(definition.options)) {
    options[key] = all[key] ?? (kind === "switch" ? false : kind === "list" ? [] : undefined);
  }
  const given = {
    ...(typeof all["url"] === "string" ? { url: all["url"] } : {}),
    ...(typeof all["apiKey"] === "string" ? { apiKey: all["apiKey"] } : {}),
  };
  let made: Promise<ApiClient> | null = null;
  const connect = async () => {
    const { url, apiKey } = await clientSettings(context, given);
    return createApiClient({ url, apiKey, signal: context.signal });
  };
  return {
    context,
    args: command.args,
    options: options as never,
    json: all["json"] === true,
    given,
    api: () => (made ??= connect()),
  };
}

/** Writes an error and answers its exit code. */
function report(context: Context, thrown: unknown, json: boolean): number {
  if (thrown instanceof CommanderError)
    return thrown.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
  const known = thrown instanceof CliError ? thrown : asCliError(thrown, context.signal);
  if (!(known instanceof CliError)) {
    say(context.stderr, tone(context.stderr, "bad", "This is a fault in the postrider command itself:"));
    say(context.stderr, known instanceof Error ? (known.stack ?? known.message) : String(known));
    return exitCodes.failed.code;
  }
  if (json) sayJson(context.stderr, { error: known });
  else {
    say(context.stderr, tone(context.stderr, "bad", `error: ${plain(known.message)}`));
    for (const { path, message, position } of known.issues) {
      // The API's message holds the first issue already, but not always its place.
      const isSaid = known.message.includes(message);
      if (isSaid && !position) continue;
      const place = `${path}${position === undefined ? "" : `, character ${position}`}`;
      say(context.stderr, plain(isSaid ? `  at ${place}` : `  ${place}: ${message}`));
    }
    if (known.hint !== undefined) say(context.stderr, plain(known.hint));
  }
  return exitCodes[known.exit].code;
}
