import { defineCommand, type Invocation } from "../command.ts";
import type { ApiClient } from "../api-client.ts";
import { type Context, say, sayJson } from "../context.ts";
import { CliError, exitCodes } from "../exit.ts";
import { readInput } from "../input.ts";
import { instantHint, parseInstant } from "../instant.ts";
import { tone } from "../render/colour.ts";
import { startProgress } from "../render/progress.ts";
import { counted, plain } from "../render/text.ts";
import { duration } from "../render/time.ts";
import { oneEventALine } from "../event-lines.ts";
import { sendLines } from "../send-lines.ts";

const options = {
  data: { kind: "text", value: "json", summary: "the event's data", fallback: "{}" },
  partner: {
    kind: "text",
    value: "id",
    summary: "only to this partner, instead of every subscribed endpoint",
  },
  eventId: {
    kind: "text",
    value: "id",
    summary: "the event's id; if you send it again, it stays one event",
    fallback: "a fresh one",
  },
  occurredAt: {
    kind: "text",
    value: "time",
    summary: "when it happened, UTC unless it names a zone",
    fallback: "now",
  },
  schemaVersion: { kind: "whole", value: "n", summary: "version of the data's structure", fallback: "1" },
  notBefore: {
    kind: "text",
    value: "time",
    summary: "send nothing before this time; UTC unless it names a zone, e.g. '2026-01-31 10:00'",
  },
  expiresAfter: { kind: "text", value: "duration", summary: "give up after this long, e.g. 90s, 7d" },
  orderKey: {
    kind: "text",
    value: "key",
    summary: "endpoints with an order send events of the same key one after the other",
  },
  file: {
    kind: "text",
    value: "path",
    summary: "send events from a file, one JSON document per line (NDJSON); - is standard input",
  },
} as const;

export const send = defineCommand({
  name: "send",
  summary: "Accept one event, or a file of events.",
  description:
    "A file is sent in batches, verbatim: each line is an event document with event_id, type, occurred_at and data. " +
    "Sending it again is safe: events that were accepted before are duplicates. Exit code 1 if any event conflicts or is invalid. " +
    "Files are UTF-8; a line that is not UTF-8 is invalid and is not sent.",
  args: [{ name: "type", summary: "the event type, e.g. conversion.approved", optional: true }],
  options,
  examples: [
    {
      line: `postrider send conversion.approved --data '{"click_id":"c-1","payout":"1.20"}'`,
      meaning: "One event:",
    },
    {
      line: "postrider send order.paid --event-id order-7 --partner acme",
      meaning: "With an id of yours, to one partner:",
    },
    { line: "postrider send --file events.ndjson", meaning: "A file, with progress:" },
  ],
  async run(invocation) {
    const type = invocation.args[0];
    if ((type === undefined) === (invocation.options.file === undefined)) {
      throw new CliError("usage", "Give either an event type or --file.", {
        hint: "postrider send --help has examples.",
      });
    }
    return type === undefined
      ? sendFile(invocation, invocation.options.file ?? "-")
      : sendOne(invocation, type);
  },
});

async function sendOne(
  { context, options: flags, json, api }: Invocation<typeof options>,
  type: string,
): Promise<number> {
  const dataText = flags.data ?? "{}";
  try {
    const data: unknown = JSON.parse(dataText);
    if (typeof data !== "object" || data === null || Array.isArray(data))
      throw new TypeError("the data of an event is an object");
  } catch (error) {
    throw new CliError("usage", `--data cannot be used: ${error instanceof Error ? error.message : ""}`, {
      hint: `Quote it for the shell: --data '{"id":7}'`,
    });
  }
  const head = JSON.stringify({
    event_id: flags.eventId ?? `evt-${context.newId()}`,
    type,
    schema_version: flags.schemaVersion ?? 1,
    occurred_at: instantText("--occurred-at", flags.occurredAt) ?? new Date(context.now()).toISOString(),
    ...(flags.partner === undefined ? {} : { partner: flags.partner }),
    ...(flags.notBefore === undefined ? {} : { not_before: instantText("--not-before", flags.notBefore) }),
    ...(flags.expiresAfter === undefined ? {} : { expires_after: flags.expiresAfter }),
    ...(flags.orderKey === undefined ? {} : { order_key: flags.orderKey }),
  });
  // The data goes as it was typed: parsing it would round large numbers.
  const client = await api();
  const { results } = await client.accept([`${head.slice(0, -1)},"data":${dataText}}`]);
  const result = results[0];
  if (result === undefined)
    throw new CliError("failed", "The server's answer has no result.", { code: "unexpected_answer" });
  const good = result.status === "accepted" || result.status === "duplicate";
  if (json) sayJson(context.stdout, result);
  else if (good) {
    const what = result.status === "accepted" ? "accepted" : "a duplicate: it was accepted before";
    say(
      context.stdout,
      `${result.event_id} is ${what}, with ${counted(result.deliveries, "delivery", "deliveries")}.`,
    );
    say(context.stdout, `See what happens to it: postrider explain ${result.event_id}`);
  } else {
    say(
      context.stderr,
      tone(
        context.stderr,
        "bad",
        plain(`${result.event_id}: ${result.status}. ${result.error ?? ""}`.trim()),
      ),
    );
    if (result.status === "invalid" && flags.partner !== undefined)
      await sayIfMistyped(context, client, flags.partner);
    if (result.status === "conflict")
      say(
        context.stderr,
        "The id was used for other content, and that content stays. Use a new --event-id for a new fact.",
      );
  }
  return good ? exitCodes.ok.code : exitCodes.failed.code;
}

