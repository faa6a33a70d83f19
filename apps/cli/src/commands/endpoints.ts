import type { TestRequest } from "@postrider/client";
import type { Endpoint, TestPostback } from "@postrider/engine";
import { absent } from "../absent.ts";
import { type CommandGroup, defineCommand, required } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { type Output, say, sayJson } from "../context.ts";
import { endpointOptions, endpointToPut } from "../endpoint-document.ts";
import { preview } from "../endpoint-commands/preview.ts";
import { restore, versions } from "../endpoint-commands/versions.ts";
import { endpointState, endpointTone } from "../endpoint-state.ts";
import { eventChoiceOptions, readEventChoice, sampleHint } from "../event-choice.ts";
import { exitCodes } from "../exit.ts";
import { readInput } from "../input.ts";
import { tone } from "../render/colour.ts";
import { writeRequest } from "../render/request.ts";
import { facts, table } from "../render/table.ts";
import { counted, cut, orDash, plain } from "../render/text.ts";
import { clockTime, duration } from "../render/time.ts";
import { importCommand } from "../template-import/command.ts";

const partnerArgument = { name: "partner", summary: "the partner's id" };
const endpointArgument = { name: "endpoint", summary: "the endpoint's id" };

const list = defineCommand({
  name: "list",
  summary: "List a partner's endpoints.",
  args: [partnerArgument],
  options: {},
  examples: [{ line: "postrider endpoints list acme", meaning: "Where acme's postbacks go:" }],
  async run({ context, args, json, api }) {
    const partner = required(args, 0);
    const answer = await (await api()).listEndpoints(partner);
    if (json) return sayJson(context.stdout, answer);
    if (answer.endpoints.length === 0) {
      return say(
        context.stdout,
        `${partner} has no endpoints. Add one: postrider endpoints put ${partner} main https://…`,
      );
    }
    context.stdout.write(
      table(
        context.stdout,
        [
          { title: "ENDPOINT", of: (row: Endpoint) => row.id },
          { title: "STATE", of: endpointState, tone: endpointTone },
          { title: "METHOD", of: (row) => row.method },
          { title: "URL", of: (row) => row.url, elastic: true },
          { title: "EVENTS", of: (row) => row.events.join(" "), elastic: true },
          { title: "RETRIES", of: (row) => String(row.retry.schedule.length), align: "right" },
          { title: "VERSION", of: (row) => String(row.version), align: "right" },
        ],
        answer.endpoints,
      ),
    );
  },
});

function breakerWords({ breaker }: Endpoint): string {
  if (breaker === null) return "off";
  const ratio = `${Math.round(breaker.failure_ratio * 100)} % of at least ${breaker.minimum} within ${breaker.window}`;
  return `after ${breaker.consecutive_failures} failures in a row, or ${ratio}; probes from ${breaker.first_wait} to ${breaker.longest_wait} apart`;
}

/** An older server has no rules. */
function verdictFacts({ verdicts = [] }: Partial<Endpoint>): [string, string][] {
  if (verdicts.length === 0) return [];
  const words = [...new Set(verdicts.map(({ then }) => then))].join(", ");
  return [["verdicts", `${counted(verdicts.length, "rule")} on its answers: ${words}`]];
}

/** What only some endpoints have. An older server does not know it. */
function dialectFacts(endpoint: Partial<Endpoint>): [string, string][] {
  const { parameters = [], fan_out: fanOut = null, literal = false, personal_data: permits = [] } = endpoint;
  return [
    ...(parameters.length === 0 ? [] : [fact("parameters", JSON.stringify(parameters))]),
    ...(fanOut === null ? [] : [fact("fan out", `one delivery for each item of ${fanOut}`)]),
    ...(literal ? [fact("literal", "what looks like another platform's macro is sent as it is")] : []),
    ...(permits.length === 0 ? [] : [fact("personal data", `may leave as ${permits.join(" ")}`)]),
  ];
}

const fact = (name: string, words: string): [string, string] => [name, words];

function refusingFacts({ circuit }: Endpoint): [string, string][] {
  if (circuit.refusing_since === null) return [];
  const since = `${clockTime(circuit.refusing_since)}, ${counted(circuit.refusals, "refusal")}`;
  return [["refusing since", `${since}: see why with postrider deliveries, then correct it and replay`]];
}

function failingFacts({ circuit }: Endpoint): [string, string][] {
  if (circuit.failing_since === null) return [];
  const end =
    circuit.disabled_at === null ? "" : `; paused at ${clockTime(circuit.disabled_at)} if it goes on`;
  return [["failing since", `${clockTime(circuit.failing_since)}, ${circuit.failures} in a row${end}`]];
}

