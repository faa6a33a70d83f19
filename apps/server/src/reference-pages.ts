/** The reference pages that are written from the code, so that they cannot drift. `npm run reference` writes them; a test compares. */
import {
  type DocumentKey,
  endpointDocument,
  eventDocument,
  flagNames,
  keysOf,
  partnerDocument,
} from "@postrider/contract";
import { errorCodes, operatorEventTypes, reasons } from "@postrider/engine";
import { settings } from "./config.ts";
import { metricTable } from "./metrics.ts";

const written =
  "This page is written from the code by `node apps/server/scripts/write-reference.ts`; a test keeps the two together.";

const cell = (text: string) => text.replaceAll("|", "\\|");
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

/** Path within docs/reference, and content, of each page. */
export const referencePages: Readonly<Record<string, () => string>> = {
  "settings.md": settingsPage,
  "documents.md": documentsPage,
  "errors.md": errorsPage,
  "metrics.md": metricsPage,
  "operator-events.md": operatorEventsPage,
};

function documentsPage(): string {
  const rows = (keys: readonly DocumentKey[]) =>
    keys.map((key) => [
      `\`${key.path.join(".")}\``,
      defaultText(key),
      key.meaning,
      flagNames(key)
        .map((name) => `\`--${name}\``)
        .join(" "),
    ]);
  return `# Documents of partners, endpoints and events

\`PUT\` takes a document whole: a key that is missing has its default, and a key that is not in this table is refused. A document that was stored before a key was
known has the key's default too. Durations are a number and a unit: \`250ms\`, \`5s\`, \`10m\`, \`2h\`, \`3d\`. ${written}

## Partner

${table(["key", "default", "meaning", "flag"], rows(keysOf(partnerDocument)))}

## Endpoint

${table(["key", "default", "meaning", "flag"], rows(keysOf(endpointDocument)))}

## Event

${table(
  ["key", "meaning"],
  keysOf(eventDocument).map((key) => [
    `\`${key.path.join(".")}\``,
    `${key.required ? "Required. " : ""}${key.meaning}`,
  ]),
)}
`;
}

/** Objects have a row for each of their keys, so their own default is only told if they have none. */
function defaultText({ required, fallback }: DocumentKey): string {
  if (required) return "required";
  const isFilled = typeof fallback === "object" && fallback !== null && !Array.isArray(fallback);
  if (fallback === undefined || (isFilled && Object.keys(fallback).length > 0)) return "";
  return `\`${JSON.stringify(fallback)}\``;
}

function settingsPage(): string {
  const rows = Object.entries(settings).map(([name, entry]) => {
    const byDefault =
      "default" in entry && entry.default !== undefined && entry.default !== "" ? `\`${entry.default}\`` : "";
    return [`\`${name}\``, byDefault, entry.meaning];
  });
  return `# Settings

Settings are environment variables. All are checked at start, together; a \`POSTRIDER_*\` name that is not in this table is refused
with the nearest known one. An empty value counts as unset. ${written}

${table(["name", "default", "meaning"], rows)}

## Secrets in files

Each setting marked as a secret may be given as a file instead, under its name with \`_FILE\` added:
\`DATABASE_URL_FILE=/run/secrets/database-url\`. The file is read at start, without newlines at its end. Setting both, a file that cannot be read and an
empty one are refused.

## Variables of Kubernetes

Kubernetes gives containers the address of each Service as variables, so a Service named \`postrider\` sets
\`POSTRIDER_PORT=tcp://10.0.0.1:4400\`, \`POSTRIDER_SERVICE_HOST\` and others. They are not read; at \`POSTRIDER_LOG_LEVEL=debug\` one line names them.
\`enableServiceLinks: false\` in the pod leaves them out.

## Keys

Without \`POSTRIDER_API_KEY\` and \`POSTRIDER_MASTER_KEY\` the server makes them on its first start and keeps them in the data folder
(\`api-key\` and \`master-key\`, readable by their owner only). The log says where a new API key is kept, and never the key. This holds with \`DATABASE_URL\` too: back
the folder up with the database, or set the keys. Several processes on one database need the same two keys, so set them there; a
process that takes its keys from the folder says so in a warning.

To change the API key, set \`new,old\`, move the callers, then set \`new\`. To change the master key, set \`old,new\` for
every process, then \`new,old\`, then \`new\` ([why](../guide/operating.md#change-the-master-key)): the first key seals,
all of them open.

Two embedded servers cannot share a data folder: the second is refused while the first runs. The lock of a server that was killed
is taken over. The files of the ledger are closed to other users, whoever made the folder.
`;
}

