import { importSyntaxes, importTemplate, type ImportedTemplate, type ImportSyntax } from "@postrider/engine";
import { absent } from "../absent.ts";
import { defineCommand, required } from "../command.ts";
import { type Output, say, sayJson } from "../context.ts";
import { endpointOptions, endpointToPut } from "../endpoint-document.ts";
import { CliError, exitCodes } from "../exit.ts";
import { readInput } from "../input.ts";
import { tone } from "../render/colour.ts";
import { plain } from "../render/text.ts";
import { whyNotStored, writeReport } from "./report.ts";

/** `--map NAME=path` as a record. @throws CliError `usage` */
function pairsOf(flag: string, values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    values.map((value) => {
      const equals = value.indexOf("=");
      if (equals < 1)
        throw new CliError("usage", `${flag} "${value}" has no name and "=".`, {
          hint: `Like this: ${flag} CLICK_ID=${flag === "--map" ? "data.click_id" : "4711"}`,
        });
      return [value.slice(0, equals), value.slice(equals + 1)];
    }),
  );
}

/** @throws CliError `usage` for a name that is not in the text: most likely mistyped */
function refuseUnused({ unused, mapped, guessed, left }: ImportedTemplate): void {
  const [first] = unused;
  if (first === undefined) return;
  const names = [...new Set([...mapped, ...guessed, ...left].map(({ name }) => name))];
  throw new CliError("usage", `Nothing is called ${first} in the text.`, {
    hint:
      names.length === 0 ? "No macro of another platform was found in it." : `Found: ${names.join(", ")}.`,
  });
}

/** `postrider endpoints import`. */
export const importCommand = defineCommand({
  name: "import",
  summary: "Translate a URL with another platform's macros, and store it.",
  description:
    "Reads the URL from a partner's page or message: its macros become Postrider's, by their names. The report says what was mapped, " +
    "guessed and left. Nothing is stored while a macro is left, or guessed without --accept-guesses. A new endpoint is a GET, unless --method says another.",
  args: [
    { name: "partner", summary: "the partner's id" },
    { name: "endpoint", summary: "the endpoint's id" },
    { name: "template", summary: "the URL as it was given, in single quotes; - for standard input" },
  ],
  options: {
    syntax: {
      kind: "text",
      value: "name",
      summary: "the syntax of its macros",
      choices: importSyntaxes,
      fallback: "auto",
    },
    map: {
      kind: "list",
      value: "name=macro",
      summary: "what a macro stands for, such as CLICK_ID=data.click_id!; several times",
    },
    fill: { kind: "list", value: "name=text", summary: "a text to write in its place; several times" },
    acceptGuesses: { kind: "switch", summary: "store what was guessed too" },
    dryRun: { kind: "switch", summary: "report, and store nothing; no server is needed" },
    ...endpointOptions,
  },
  examples: [
    {
      line: "postrider endpoints import acme main 'https://t.example/pb?cid=[CLICK_ID]&amp;sum=[PAYOUT]' --dry-run",
      meaning: "What would become of a URL from acme's page:",
    },
    {
      line: "postrider endpoints import acme main 'https://t.example/pb?cid=#s2#&key=YOUR_KEY' --map s2=data.click_id --map YOUR_KEY=secret.key",
      meaning: "With what only you know:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const [partner, id, source] = [required(args, 0), required(args, 1), required(args, 2)];
    const text = source === "-" ? await readInput.text(context, source) : source;
    const given: Readonly<Record<string, unknown>> = options;
    const imported = importTemplate(text, {
      syntax: (options.syntax ?? "auto") as ImportSyntax,
      map: pairsOf("--map", options.map),
      fill: pairsOf("--fill", options.fill),
      fanOut: given["fanOut"] !== undefined && given["fanOut"] !== "none",
    });
    refuseUnused(imported);
    const obstacle = whyNotStored(imported, options.acceptGuesses);
    const out = context.stdout;
    if (!json) writeReport(out, text, imported);
    if (obstacle !== null || options.dryRun) {
      const document = options.dryRun
        ? await endpointToPut(context, imported.url, options, newEndpoint)
        : null;
      if (json) sayJson(out, { ...imported, stored: false, obstacle, document });
      else {
        if (document !== null) sayLines(out, JSON.stringify(document, null, 2));
        sayLines(out, obstacle ?? "A dry run: nothing was stored. Without --dry-run it would be.");
      }
      return obstacle === null ? exitCodes.ok.code : exitCodes.failed.code;
    }
    const client = await api();
    const base = (await client.getEndpoint(partner, id).catch(absent)) ?? newEndpoint;
    const endpoint = await client.putEndpoint(
      partner,
      id,
      await endpointToPut(context, imported.url, options, base),
    );
    for (const { message } of endpoint.warnings ?? [])
      say(context.stderr, tone(context.stderr, "warning", plain(`Warning: ${message}`)));
    if (json) return sayJson(out, { ...imported, stored: true, obstacle: null, document: endpoint });
    say(
      out,
      `Stored as ${partner}/${id}, version ${endpoint.version}. Try it: postrider endpoints test ${partner} ${id}`,
    );
  },
});

/** Text of somebody else, whose lines are ours. */
function sayLines(out: Output, text: string): void {
  for (const line of text.split("\n")) say(out, plain(line));
}

/** Partners' pages describe GET requests, if they do not say otherwise. */
const newEndpoint = { method: "GET" };
