import { defineCommand } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { say, sayJson } from "../context.ts";
import { checkEvent, filterOptions, toPendingFilter } from "../delivery-filter.ts";
import { CliError, exitCodes } from "../exit.ts";
import { groupTable } from "../render/deliveries.ts";
import { counted, noted } from "../render/text.ts";

const { reason: _none, ...options } = filterOptions;

export const cancel = defineCommand({
  name: "cancel",
  summary: "Cancel waiting deliveries: shows them, asks, then cancels.",
  description:
    "Only pending deliveries, by id or by at least one flag. A delivery whose request is in flight is cancelled too, unless " +
    "the partner accepts it: then it is delivered. Cancelled deliveries can be replayed (postrider dead-letters replay --state cancelled).",
  args: [{ name: "delivery", summary: "only these deliveries, by id", optional: true, many: true }],
  options: {
    ...options,
    yes: { kind: "switch", summary: "do not ask" },
    dryRun: { kind: "switch", summary: "only show what would be cancelled" },
  },
  examples: [
    { line: "postrider cancel --event-id conv-1001", meaning: "The pending deliveries of one event:" },
    {
      line: "postrider cancel --partner acme --type conversion.approved --until 10m --yes",
      meaning: "A partner's backlog of one type, without being asked:",
    },
    { line: "postrider cancel --partner acme --dry-run", meaning: "Only look:" },
  ],
  async run({ context, args, options: flags, json, api }) {
    const out = context.stdout;
    const filter = {
      ...toPendingFilter(flags, context.now()),
      ...(args.length === 0 ? {} : { delivery_ids: args }),
    };
    if (Object.keys(filter).length === 0) {
      throw new CliError("usage", "Say which deliveries: give ids, or at least one of the flags.", {
        hint: "postrider cancel --help has examples.",
      });
    }
    const client = await api();
    const dry = await client.cancel({ filter, dry_run: true });
    if (dry.matched === 0) await checkEvent(client, filter);
    if (json && (flags.dryRun || dry.matched === 0)) return sayJson(out, dry);
    if (dry.matched === 0)
      return say(out, noted("Nothing to cancel: no pending delivery matches.", dry.note));
    if (!json) out.write(groupTable(out, dry.groups, context.now()));
    const what = counted(dry.matched, "delivery", "deliveries");
    if (flags.dryRun) return say(out, `\nWould cancel ${what}.`);
    if (!(await confirmed(context, `Cancel ${what}?`, flags.yes))) {
      say(context.stderr, "Nothing was cancelled.");
      return exitCodes.failed.code;
    }
    const done = await client.cancel({ filter, dry_run: false });
    if (json) return sayJson(out, done);
    const ended = done.matched - done.cancelled;
    say(
      out,
      `Cancelled ${counted(done.cancelled, "delivery", "deliveries")}${ended > 0 ? `; ${ended} ended by themselves meanwhile` : ""}.`,
    );
  },
});