function errorsPage(): string {
  const codes = Object.entries(errorCodes).map(([code, { status, meaning }]) => [
    `\`${code}\``,
    String(status),
    meaning,
  ]);
  const whys = Object.entries(reasons).map(([reason, { state, meaning }]) => [
    `\`${reason}\``,
    `\`${state}\``,
    meaning,
  ]);
  return `# Errors

An API call that fails answers with the status of its code and this body; \`code\` is stable, \`hint\` is the remedy, \`issues\` names each
wrong place (\`position\` is the 0-based character within a template):

\`\`\`json
{ "error": { "code": "invalid_request", "message": "…", "hint": "…", "issues": [{ "path": "retry.schedule[0]", "message": "…" }] } }
\`\`\`

\`429\` and \`503\` carry \`Retry-After\`. A \`500\` with code \`internal\` carries \`x-request-id\`, under which the server's log has the fault.
Codes with status 500 other than \`internal\` end a start, and are printed with their remedy. ${written}

${table(["code", "status", "meaning"], codes)}

A single event is refused with \`invalid_event\`, \`conflict\` or \`backlog_full\`. A call with \`{ "events": [...] }\` answers 202 if any was taken, and
each result has its own \`status\` (\`accepted\`, \`duplicate\`, \`conflict\`, \`invalid\`, \`backlog_full\`) and \`error\`. If none was taken the call is refused, with
the \`results\` beside the \`error\`: 429 if any was \`backlog_full\`, else 400 if any was invalid, else 409.

## Reasons

Why a delivery ended; every ended delivery has exactly one. \`GET /v1/reasons\` answers with the same list.

${table(["reason", "state", "meaning"], whys)}
`;
}

function metricsPage(): string {
  const rows = Object.entries(metricTable).map(([name, { kind, labels, help }]) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  return `# Metrics

\`GET /metrics\` answers with Prometheus text, without a key: it holds no secret and no data of events, but the ids of partners. Counts are of
one process; the backlog is of the whole ledger, counted at most every 5 seconds. ${written}

${table(["name", "kind", "labels", "meaning"], rows)}
`;
}

function operatorEventsPage(): string {
  const rows = Object.entries(operatorEventTypes).map(([type, meaning]) => [`\`${type}\``, meaning]);
  return `# Operator events

Trouble that an operator should know about, sent as ordinary events to the partner that \`POSTRIDER_OPERATOR_PARTNER\` names, and written to the log
(\`operator event\`, a warning unless it is good news). Subscribe an endpoint of that partner to the types it wants: \`endpoint.*\`,
\`delivery.dead\`, or \`*\`. ${written}

${table(["type", "when"], rows)}

\`data\` holds ids, counts, words and instants, never payloads, URLs or secrets: always \`partner\`; \`endpoint\` where the event is about one;
\`failing_since\`, \`failures\` (in a row), \`percent\` and \`error\` (the last one: \`status 503\`) of an endpoint that fails;
\`refusing_since\`, \`refusals\`, \`requests\` (that were refused or failed since) and \`error\` of one that refuses; \`delivery\` and \`reason\` of a dead
letter; \`oldest_due_at\` and \`age_seconds\` of a backlog; \`silent_after_seconds\` of a silent partner.

The \`event_id\` is made of what the event is about and of the trouble or window it belongs to, such as
\`op.endpoint.failing.acme.main.50.1767168000000\`. Many workers that notice the same thing make one event, and so do repeats within
\`POSTRIDER_OPERATOR_WINDOW\`. What concerns the operator partner itself is only logged. The process that notices something makes its event once: if it
is killed in that moment, the event may be missing, so alert on [metrics](metrics.md) for what must not be missed.
`;
}
