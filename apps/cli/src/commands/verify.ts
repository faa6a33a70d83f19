import { defineCommand, type Invocation } from "../command.ts";
import { type Output, say, sayJson } from "../context.ts";
import { CliError, exitCodes } from "../exit.ts";
import { readInput } from "../input.ts";
import { tone } from "../render/colour.ts";
import { plain } from "../render/text.ts";
import { parseHeaderText } from "../verification/header-text.ts";
import {
  type LabelledSecret,
  readKnownSecrets,
  readSecrets,
  secretOptions,
} from "../verification/secrets.ts";
import { momentOf, type Verdict, verdictOn } from "../verification/verdict.ts";

const flags = {
  body: { kind: "text", value: "file", summary: "the body's bytes as received; - is standard input" },
  headers: {
    kind: "text",
    value: "file",
    summary: "the headers: `name: value` lines or JSON; - is standard input",
  },
  ...secretOptions,
  partner: {
    kind: "list",
    value: "id",
    summary: "use the public keys (v1a) that the server knows of this partner; it never shows whsec_ secrets",
  },
  knownSecrets: {
    kind: "text",
    value: "file",
    summary: "other secrets of yours, one `label=whsec_…` per line: says which one was used instead",
  },
  at: {
    kind: "text",
    value: "time",
    summary: "when it arrived, e.g. 2026-01-31T10:00:00Z; `signed` trusts the webhook-timestamp",
    fallback: "now",
  },
  tolerance: { kind: "whole", value: "seconds", summary: "how old it may be", fallback: "300" },
  headerPrefix: {
    kind: "text",
    value: "prefix",
    summary: "spelling of the headers",
    choices: ["webhook-", "svix-"],
    fallback: "webhook-",
  },
} as const;

export const verify = defineCommand({
  name: "verify",
  summary: "Verify a received request, and say what went wrong with it.",
  description:
    "Works on this machine only and sends nothing (except that --partner asks the server for public keys). Save the body " +
    "before any parser changes it: `--data-binary`, not copy and paste. Never shows a secret or the signature that was " +
    "expected. Exit code 1 if the request is not valid.",
  options: flags,
  examples: [
    {
      line: "postrider verify --body body.bin --headers headers.txt --secret-file secret.txt --at signed",
      meaning: "Why did this captured request not verify?",
    },
    {
      line: "POSTBACK_SECRET=$(cat secret.txt) postrider verify --body - --headers headers.txt < body.bin",
      meaning: "With the secret from the environment:",
    },
  ],
  async run(invocation) {
    const { context, options, json } = invocation;
    const { body: bodyPath, headers: headersPath } = options;
    if (bodyPath === undefined || headersPath === undefined)
      throw new CliError("usage", "Give --body and --headers.", { hint: "postrider verify --help" });
    if (bodyPath === "-" && headersPath === "-")
      throw new CliError("usage", "Only one of --body and --headers can be standard input.");
    const secrets = await secretsFor(invocation);
    const headers = parseHeaderText(await textOf(readInput.bytes(context, headersPath)));
    const headerPrefix = options.headerPrefix === "svix-" ? "svix-" : "webhook-";
    const verdict = await verdictOn({
      body: await bytesOf(readInput.bytes(context, bodyPath)),
      headers,
      secrets,
      knownSecrets:
        options.knownSecrets === undefined ? {} : await readKnownSecrets(context, options.knownSecrets),
      now: momentOf(options.at, context.now(), headers, headerPrefix),
      toleranceSeconds: options.tolerance ?? 300,
      headerPrefix,
    });
    if (json) sayJson(context.stdout, verdict);
    else write(context.stdout, verdict, options.at === undefined);
    return verdict.valid ? exitCodes.ok.code : exitCodes.failed.code;
  },
});

async function secretsFor(invocation: Invocation<typeof flags>): Promise<LabelledSecret[]> {
  const { context, options, api } = invocation;
  const secrets: LabelledSecret[] = await readSecrets(context, options);
  for (const id of options.partner) {
    const { keys } = await (await api()).keys(id);
    for (const key of keys)
      if (key.public_key !== null) secrets.push({ label: `${id}'s key ${key.id}`, text: key.public_key });
  }
  if (secrets.length > 0) return secrets;
  if (options.partner.length > 0) {
    throw new CliError("usage", `The server knows no public key of ${options.partner.join(", ")}.`, {
      hint: "v1 is verified with the whsec_ shown when the partner was made: give it by --secret-file.",
    });
  }
  throw new CliError("usage", "There is no secret to verify with.", {
    hint: "Give --secret-file, set POSTBACK_SECRET, or name a --partner whose signatures are v1a.",
  });
}

function write(out: Output, verdict: Verdict, isNow: boolean): void {
  if (verdict.valid) {
    say(
      out,
      `${tone(out, "good", "valid")}  ${plain(verdict.id)}, signed ${verdict.signed_at} (${verdict.scheme})`,
    );
    say(out, `       with ${plain(verdict.secret)}`);
    return;
  }
  say(out, tone(out, "bad", "not valid"));
  for (const { cause, message } of verdict.findings) {
    say(out, `  ${tone(out, "strong", cause)}`);
    say(out, `    ${plain(message)}`);
  }
  if (isNow && verdict.findings.some(({ cause }) => cause === "clock_off"))
    say(out, "If the request was captured earlier, give its time of arrival: --at <time>, or --at signed.");
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Bytes that are not text are replaced: a captured header of the partner's may hold some, and none of ours does. */
async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.from(await bytesOf(chunks)).toString("utf8");
}
