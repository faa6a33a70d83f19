import { partnerDocument } from "@postrider/contract";
import type { Partner, SigningKey } from "@postrider/engine";
import { absent } from "../absent.ts";
import { type CommandGroup, defineCommand, required } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { endpointState, partnerState, partnerTone } from "../endpoint-state.ts";
import { type Context, type Output, say, sayJson } from "../context.ts";
import { flaggedKeys, optionsOf, partOf } from "../document-flags.ts";
import { exitCodes } from "../exit.ts";
import { readInput } from "../input.ts";
import { tone } from "../render/colour.ts";
import { facts, table } from "../render/table.ts";
import { orDash, plain } from "../render/text.ts";
import { clockTime, fromNow } from "../render/time.ts";
import { partnerOf } from "../settings-files/settings.ts";

const partnerKeys = flaggedKeys(partnerDocument);
const partnerArgument = { name: "partner", summary: "the partner's id" };

const list = defineCommand({
  name: "list",
  summary: "List the partners.",
  isDefault: true,
  options: {
    limit: { kind: "whole", value: "n", summary: "partners per page", fallback: "50" },
    cursor: { kind: "text", value: "cursor", summary: "go on after the page that named this cursor" },
  },
  examples: [{ line: "postrider partners", meaning: "All partners with their limits:" }],
  async run({ context, options, json, api }) {
    const page = await (await api()).listPartners({ limit: options.limit ?? 50, cursor: options.cursor });
    if (json) return sayJson(context.stdout, page);
    if (page.partners.length === 0)
      return say(context.stdout, "No partners yet. Make one: postrider partners put acme --name Acme");
    context.stdout.write(
      table(
        context.stdout,
        [
          { title: "PARTNER", of: (row: Partner) => row.id },
          { title: "NAME", of: (row) => row.name, elastic: true },
          { title: "STATE", of: partnerState, tone: partnerTone },
          { title: "RATE", of: rateOf, align: "right" },
          { title: "BURST", of: burstOf, align: "right" },
          { title: "IN FLIGHT", of: (row) => String(row.max_in_flight), align: "right" },
          { title: "CREATED", of: (row) => fromNow(row.created_at, context.now()) },
        ],
        page.partners,
      ),
    );
    if (page.next_cursor !== undefined)
      say(context.stdout, `More: postrider partners list --cursor ${page.next_cursor}`);
  },
});

function rateOf(partner: Partner): string {
  return partner.rate_per_second === null ? "no limit" : `${partner.rate_per_second}/s`;
}

function burstOf(partner: Partner): string {
  return partner.burst === null && partner.rate_per_second !== null ? "the rate" : orDash(partner.burst);
}

function partnerFacts(output: Output, partner: Partner): string {
  return facts(output, [
    ["partner", partner.id],
    ["name", partner.name],
    ["state", partnerState(partner)],
    ["rate", rateOf(partner)],
    ["burst", burstOf(partner)],
    ["max in flight", String(partner.max_in_flight)],
    ["silent after", orDash(partner.silent_after)],
    ["max backlog", orDash(partner.max_backlog)],
    ["constants", constantsOf(partner)],
    ["created", clockTime(partner.created_at)],
    ["changed", clockTime(partner.updated_at)],
  ]);
}

/** `currency=EUR, network=7`. An older server knows none. */
function constantsOf({ constants = {} }: Partial<Pick<Partner, "constants">>): string {
  const pairs = Object.entries(constants).map(([name, value]) => `${name}=${value}`);
  return orDash(pairs.length === 0 ? null : plain(pairs.join(", ")));
}

