import type { DeliveryFilter, DeliveryState } from "@postrider/engine";
import { type CommandGroup, defineCommand } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { say, sayJson } from "../context.ts";
import {
  checkEvent,
  filterOptions,
  scopeOf,
  spanOptions,
  timeOption,
  toFilter,
  toFlags,
  toQuery,
} from "../delivery-filter.ts";
import { exitCodes } from "../exit.ts";
import { selectionLines, skippedText } from "../render/causes.ts";
import { groupTable } from "../render/deliveries.ts";
import { counted, noted } from "../render/text.ts";
import { followReplay } from "../replay-progress.ts";
import { listDeliveries, pageOptions } from "./deliveries.ts";

/** Dead letters are selected by when they died, not by when they were accepted. */
const options = {
  ...filterOptions,
  ...spanOptions("ended (with --time accepted: accepted)"),
  time: { ...timeOption, fallback: "finished" },
} as const;

type Flags = Parameters<typeof toFilter>[0];

/** The flags as a filter; `--since` means when it ended, unless `--time` says otherwise or it was delivered. */
function endedFilter(flags: Flags, nowMs: number, state: DeliveryState = "dead"): DeliveryFilter {
  const timed = flags.since !== undefined || flags.until !== undefined || flags.time !== undefined;
  const time = flags.time ?? (state === "delivered" ? undefined : "finished");
  return toFilter({ ...flags, time: timed ? time : undefined }, nowMs);
}

/** Says no more than what was asked for. */
const nothingDead = (flags: Flags, filter: DeliveryFilter): string =>
  `No dead letters${scopeOf(flags, filter)}.`;

const groups = defineCommand({
  name: "groups",
  summary: "Count dead letters by partner, endpoint, reason and last error.",
  isDefault: true,
  description: "--since and --until mean when they ended, unless --time accepted is given.",
  options,
  examples: [
    { line: "postrider dead-letters", meaning: "What died, and why:" },
    {
      line: "postrider dead-letters --partner acme --since 1d",
      meaning: "Of one partner, dead in the last day:",
    },
  ],
  async run({ context, options, json, api }) {
    const filter = endedFilter(options, context.now());
    const client = await api();
    const answer = await client.groups({ ...toQuery(filter), state: "dead" });
    if (answer.matched === 0) await checkEvent(client, filter);
    if (json) return sayJson(context.stdout, answer);
    if (answer.matched === 0) return say(context.stdout, noted(nothingDead(options, filter), answer.note));
    context.stdout.write(groupTable(context.stdout, answer.groups, context.now()));
    const flags = toFlags(filter);
    say(
      context.stdout,
      `\n${counted(answer.matched, "dead letter")}. See each: postrider dead-letters show${flags}`,
    );
    say(context.stdout, `Send them again once the cause is gone: postrider dead-letters replay${flags}`);
  },
});

const show = defineCommand({
  name: "show",
  summary:
    "List dead letters one by one, the newest first; with --since or --until, what ended last comes first.",
  options: { ...options, ...pageOptions },
  examples: [
    {
      line: "postrider dead-letters show --partner acme --reason retries_exhausted",
      meaning: "Those that acme did not accept in time:",
    },
  ],
  async run({ context, options, json, api }) {
    const filter = endedFilter(options, context.now());
    const query = { ...toQuery(filter), state: "dead" };
    await listDeliveries(context, await api(), query, options, json, nothingDead(options, filter));
  },
});

const replay = defineCommand({
  name: "replay",
  summary: "Send dead letters again: shows what would be replayed, asks, then follows it.",
  description:
    "Replayed deliveries keep their ids, so a partner can see what it already has. Scheduled retries do not change. " +
    "Ctrl-C stops watching; the replay goes on (postrider replays cancel ends it).",
  args: [{ name: "delivery", summary: "only these deliveries, by id", optional: true, many: true }],
  options: {
    ...options,
    state: {
      kind: "text",
      value: "state",
      summary: "replay those that ended otherwise",
      choices: ["dead", "expired", "cancelled", "suppressed", "delivered"],
      fallback: "dead",
    },
    rate: { kind: "number", value: "n", summary: "deliveries put back per second at most" },
    yes: { kind: "switch", summary: "do not ask" },
    dryRun: { kind: "switch", summary: "only show what would be replayed" },
    detach: { kind: "switch", summary: "do not wait for the end" },
  },
  examples: [
    {
      line: "postrider dead-letters replay --partner acme --rate 20",
      meaning: "All of acme's, twenty a second:",
    },
    { line: "postrider dead-letters replay --reason target_refused --yes --json", meaning: "From a script:" },
    {
      line: "postrider dead-letters replay 01a20745-299a-7000-a01f-b5e753acedee",
      meaning: "One of them, by its id:",
    },
  ],
  async run({ context, args, options, json, api }) {
    const client = await api();
    const out = context.stdout;
    const state = (options.state ?? "dead") as DeliveryState;
    const filter = {
      ...endedFilter(options, context.now(), state),
      state,
      ...(args.length === 0 ? {} : { delivery_ids: args }),
    };
    const dry = await client.createReplay({ filter, dry_run: true });
    const left = skippedText(dry.skipped);
    if (dry.matched === 0 && left === "") await checkEvent(client, filter);
    if (options.dryRun && json) return sayJson(out, dry);
    if (dry.matched === 0) {
      if (json) sayJson(out, dry);
      const nothing = left === "" ? `no ${state} delivery matches` : `left out are ${left}`;
      if (!json) say(out, noted(`Nothing to replay: ${nothing}.`, dry.note));
      // Ids were written or pasted one by one: if none is known, that is a mistake, not good news.
      return args.length > 0 && left === "" ? exitCodes.failed.code : exitCodes.ok.code;
    }
    if (!json) {
      out.write(groupTable(out, dry.groups, context.now()));
      for (const line of selectionLines(dry)) say(out, line);
    }
    if (options.dryRun) return say(out, `\nWould replay ${counted(dry.matched, "delivery", "deliveries")}.`);
    if (
      !(await confirmed(context, `Replay ${counted(dry.matched, "delivery", "deliveries")}?`, options.yes))
    ) {
      say(context.stderr, "Nothing was replayed.");
      return exitCodes.failed.code;
    }
    const created = await client.createReplay({
      filter,
      dry_run: false,
      ...(options.rate === undefined ? {} : { rate_per_second: options.rate }),
    });
    return followReplay(context, client, created, { json, detach: options.detach });
  },
});

export const deadLetters: CommandGroup = {
  name: "dead-letters",
  summary: "Dead deliveries: see why they died, and send them again.",
  commands: [groups, show, replay],
};
