import { readPages } from "@postrider/client";
import type { DeliveryView } from "@postrider/engine";
import { type CommandGroup, defineCommand, required } from "../command.ts";
import type { ApiClient } from "../api-client.ts";
import { type Context, say, sayJson } from "../context.ts";
import {
  checkEvent,
  filterOptions,
  spanOptions,
  states,
  timeOption,
  toFilter,
  toQuery,
} from "../delivery-filter.ts";
import { tone } from "../render/colour.ts";
import { writeRequest } from "../render/request.ts";
import { noted, plain } from "../render/text.ts";
import { clockTime } from "../render/time.ts";
import { deliveryDetail, deliveryTable } from "../render/deliveries.ts";

/** Flags of commands that list deliveries. */
export const pageOptions = {
  limit: { kind: "whole", value: "n", summary: "deliveries per page", fallback: "50" },
  cursor: { kind: "text", value: "cursor", summary: "continue after the page that named this cursor" },
  all: { kind: "switch", summary: "every page; with --json one delivery per line (NDJSON)" },
} as const;

interface Page {
  readonly limit: number | undefined;
  readonly cursor: string | undefined;
  readonly all: boolean;
}

/** Writes deliveries: a page, or all of them page by page. */
export async function listDeliveries(
  context: Context,
  api: ApiClient,
  query: Readonly<Record<string, string>>,
  page: Page,
  json: boolean,
  nothing: string,
): Promise<void> {
  const limit = page.limit ?? (page.all ? 500 : 50);
  const read = (cursor: string | undefined) => api.listDeliveries({ ...query, limit, cursor });
  let seen = 0;
  let note: string | undefined;
  let next: string | undefined;
  for await (const answer of readPages(read, page.cursor)) {
    seen += answer.deliveries.length;
    if (seen === 0) await checkEvent(api, { event_id: query["event_id"] });
    note = answer.note;
    next = answer.next_cursor;
    if (json && !page.all) return sayJson(context.stdout, answer);
    if (json) for (const delivery of answer.deliveries) say(context.stdout, JSON.stringify(delivery));
    else if (seen > 0) writePage(context, answer.deliveries);
    if (!page.all) break;
  }
  if (seen === 0 && !json) say(context.stdout, noted(nothing, note));
  if (next !== undefined && !json) say(context.stdout, `There are more: add --cursor ${next}, or --all.`);
}

function writePage(context: Context, deliveries: readonly DeliveryView[]): void {
  context.stdout.write(deliveryTable(context.stdout, deliveries, context.now()));
}

const list = defineCommand({
  name: "list",
  summary: "List deliveries, the newest first.",
  isDefault: true,
  options: {
    state: { kind: "text", value: "state", summary: "in this state", choices: states },
    ...filterOptions,
    ...spanOptions("accepted (with --time finished: ended)"),
    time: timeOption,
    ...pageOptions,
  },
  examples: [
    {
      line: "postrider deliveries --state pending --partner acme",
      meaning: "What acme has not received yet:",
    },
    {
      line: "postrider deliveries --state expired --time finished --since 1h",
      meaning: "What expired in the last hour, whenever it was accepted:",
    },
    { line: "postrider deliveries --since 1h --all --json | wc -l", meaning: "How many in the last hour:" },
  ],
  async run({ context, options, json, api }) {
    const query = {
      ...(options.state === undefined ? {} : { state: options.state }),
      ...toQuery(toFilter(options, context.now())),
    };
    await listDeliveries(context, await api(), query, options, json, "No delivery matches.");
  },
});

const show = defineCommand({
  name: "show",
  summary: "Show a delivery with all its attempts.",
  args: [{ name: "delivery", summary: "the delivery's id, which is the webhook-id the partner sees" }],
  options: {},
  examples: [
    { line: "postrider deliveries show 01a20745-299a-7000-a01f-b5e753acedee", meaning: "One delivery:" },
  ],
  async run({ context, args, json, api }) {
    const delivery = await (await api()).delivery(required(args, 0));
    if (json) return sayJson(context.stdout, delivery);
    context.stdout.write(deliveryDetail(context.stdout, delivery, context.now()));
  },
});

const request = defineCommand({
  name: "request",
  summary: "Show what an attempt sent, rendered again.",
  description:
    "It is made of the event and of the version of the endpoint's document that the attempt used. The signature is never shown; secrets and what looks like " +
    "a credential are masked. If something of it may have been different, it says so.",
  args: [{ name: "delivery", summary: "the delivery's id" }],
  options: {
    attempt: { kind: "whole", value: "n", summary: "the number of the attempt", fallback: "the last" },
  },
  examples: [
    {
      line: "postrider deliveries request 01a20745-299a-7000-a01f-b5e753acedee --attempt 1",
      meaning: "What the first attempt sent:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const { stdout: out } = context;
    const shown = await (await api()).attemptRequest(required(args, 0), options.attempt ?? "last");
    if (json) return sayJson(out, shown);
    say(
      out,
      `Attempt ${shown.n}, ${clockTime(shown.at)}, version ${shown.endpoint_version} of the endpoint:`,
    );
    if (shown.request !== null) writeRequest(out, shown.request);
    if (shown.failure !== undefined)
      say(out, tone(out, "bad", plain(`No request: ${shown.failure.reason}: ${shown.failure.message}`)));
    if (shown.exact)
      return say(out, "This is what was sent, apart from the signature and from what is masked.");
    for (const { message } of shown.differs)
      say(out, tone(out, "warning", plain(`Not exactly what was sent: ${message}`)));
  },
});

export const deliveries: CommandGroup = {
  name: "deliveries",
  summary: "Deliveries of events to endpoints, and how each ended.",
  commands: [list, show, request],
};