function retriesOf({ retry }: Endpoint): string {
  return retry.schedule.length === 0 ? "none" : `after ${retry.schedule.join(" ")}, jitter ${retry.jitter}`;
}

function endpointFacts(output: Output, endpoint: Endpoint): string {
  return facts(output, [
    ["endpoint", `${endpoint.partner}/${endpoint.id}, version ${endpoint.version}`],
    ["state", endpointState(endpoint) + (endpoint.note === null ? "" : `: ${endpoint.note}`)],
    ["request", `${endpoint.method} ${endpoint.url}`],
    ["events", endpoint.events.join(" ")],
    ["headers", Object.keys(endpoint.headers).join(" ") || "-"],
    ["body", typeof endpoint.body === "string" ? endpoint.body : JSON.stringify(endpoint.body)],
    ...dialectFacts(endpoint),
    ["signing", endpoint.signing.join(" ") || "none"],
    ...(endpoint.ca === null
      ? []
      : [["trusts", "certificates of its own, beside all others"] as [string, string]]),
    ["timeout", endpoint.timeout],
    ["retries", retriesOf(endpoint)],
    ["after a 4xx", endpoint.retry.client_error_schedule.join(" ") || "no retry"],
    ["expires after", endpoint.retry.expires_after],
    ...(endpoint.order
      ? [["order", `by order_key, held ${endpoint.order.max_hold} at most`] as [string, string]]
      : []),
    ...verdictFacts(endpoint),
    ["breaker", breakerWords(endpoint)],
    ["disabled after", endpoint.disable_after === null ? "never" : `failing for ${endpoint.disable_after}`],
    ...failingFacts(endpoint),
    ...refusingFacts(endpoint),
  ]);
}

const show = defineCommand({
  name: "show",
  summary: "Show an endpoint; --json gives the document that `put --file` takes.",
  args: [partnerArgument, endpointArgument],
  options: {},
  examples: [
    { line: "postrider endpoints show acme main", meaning: "One endpoint:" },
    {
      line: "postrider endpoints show acme main --json > main.json",
      meaning: "Keep it in a file, to edit and put back:",
    },
  ],
  async run({ context, args, json, api }) {
    const endpoint = await (await api()).getEndpoint(required(args, 0), required(args, 1));
    if (json) return sayJson(context.stdout, endpoint);
    context.stdout.write(endpointFacts(context.stdout, endpoint));
  },
});

