/**
 * docs/reference/cli.md, made from the same definitions as parser and help.
 *
 * @packageDocumentation
 */
import { type ArgumentDefinition, type CommandDefinition, flagOf, type OptionDefinition } from "./command.ts";
import { commands } from "./commands/index.ts";
import { exitCodes } from "./exit.ts";
import { commonOptions } from "./program.ts";

/** The reference page as Markdown. */
export function referencePage(): string {
  const exits = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  const sections = commands.map((item) =>
    "commands" in item
      ? [
          `## ${item.name}\n\n${item.summary}`,
          ...defaultNote(item.name, item.commands),
          ...item.commands.map((command) => commandSection(`${item.name} ${command.name}`, command, "###")),
        ].join("\n\n")
      : commandSection(item.name, item, "##"),
  );
  return [
    "# The postrider command",
    "Made from the command definitions by `node apps/cli/scripts/write-reference.ts`; a test holds the two together.",
    "Tables and sentences are for people; `--json` gives scripts one JSON document, or one per line for streams (`deliveries --all`). Progress and errors go to standard error. Colours are used only on a terminal, and not if `NO_COLOR` is set.",
    `## Exit codes\n\n| code | meaning |\n|---|---|\n${exits.join("\n")}`,
    `## Flags of every command\n\n${optionTable(commonOptions)}`,
    ...sections,
  ]
    .join("\n\n")
    .concat("\n");
}

function defaultNote(group: string, items: readonly CommandDefinition[]): string[] {
  const fallback = items.find((item) => item.isDefault);
  return fallback === undefined
    ? []
    : [`\`postrider ${group}\` alone means \`postrider ${group} ${fallback.name}\`.`];
}

function commandSection(path: string, command: CommandDefinition, heading: string): string {
  const args = command.args ?? [];
  const usage = [
    `postrider ${path}`,
    ...args.map(argumentText),
    ...(Object.keys(command.options).length === 0 ? [] : ["[flags]"]),
  ].join(" ");
  const examples = command.examples
    .map(({ line, meaning }) => `# ${meaning.replace(/:$/, "")}\n${line}`)
    .join("\n\n");
  return [
    `${heading} ${path}`,
    command.summary,
    ...(command.description === undefined ? [] : [command.description]),
    `\`\`\`sh\n${usage}\n\`\`\``,
    ...(args.length === 0
      ? []
      : [
          `| argument | meaning |\n|---|---|\n${args.map((item) => `| \`${item.name}\` | ${cell(item.summary)} |`).join("\n")}`,
        ]),
    ...(Object.keys(command.options).length === 0 ? [] : [optionTable(command.options)]),
    `\`\`\`sh\n${examples}\n\`\`\``,
  ].join("\n\n");
}

function argumentText({ name, optional, many }: ArgumentDefinition): string {
  const inner = many ? `${name}...` : name;
  return optional ? `[${inner}]` : `<${inner}>`;
}

function optionTable(options: Readonly<Record<string, OptionDefinition>>): string {
  const rows = Object.entries(options).map(([key, { kind, short, value, summary, choices, fallback }]) => {
    const name = (short === undefined ? "" : `-${short}, `) + flagOf(key);
    const flag = kind === "switch" ? name : `${name} <${value ?? "value"}>`;
    const words = [
      summary,
      ...(choices === undefined ? [] : [`one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`]),
    ].join("; ");
    return `| \`${cell(flag)}\` | ${cell(words)} | ${fallback === undefined ? "" : cell(fallback)} |`;
  });
  return `| flag | meaning | default |\n|---|---|---|\n${rows.join("\n")}`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
