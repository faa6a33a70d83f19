import type { EndpointVersion } from "@postrider/contract";
import type { ApiClient } from "../api-client.ts";
import { defineCommand, required } from "../command.ts";
import { type Context, say, sayJson } from "../context.ts";
import { CliError } from "../exit.ts";
import { table } from "../render/table.ts";
import { orDash, plain } from "../render/text.ts";
import { clockTime, fromNow } from "../render/time.ts";
import { tone } from "../render/colour.ts";
import { differences } from "../settings-files/plan.ts";
import { keyLine, withoutCredentials } from "../settings-files/plan-text.ts";

const partnerArgument = { name: "partner", summary: "the partner's id" };
const endpointArgument = { name: "endpoint", summary: "the endpoint's id" };

/** @throws CliError `usage` */
function versionIn(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliError("usage", `"${text}" is not the number of a version.`, {
    hint: "List them: postrider endpoints versions <partner> <endpoint>.",
  });
}

/** `postrider endpoints versions` */
export const versions = defineCommand({
  name: "versions",
  summary: "List the versions of an endpoint's document, show one, or compare two.",
  description:
    "Each change makes a version. A version is kept as long as an attempt that used it, and the newest 20 in any case.",
  args: [
    partnerArgument,
    endpointArgument,
    {
      name: "version",
      summary: "show the document of this version; with --diff: compare with this one, not with the newest",
      optional: true,
    },
  ],
  options: {
    diff: { kind: "whole", value: "version", summary: "show what changed since this version" },
    limit: { kind: "whole", value: "n", summary: "versions per page", fallback: "50" },
    cursor: { kind: "text", value: "cursor", summary: "continue after the page that named this cursor" },
  },
  examples: [
    { line: "postrider endpoints versions acme main", meaning: "Who changed it, and when:" },
    { line: "postrider endpoints versions acme main --diff 3 5", meaning: "What changed from 3 to 5:" },
    { line: "postrider endpoints versions acme main 3 --json", meaning: "The document of version 3:" },
  ],
  async run({ context, args, options, json, api }) {
    const client = await api();
    const of = [required(args, 0), required(args, 1)] as const;
    const named = args[2] === undefined ? undefined : versionIn(args[2]);
    if (options.diff !== undefined) {
      const from = await client.endpointVersion(...of, options.diff);
      const to = await client.endpointVersion(...of, named ?? (await newest(client, of)));
      return writeDiff(context, from, to, json);
    }
    if (named !== undefined) {
      const { document } = await client.endpointVersion(...of, named);
      return json
        ? sayJson(context.stdout, document)
        : say(context.stdout, JSON.stringify(document, null, 2));
    }
    const page = await client.endpointVersions(...of, { limit: options.limit, cursor: options.cursor });
    if (json) return sayJson(context.stdout, page);
    context.stdout.write(
      table(
        context.stdout,
        [
          {
            title: "VERSION",
            of: (row: (typeof page.versions)[number]) => String(row.version),
            align: "right",
          },
          { title: "AT", of: ({ at }) => `${clockTime(at)}, ${fromNow(at, context.now())}` },
          { title: "BY", of: ({ by }) => orDash(by) },
        ],
        page.versions,
      ),
    );
    if (page.next_cursor !== undefined)
      say(context.stdout, `There are more: add --cursor ${page.next_cursor}.`);
  },
});

async function newest(client: ApiClient, of: readonly [string, string]): Promise<number> {
  const { versions } = await client.endpointVersions(...of, { limit: 1 });
  return versions[0]?.version ?? 1;
}

function writeDiff(context: Context, from: EndpointVersion, to: EndpointVersion, json: boolean): void {
  const out = context.stdout;
  const changes = differences(from.document, to.document);
  if (json)
    return sayJson(out, { from: from.version, to: to.version, changes: changes.map(withoutCredentials) });
  const between = `${to.partner}/${to.endpoint}, version ${from.version} to ${to.version}`;
  if (changes.length === 0) return say(out, `${between}: the documents are the same.`);
  say(out, `${between}:`);
  for (const change of changes) say(out, `    ${keyLine(out, change)}`);
}

/** `postrider endpoints restore` */
export const restore = defineCommand({
  name: "restore",
  summary: "Put back the document of an older version, as a new version.",
  description: "The document is checked as with `put`. It applies from the next turn on, also to what waits.",
  args: [partnerArgument, endpointArgument, { name: "version", summary: "the version to put back" }],
  options: {},
  examples: [
    {
      line: "postrider endpoints restore acme main 3",
      meaning: "The last change was a mistake; 3 was good:",
    },
  ],
  async run({ context, args, json, api }) {
    const version = versionIn(required(args, 2));
    const endpoint = await (await api()).restoreEndpoint(required(args, 0), required(args, 1), version);
    for (const { message } of endpoint.warnings ?? [])
      say(context.stderr, tone(context.stderr, "warning", plain(`Warning: ${message}`)));
    if (json) return sayJson(context.stdout, endpoint);
    say(
      context.stdout,
      `${endpoint.partner}/${endpoint.id} is as it was in version ${version}. This is version ${endpoint.version}.`,
    );
  },
});
