import { randomBytes } from "node:crypto";
import { generateSecret, isProtocolError, parseSecret, type Secret } from "@postrider/protocol";
import { defineCommand, type Invocation, required } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { say, sayJson } from "../context.ts";
import { CliError, exitCodes } from "../exit.ts";
import type { Sample } from "../conformance/check.ts";
import { createExchange } from "../conformance/exchange.ts";
import { createProbe } from "../conformance/probe.ts";
import { sayResult, saySummary } from "../conformance/report.ts";
import { runChecks } from "../conformance/run.ts";
import { readInput } from "../input.ts";
import { isLoopback } from "../settings.ts";
import { readSecrets, secretOptions } from "../verification/secrets.ts";

const flags = {
  ...secretOptions,
  method: {
    kind: "text",
    value: "method",
    summary: "how",
    choices: ["POST", "PUT", "GET"],
    fallback: "POST",
  },
  type: { kind: "text", value: "type", summary: "the event type to send", fallback: "postrider.test" },
  schemaVersion: { kind: "whole", value: "n", summary: "its version", fallback: "1" },
  sample: { kind: "text", value: "file", summary: "its data, a JSON object; - is standard input" },
  timeout: { kind: "whole", value: "seconds", summary: "the longest wait for one answer", fallback: "10" },
  yes: { kind: "switch", summary: "do not ask before sending to another machine" },
} as const;

const defaultSample =
  '{"test":true,"click_id":"test-click","transaction_id":"test-transaction","payout":"0.00","currency":"USD","status":"test"}';

export const conformance = defineCommand({
  name: "conformance",
  summary: "Test a partner's endpoint: what it accepts, what it refuses, and what to correct.",
  description:
    "Sends about 40 requests to the URL, as the dispatcher would: valid, stale, tampered, repeated, simultaneous, unordered, " +
    "large, slow, and all flagged `webhook-test: 1`. Valid ones are real messages to the partner's code: use a test " +
    "environment, or tell the partner before. The command asks before it sends to another machine. `must` means that events " +
    "can be lost, doubled or forged if the check fails. Exit code 1 if a `must` check fails, 3 if nothing answers.",
  args: [{ name: "endpoint", summary: "the URL to try" }],
  options: flags,
  examples: [
    {
      line: "postrider conformance http://127.0.0.1:3000/postbacks --secret-file secret.txt",
      meaning: "An endpoint under development:",
    },
    {
      line: "postrider conformance https://acme.example/pb --secret-file secret.txt --type conversion.approved --sample data.json --yes --json",
      meaning: "From a script, with data that the partner understands:",
    },
  ],
  async run(invocation) {
    const { context, args, options, json } = invocation;
    const url = parseUrl(required(args, 0));
    const secrets = await signingSecrets(invocation);
    const sample = await readSample(invocation);
    const question = `Send about 40 test messages to ${url.host}?`;
    if (!isLoopback(url.href) && !(await confirmed(context, question, options.yes))) {
      say(context.stderr, "Nothing was sent.");
      return exitCodes.failed.code;
    }
    // Loaded here: the engine is much more than other commands need.
    const { defaultUserAgent } = await import("@postrider/engine");
    const method = options.method ?? "POST";
    const exchange = createExchange(url, method, (options.timeout ?? 10) * 1000, context.signal);
    const probe = createProbe({
      exchange,
      secrets,
      strangerSecret: generateSecret(randomBytes),
      sample,
      method,
      userAgent: defaultUserAgent,
      runId: randomBytes(6).toString("hex"),
      now: context.now,
      sleep: (ms) => context.sleep(ms, context.signal),
    });
    const report = await runChecks({ url: url.href, method }, probe, (result) => {
      if (!json) sayResult(context.stdout, result);
    });
    if ("unreachable" in report)
      throw new CliError("unreachable", `Nothing answers at ${url.host}: ${report.unreachable}.`);
    if (json) sayJson(context.stdout, report);
    else saySummary(context.stdout, report);
    return report.ok ? exitCodes.ok.code : exitCodes.failed.code;
  },
});

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new CliError("usage", `${text} is not an http or https URL.`);
}

async function signingSecrets({ context, options }: Invocation<typeof flags>): Promise<Secret[]> {
  const labelled = await readSecrets(context, options);
  if (labelled.length === 0) {
    throw new CliError("usage", "There is no secret to sign with.", {
      hint: "Give the endpoint's whsec_ by --secret-file, or set POSTBACK_SECRET.",
    });
  }
  return labelled.map(({ label, text }) => {
    try {
      const secret = parseSecret(text);
      if (secret.kind !== "whpk") return secret;
    } catch (error) {
      if (isProtocolError(error)) throw new CliError("usage", `${label}: ${error.message}`);
      throw error;
    }
    throw new CliError("usage", `${label} is a public key, which cannot sign.`, {
      hint: "Give the whsec_, or the whsk_ of the pair.",
    });
  });
}

async function readSample({ context, options }: Invocation<typeof flags>): Promise<Sample> {
  const dataText =
    options.sample === undefined
      ? defaultSample
      : JSON.stringify(await readInput.json(context, options.sample));
  return { type: options.type ?? "postrider.test", schemaVersion: options.schemaVersion ?? 1, dataText };
}
