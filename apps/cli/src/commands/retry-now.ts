import { defineCommand } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { say, sayJson } from "../context.ts";
import { checkEvent, filterOptions, toPendingFilter } from "../delivery-filter.ts";
import { CliError, exitCodes } from "../exit.ts";
import { dueLines, selectionLines, skippedText } from "../render/causes.ts";
import { groupTable } from "../render/deliveries.ts";
import { counted, noted } from "../render/text.ts";

const { reason: _none, ...options } = filterOptions;

export const retryNow = defineCommand({
  name: "retry-now",
  summary: "Send waiting deliveries now, before their next retry: shows them, asks, then makes them due.",
  description:
    "Only pending deliveries, by id or by at least one flag. The retry schedule continues from its current step: no step is used or " +
    "added. A pause, a hold, an open circuit, a rate, an event's own not_before and the order of its key still apply.",
  args: [{ name: "delivery", summary: "only these deliveries, by id", optional: true, many: true }],
  options: {
    ...options,
    yes: { kind: "switch", summary: "do not ask" },
    dryRun: { kind: "switch", summary: "only show what would be sent" },
  },
  examples: [
    { line: "postrider retry-now --partner acme", meaning: "The partner works again:" },
    { line: "postrider retry-now --event-id conv-1001 --yes", meaning: "One event, without being asked:" },
    { line: "postrider retry-now --partner acme --type 'conversion.*' --dry-run", meaning: "Only look:" },
  ],
  async run({ context, args, options: flags, json, api }) {
    const out = context.stdout;
    const filter = {
      ...toPendingFilter(flags, context.now()),
      ...(args.length === 0 ? {} : { delivery_ids: args }),
    };
    if (Object.keys(filter).length === 0) {
      throw new CliError("usage", "Say which deliveries: give ids, or at least one of the flags.", {
        hint: "postrider retry-now --help has examples.",
      });
    }
    const client = await api();
    const dry = await client.retryNow({ filter, dry_run: true });
    if (dry.matched === 0) {
      const left = skippedText(dry.skipped);
      if (left === "") await checkEvent(client, filter);
      if (json) sayJson(out, dry);
      else {
        const words = left === "" ? "no waiting delivery matches" : left;
        say(out, noted(`Nothing to send now: ${words}.`, dry.note));
        for (const line of dueLines(dry)) say(out, line);
      }
      return args.length > 0 && left === "" ? exitCodes.failed.code : exitCodes.ok.code;
    }
    if (json && flags.dryRun) return sayJson(out, dry);
    if (!json) {
      out.write(groupTable(out, dry.groups, context.now()));
      for (const line of [...selectionLines(dry), ...dueLines(dry)]) say(out, line);
    }
    const what = counted(dry.matched, "delivery", "deliveries");
    if (flags.dryRun) return say(out, `\nWould send ${what} now.`);
    if (!(await confirmed(context, `Send ${what} now?`, flags.yes))) {
      say(context.stderr, "Nothing was changed.");
      return exitCodes.failed.code;
    }
    const done = await client.retryNow({ filter, dry_run: false });
    if (json) return sayJson(out, done);
    const meanwhile = done.matched - done.retried;
    say(
      out,
      `${counted(done.retried, "delivery is", "deliveries are")} due now${meanwhile > 0 ? `; ${meanwhile} went on by themselves meanwhile` : ""}.`,
    );
  },
});