const put = defineCommand({
  name: "put",
  summary: "Create an endpoint, or change what the flags name.",
  description:
    "With --file the document is taken whole; flags beside it win. Macros in URL, headers and body are checked by the server, " +
    "which also warns about macros that no recent event had a value for.",
  args: [
    partnerArgument,
    endpointArgument,
    { name: "url", summary: "where to, with macros like {data.click_id!} after the host", optional: true },
  ],
  options: {
    file: { kind: "text", value: "path", summary: "a JSON document, - for standard input" },
    ...endpointOptions,
  },
  examples: [
    {
      line: "postrider endpoints put acme main https://acme.example/postback --event 'conversion.*'",
      meaning: "Signed JSON by POST:",
    },
    {
      line: "postrider endpoints put acme pixel --method GET 'https://t.example/pb?cid={data.click_id!}&e={event_id!}'",
      meaning: "A GET with macros:",
    },
    { line: "postrider endpoints put acme main --file main.json", meaning: "From a file:" },
    {
      line: "postrider endpoints put acme main --verdicts @rules.json",
      meaning: "Rules on what acme answers, and nothing else:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const client = await api();
    const partner = required(args, 0);
    const id = required(args, 1);
    const base =
      options.file === undefined
        ? await client.getEndpoint(partner, id).catch(absent)
        : await readInput.json(context, options.file);
    const document = await endpointToPut(context, args[2], options, base);
    const endpoint = await client.putEndpoint(partner, id, document);
    for (const { message } of endpoint.warnings ?? [])
      say(context.stderr, tone(context.stderr, "warning", plain(`Warning: ${message}`)));
    if (json) return sayJson(context.stdout, endpoint);
    context.stdout.write(endpointFacts(context.stdout, endpoint));
    say(context.stdout, `Try it: postrider endpoints test ${partner} ${id}`);
  },
});

const test = defineCommand({
  name: "test",
  summary: "Send one real, flagged test postback and show the exchange.",
  description:
    "The request carries `webhook-test: 1`. It is not counted as a delivery. Exit code 1 if it would not have counted as delivered.",
  args: [partnerArgument, endpointArgument],
  options: {
    ...eventChoiceOptions,
    keys: {
      kind: "text",
      value: "keys",
      summary: "sign with all live keys, or with the newest of each scheme",
      choices: ["all", "newest"],
      fallback: "all",
    },
  },
  examples: [
    { line: "postrider endpoints test acme main", meaning: "Does acme answer?" },
    {
      line: `postrider endpoints test acme main --event '{"data":{"click_id":"test-1","payout":10.50}}'`,
      meaning: "With the click id that acme gave for tests:",
    },
    { line: "postrider endpoints test acme main --keys newest", meaning: "Does acme know the new key yet?" },
  ],
  async run({ context, args, options, json, api }) {
    const { keys } = options;
    const request = {
      ...(await readEventChoice(context, options)),
      ...(keys === undefined ? {} : { keys }),
    } as TestRequest;
    const exchange = await (await api()).testEndpoint(required(args, 0), required(args, 1), request);
    const out = context.stdout;
    const good = exchange.verdict === "accepted";
    if (json) sayJson(out, exchange);
    else {
      writeExchange(out, exchange);
      say(
        out,
        tone(
          out,
          good ? "good" : "bad",
          good
            ? `This counts as delivered${ruleWords(exchange)}.`
            : plain(`This does not count as delivered: ${orDash(exchange.error ?? exchange.verdict)}`),
        ),
      );
      const hint = sampleHint(exchange.error?.split(":")[0], options);
      if (hint !== null) say(out, hint);
    }
    return good ? exitCodes.ok.code : exitCodes.failed.code;
  },
});

/** Of a failure, the error names the rule. An older server does not say. */
function ruleWords({ rule = null }: Partial<TestPostback>): string {
  if (rule === null) return "";
  return plain(`: verdicts[${rule.index}] says ${rule.then}${rule.note === null ? "" : ` (${rule.note})`}`);
}

function writeExchange(out: Output, { request, response }: TestPostback): void {
  // If the template could not be filled there was no request; the error says so.
  if (response.status === null && response.failure === null) return;
  writeRequest(out, request);
  const answered =
    response.failure === null
      ? `answered ${response.status}`
      : `${response.failure.class}: ${response.failure.message}`;
  say(out, plain(`< ${answered} after ${duration(response.duration_ms)}`));
  if (response.body) say(out, `< ${cut(plain(response.body), 2_000)}`);
}

const resume = defineCommand({
  name: "resume",
  summary: "End a pause, hold or open circuit that the partner's answers caused.",
  args: [partnerArgument, endpointArgument],
  options: {},
  examples: [
    { line: "postrider endpoints resume acme main", meaning: "When acme is back, or the 410 was a mistake:" },
  ],
  async run({ context, args, json, api }) {
    const endpoint = await (await api()).resumeEndpoint(required(args, 0), required(args, 1));
    if (json) return sayJson(context.stdout, endpoint);
    say(context.stdout, `${endpoint.partner}/${endpoint.id} is ${endpoint.state}.`);
  },
});

const remove = defineCommand({
  name: "delete",
  summary: "Delete an endpoint; its waiting deliveries end as cancelled.",
  args: [partnerArgument, endpointArgument],
  options: { yes: { kind: "switch", summary: "do not ask" } },
  examples: [{ line: "postrider endpoints delete acme old --yes", meaning: "From a script:" }],
  async run({ context, args, options, json, api }) {
    const client = await api();
    const partner = required(args, 0);
    const endpoint = required(args, 1);
    await client.getEndpoint(partner, endpoint);
    const { matched } = await client.groups({ state: "pending", partner, endpoint });
    const question = `Delete ${partner}/${endpoint}? Waiting deliveries that end as cancelled: ${matched}.`;
    if (!(await confirmed(context, question, options.yes))) {
      say(context.stderr, "Nothing was deleted.");
      return exitCodes.failed.code;
    }
    const { cancelling = false } = await client.deleteEndpoint(partner, endpoint);
    if (json) return sayJson(context.stdout, { deleted: endpoint, partner, cancelling });
    say(
      context.stdout,
      `${partner}/${endpoint} is deleted.${cancelling ? " Its waiting deliveries are being cancelled." : ""}`,
    );
  },
});

export const endpoints: CommandGroup = {
  name: "endpoints",
  summary: "Where a partner's postbacks go: request, macros, retries; and a test of it.",
  commands: [list, show, put, importCommand, preview, test, versions, restore, resume, remove],
};
