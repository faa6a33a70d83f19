import { randomBytes } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { generateSecret } from "@postrider/protocol";
import { defineCommand, type Invocation, required } from "../command.ts";
import { say, sayJson } from "../context.ts";
import { CliError } from "../exit.ts";
import { readInput } from "../input.ts";
import {
  defaultSample,
  fromCatalogue,
  fromEvent,
  isSubscribed,
  type SampleEvent,
} from "../partner-pack/samples.ts";

const flags = {
  out: {
    kind: "text",
    value: "folder",
    summary: "the folder to write; it is made if it does not exist",
    fallback: "./<partner>-postbacks",
  },
  catalogue: {
    kind: "text",
    value: "file",
    summary:
      "the event catalogue in JSON Schema, as catalogueJsonSchema() of the sender SDK writes it: a sample per type and version",
  },
  sample: {
    kind: "list",
    value: "file",
    summary: "an event to show, with type, schema_version and data; may be repeated",
  },
  force: { kind: "switch", summary: "write into a folder that is not empty" },
} as const;

export const partnerPack = defineCommand({
  name: "partner-pack",
  summary: "Write a folder to give to a partner: what is sent, how to verify it, how to test it.",
  description:
    "Markdown and HTML of the same page, sample bodies, and verification code in eight languages. It holds no secret of " +
    "the partner: examples are signed with a test secret made for the folder. Header values and URL parameters that look " +
    "like credentials are left out; read the page before you send it.",
  args: [{ name: "partner", summary: "the partner's id" }],
  options: flags,
  examples: [
    { line: "postrider partner-pack acme --out acme-pack", meaning: "For the partner acme:" },
    {
      line: "postrider partner-pack acme --catalogue catalogue.json",
      meaning: "With a sample for every event type it is subscribed to:",
    },
  ],
  async run(invocation) {
    const { context, args, options, json, api } = invocation;
    const client = await api();
    const id = required(args, 0);
    const partner = await client.getPartner(id);
    const [{ keys }, { endpoints }] = await Promise.all([client.keys(id), client.listEndpoints(id)]);
    const folder = resolve(context.cwd, options.out ?? `${id}-postbacks`);
    const samples = await samplesFor(
      invocation,
      endpoints.flatMap(({ events }) => events),
    );
    await prepareFolder(folder, options.force);
    // Loaded here: the engine is much more than other commands need.
    const { packFiles } = await import("../partner-pack/pack.ts");
    const files = await packFiles({
      partner,
      endpoints,
      keys,
      samples,
      testSecret: generateSecret(randomBytes).reveal().text,
      madeAt: new Date(context.now()).toISOString(),
    });
    for (const { path, text, executable } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text, { mode: executable ? 0o755 : 0o644 });
    }
    if (json) return sayJson(context.stdout, { folder, files: files.map(({ path }) => path) });
    say(context.stdout, `${files.length} files for ${id} in ${folder}`);
    say(
      context.stdout,
      "Read README.md, then give the folder to the partner. The partner's own secret is not in it.",
    );
  },
});

/** Of a catalogue only what the partner is subscribed to: its pack is not the place for other partners' events. */
async function samplesFor(
  { context, options }: Invocation<typeof flags>,
  patterns: readonly string[],
): Promise<SampleEvent[]> {
  const found: SampleEvent[] = [];
  if (options.catalogue !== undefined) {
    const all = fromCatalogue(await readInput.json(context, options.catalogue));
    found.push(...all.filter(({ type }) => patterns.length === 0 || isSubscribed(patterns, type)));
  }
  for (const path of options.sample) found.push(fromEvent(await readInput.json(context, path)));
  return found.length === 0 ? [defaultSample] : found;
}

async function prepareFolder(folder: string, force: boolean): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    if (force || (await readdir(folder)).length === 0) return;
  } catch (error) {
    throw new CliError("usage", `${folder} cannot be written: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  throw new CliError("usage", `${folder} is not empty.`, {
    hint: "Name another folder with --out, or add --force.",
  });
}