const show = defineCommand({
  name: "show",
  summary: "Show a partner with its keys and endpoints.",
  args: [partnerArgument],
  options: {},
  examples: [{ line: "postrider partners show acme", meaning: "One partner:" }],
  async run({ context, args, json, api }) {
    const client = await api();
    const id = required(args, 0);
    const partner = await client.getPartner(id);
    const [{ keys }, { endpoints }] = await Promise.all([client.keys(id), client.listEndpoints(id)]);
    if (json) return sayJson(context.stdout, { ...partner, keys, endpoints });
    const out = context.stdout;
    out.write(partnerFacts(out, partner));
    say(out);
    out.write(
      table(
        out,
        [
          { title: "KEY", of: (key: (typeof keys)[number]) => key.id },
          { title: "SCHEME", of: (key) => key.scheme },
          {
            title: "SIGNS UNTIL",
            of: (key) => (key.retires_at === null ? "newest" : clockTime(key.retires_at)),
          },
          { title: "PUBLIC KEY", of: (key) => orDash(key.public_key) },
        ],
        keys,
      ),
    );
    say(out);
    for (const endpoint of endpoints)
      say(out, plain(`${endpoint.id}: ${endpoint.method} ${endpoint.url} (${endpointState(endpoint)})`));
    if (endpoints.length === 0)
      say(out, `No endpoints. Add one: postrider endpoints put ${id} main https://…`);
  },
});