/** The time as the API takes it: what has a zone goes as it was typed, the rest is UTC. @throws CliError `usage` */
function instantText(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const atMs = parseInstant(text);
  if (Number.isNaN(atMs))
    throw new CliError("usage", `${flag} ${text} is not a time.`, { hint: `${instantHint}.` });
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\S*(Z|[+-]\d{2}:\d{2})$/.test(text)
    ? text
    : new Date(atMs).toISOString();
}

/** The answer on a partner that does not exist names the one that was meant. */
async function sayIfMistyped({ stderr }: Context, client: ApiClient, partner: string): Promise<void> {
  const error = await client.getPartner(partner).catch((thrown: unknown) => thrown);
  if (error instanceof CliError && error.code === "not_found" && error.hint !== undefined)
    say(stderr, plain(error.hint));
}

async function sendFile(
  { context, json, api, options: flags }: Invocation<typeof options>,
  path: string,
): Promise<number> {
  const { file: _file, ...ownFields } = flags;
  for (const value of Object.values(ownFields)) {
    if (value !== undefined)
      throw new CliError("usage", "The events of --file carry their own data, partner, ids and times.");
  }
  const client = await api();
  const startedMs = context.now();
  const total = path === "-" ? null : await countLines(readInput.lines(context, path));
  const lines = await oneEventALine(readInput.lines(context, path), path);
  const progress = startProgress(context.stderr, context.now, "send", json);
  const report = await sendLines(lines, {
    accept: async (texts) => (await client.accept(texts)).results,
    signal: context.signal,
    onProgress: ({ done, counts }) => {
      const notes = Object.entries(counts).filter(([name, n]) => n > 0 || name === "accepted");
      progress.update(
        done,
        total,
        notes.map(([name, n]) => `${name} ${n.toLocaleString("en-US")}`),
      );
    },
  });
  progress.end();
  const { counts, problems, stopped } = report;
  const elapsedMs = context.now() - startedMs;
  if (json)
    sayJson(context.stdout, {
      sent: report.done,
      ...counts,
      problems,
      elapsed_ms: elapsedMs,
      ...(stopped === null ? {} : { error: stopped }),
    });
  else {
    for (const { line, event_id, status, error } of problems) {
      say(
        context.stderr,
        tone(
          context.stderr,
          "bad",
          plain(
            `line ${line}: ${status}${event_id === null ? "" : ` ${event_id}`}${error === null ? "" : `: ${error}`}`,
          ),
        ),
      );
    }
    const told = Object.entries(counts).filter(([name, n]) => n > 0 || name !== "backlog_full");
    const named = told.map(([name, n]) => `${n.toLocaleString("en-US")} ${name}`);
    say(context.stdout, `${counted(report.done, "event")} in ${duration(elapsedMs)}: ${named.join(", ")}.`);
    if (stopped !== null)
      say(
        context.stderr,
        "Not everything was sent. Run the same command again: events that were accepted are not sent twice.",
      );
  }
  if (stopped !== null) throw stopped;
  return problems.length === 0 ? exitCodes.ok.code : exitCodes.failed.code;
}

async function countLines(lines: AsyncIterable<string | null>): Promise<number> {
  let count = 0;
  for await (const line of lines) if (line?.trim() !== "") count += 1;
  return count;
}
