import { isObject } from "@postrider/contract";
import { type Endpoint, mayBeCredential } from "@postrider/engine";
import { type Block, heading, list, table, text } from "./blocks.ts";
import { ladder } from "./ladder.ts";

/** A pack is given away, so that all keys and signatures stay out of it too. */
const staysOut = (name: string): boolean => mayBeCredential(name) || /key|cookie|signature/i.test(name);

/** What a partner should know of one endpoint. Values that look like credentials stay out. */
export function endpointBlocks(endpoint: Endpoint): Block[] {
  const { method, events, headers, body, timeout, signing, retry } = endpoint;
  const ownHeaders = Object.entries(headers).map(([name, value]) => [
    name,
    staysOut(name) ? "(agreed with you; not shown here)" : value,
  ]);
  return [
    heading(3, `Endpoint ${endpoint.id}`),
    table(
      ["", ""],
      [
        ["request", `${method} ${urlForPartner(endpoint.url)}`],
        ["event types", events.join(", ")],
        ["body", bodyWords(method, body)],
        [
          "signatures",
          signing.length === 0 ? "none: requests to this endpoint are not signed" : signing.join(", "),
        ],
        ["timeout", `${timeout} for the whole exchange`],
        ["state", endpoint.state],
      ],
    ),
    ...(ownHeaders.length === 0 ? [] : [text("Headers of its own:"), table(["header", "value"], ownHeaders)]),
    text("Retries after no answer, a timeout, 408, 425, 429 or 5xx:"),
    ladderTable(retry.schedule, retry.expires_after),
    text("Retries after another 4xx, which usually takes somebody to mend it:"),
    ladderTable(retry.client_error_schedule, retry.expires_after),
    list(
      ...jitterWords(retry.jitter).map((words) => [words]),
      [`A delivery that has not succeeded after ${retry.expires_after} ends as expired.`],
      [`Retry-After is honoured, up to ${retry.retry_after_max}.`],
    ),
  ];
}

/** `full` means `equal` after a 4xx: `decide.ts` of the engine has the rule. */
function jitterWords(jitter: Endpoint["retry"]["jitter"]): readonly string[] {
  if (jitter === "none") return ["The waits are exact."];
  const half = "between half and all of the one shown";
  if (jitter === "equal") return [`The times are the latest ones: each wait is drawn at random ${half}.`];
  return [
    "The times are the latest ones: in the first table each wait is drawn at random between nothing and the one shown, " +
      `in the second ${half}.`,
  ];
}

function ladderTable(schedule: readonly string[], expiresAfter: string): Block {
  return table(
    ["attempt", "wait before it", "after the first attempt"],
    ladder(schedule, expiresAfter).map(({ attempt, wait, afterAtMost }) => [
      String(attempt),
      wait ?? "",
      afterAtMost,
    ]),
  );
}

function bodyWords(method: string, body: Endpoint["body"]): string {
  if (method === "GET" || body === "none") return "none; the signature is over an empty body";
  if (body === "envelope") return "JSON: id, type, timestamp, schema_version, data (see the samples)";
  if (body === "form") return "form fields";
  const kind = isObject(body) && Object.hasOwn(body, "$text") ? "plain text" : "JSON";
  return `${kind} from a template: ${JSON.stringify(body)}`;
}

/** The URL without a password, and without values of parameters that look like credentials. Macros stay as they are. */
export function urlForPartner(url: string): string {
  return url
    .replace(/^(\w+:\/\/)[^/?#]*@/, "$1")
    .replaceAll(/([?&])([^=&#]*)=([^&#]*)/g, (all, mark: string, name: string, value: string) =>
      staysOut(name) && !value.startsWith("{") ? `${mark}${name}=…` : all,
    );
}