const put = defineCommand({
  name: "put",
  summary: "Create a partner, or change what the flags name.",
  description:
    "A new partner's signing secret is shown once: keep it, the partner verifies signatures with it.",
  args: [partnerArgument],
  options: {
    name: { kind: "text", value: "name", summary: "the name people read", fallback: "the id" },
    secretFile: {
      kind: "text",
      value: "path",
      summary: "sign a new partner's postbacks with the secret in this file, - for standard input",
    },
    ...optionsOf(partnerKeys),
  },
  examples: [
    {
      line: "postrider partners put acme --name Acme --rate 50",
      meaning: "A partner that takes 50 requests a second:",
    },
    { line: "postrider partners put acme --rate none", meaning: "Lift its limit:" },
    {
      line: "postrider partners put acme --name Acme --secret-file acme.secret",
      meaning: "A partner that keeps the secret it has from another sender:",
    },
    {
      line: "postrider partners put acme --max-backlog 100000",
      meaning: "Refuse what is addressed to it while 100,000 deliveries wait:",
    },
    {
      line: "postrider partners put acme --constant currency=EUR --constant network=7",
      meaning: "Texts that its templates write as {const.currency} and {const.network}:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const client = await api();
    const id = required(args, 0);
    const before = await client.getPartner(id).catch(absent);
    const kept = before === null ? null : partnerOf(before);
    const part = await partOf(partnerKeys, options, { ...kept }, context);
    // A burst that was worked out from the old rate would outlive it.
    if ("rate_per_second" in part) part["burst"] ??= null;
    const document = { ...kept, ...part, name: options.name ?? before?.name ?? id };
    const given = await givenSecret(context, options.secretFile);
    const partner = await client.putPartner(id, { ...document, ...given });
    if (json) return sayJson(context.stdout, partner);
    context.stdout.write(partnerFacts(context.stdout, partner));
    if (partner.signing_secret_given) say(context.stdout, "\nIt signs with the secret given.");
    if (partner.signing_secret !== undefined) saySecret(context.stdout, partner.signing_secret);
  },
});

/** The secret that a file names: never an argument, which others on the machine can read. */
async function givenSecret(context: Context, path: string | undefined): Promise<{ signing_secret?: string }> {
  return path === undefined ? {} : { signing_secret: await readInput.secret(context, path) };
}

function saySecret(output: Output, secret: string): void {
  say(output);
  say(output, `signing secret  ${tone(output, "strong", secret)}`);
  say(output, "Shown this once: give it to the partner and keep it nowhere else.");
}

const pause = defineCommand({
  name: "pause",
  summary: "Stop sending to a partner; its backlog is kept.",
  args: [partnerArgument],
  options: {},
  examples: [{ line: "postrider partners pause acme", meaning: "While acme repairs its side:" }],
  async run({ context, args, json, api }) {
    const partner = await (await api()).pausePartner(required(args, 0));
    if (json) return sayJson(context.stdout, partner);
    say(
      context.stdout,
      `${partner.id} is paused. Nothing is sent and nothing is lost; go on with: postrider partners resume ${partner.id}`,
    );
  },
});

const resume = defineCommand({
  name: "resume",
  summary: "Send to a paused partner again, its backlog first.",
  args: [partnerArgument],
  options: {},
  examples: [{ line: "postrider partners resume acme", meaning: "When acme is back:" }],
  async run({ context, args, json, api }) {
    const partner = await (await api()).resumePartner(required(args, 0));
    if (json) return sayJson(context.stdout, partner);
    say(context.stdout, `${partner.id} is ${partner.state}.`);
  },
});

const rotateSecret = defineCommand({
  name: "rotate-secret",
  summary: "Make a partner's next signing key; the old one signs too until the overlap ends.",
  args: [partnerArgument],
  options: {
    overlap: { kind: "text", value: "duration", summary: "how long both keys sign", fallback: "24h" },
    scheme: {
      kind: "text",
      value: "scheme",
      summary: "v1 is HMAC-SHA256, v1a is ed25519",
      choices: ["v1", "v1a"],
    },
    secretFile: {
      kind: "text",
      value: "path",
      summary: "sign with the secret in this file instead of a new one, - for standard input",
    },
  },
  examples: [
    {
      line: "postrider partners rotate-secret acme --overlap 48h",
      meaning: "Two days for acme to change over:",
    },
    {
      line: "postrider partners rotate-secret acme --secret-file - < acme.secret",
      meaning: "With a secret that acme has already:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const id = required(args, 0);
    const scheme = options.scheme ?? "v1";
    const answer = await (await api()).rotateSecret(id, {
      overlap: options.overlap ?? "24h",
      ...(options.scheme === undefined ? {} : { scheme: options.scheme }),
      ...(await givenSecret(context, options.secretFile)),
    });
    if (json) return sayJson(context.stdout, answer);
    const made = answer.signing_secret_given ? "signs with the secret given" : `has a new ${scheme} key`;
    say(context.stdout, `${id} ${made}. ${olderKeys(answer.keys, scheme)}`);
    for (const key of answer.keys.filter((one) => one.retires_at !== null))
      say(context.stdout, `  ${key.id} (${key.scheme}) until ${clockTime(key.retires_at ?? "")}`);
    if (answer.public_key)
      say(context.stdout, `\npublic key  ${answer.public_key}\nGive it to the partner; it is no secret.`);
    if (answer.signing_secret) saySecret(context.stdout, answer.signing_secret);
  },
});

/** What the rotation means for the keys that were there; it changes nothing for those of the other scheme. */
function olderKeys(keys: readonly SigningKey[], scheme: string): string {
  const other = keys.find((key) => key.scheme !== scheme && key.retires_at === null)?.scheme;
  const kept = other === undefined ? "" : ` Its ${other} key signs as before.`;
  const retiring = keys.some((key) => key.retires_at !== null);
  return `${retiring ? "The older ones sign until their time below." : `No older ${scheme} key signs.`}${kept}`;
}

const remove = defineCommand({
  name: "delete",
  summary: "Delete a partner; its waiting deliveries end as cancelled.",
  args: [partnerArgument],
  options: { yes: { kind: "switch", summary: "do not ask" } },
  examples: [{ line: "postrider partners delete acme --yes", meaning: "From a script:" }],
  async run({ context, args, options, json, api }) {
    const client = await api();
    const id = required(args, 0);
    await client.getPartner(id);
    const { matched } = await client.groups({ state: "pending", partner: id });
    const question = `Delete ${id} with its endpoints and keys? Waiting deliveries that end as cancelled: ${matched}.`;
    if (!(await confirmed(context, question, options.yes))) {
      say(context.stderr, "Nothing was deleted.");
      return exitCodes.failed.code;
    }
    const { cancelling = false } = await client.deletePartner(id);
    if (json) return sayJson(context.stdout, { deleted: id, cancelling });
    say(
      context.stdout,
      `${id} is deleted.${cancelling ? " Its waiting deliveries are being cancelled." : ""}`,
    );
  },
});

export const partners: CommandGroup = {
  name: "partners",
  summary: "Who receives postbacks: limits, keys, pause and resume.",
  commands: [list, show, put, pause, resume, rotateSecret, remove],
};
