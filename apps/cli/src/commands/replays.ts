import type { ReplayView } from "@postrider/engine";
import { type CommandGroup, defineCommand, required } from "../command.ts";
import { say, sayJson } from "../context.ts";
import { stateTone } from "../render/colour.ts";
import { skippedText } from "../render/causes.ts";
import { facts, table } from "../render/table.ts";
import { orDash } from "../render/text.ts";
import { clockTime, fromNow } from "../render/time.ts";
import { replaySentence } from "../replay-progress.ts";

const replayArgument = { name: "replay", summary: "the replay's id" };

const filterText = (replay: ReplayView): string =>
  Object.entries(replay.filter)
    .map(
      ([key, value]) =>
        `${key}=${Array.isArray(value) ? (value.length === 1 ? String(value[0]) : `${value.length} ids`) : String(value)}`,
    )
    .join(" ") || "all dead letters";

const list = defineCommand({
  name: "list",
  summary: "List replays, the newest first.",
  isDefault: true,
  options: { limit: { kind: "whole", value: "n", summary: "replays at most", fallback: "50" } },
  examples: [{ line: "postrider replays", meaning: "Who replayed what:" }],
  async run({ context, options, json, api }) {
    const answer = await (await api()).listReplays(options.limit ?? 50);
    if (json) return sayJson(context.stdout, answer);
    if (answer.replays.length === 0)
      return say(context.stdout, "No replays yet. Make one: postrider dead-letters replay");
    context.stdout.write(
      table(
        context.stdout,
        [
          { title: "REPLAY", of: (row: ReplayView) => row.replay_id },
          { title: "STATE", of: (row) => row.state, tone: (row) => stateTone(row.state) },
          { title: "DONE", of: (row) => `${row.replayed + row.skipped}/${row.matched}`, align: "right" },
          { title: "SKIPPED", of: (row) => String(row.skipped), align: "right" },
          {
            title: "RATE",
            of: (row) => (row.rate_per_second === null ? "-" : `${row.rate_per_second}/s`),
            align: "right",
          },
          { title: "WHAT", of: filterText, elastic: true },
          { title: "BY", of: (row) => row.requested_by, elastic: true },
          { title: "MADE", of: (row) => fromNow(row.created_at, context.now()) },
        ],
        answer.replays,
      ),
    );
  },
});

const show = defineCommand({
  name: "show",
  summary: "Show how far a replay is.",
  args: [replayArgument],
  options: {},
  examples: [{ line: "postrider replays show 01a20746-299a-7000-a01f-b5e753acedee", meaning: "One replay:" }],
  async run({ context, args, json, api }) {
    const replay = await (await api()).replay(required(args, 0));
    if (json) return sayJson(context.stdout, replay);
    context.stdout.write(
      facts(context.stdout, [
        ["replay", replay.replay_id],
        ["state", replay.state],
        ["what", filterText(replay)],
        ["matched", String(replay.matched)],
        ["replayed", String(replay.replayed)],
        ["skipped", [String(replay.skipped), skippedText(replay.skipped_causes)].filter(Boolean).join(": ")],
        ["rate", replay.rate_per_second === null ? "no limit of its own" : `${replay.rate_per_second}/s`],
        ["by", orDash(replay.requested_by)],
        ["made", clockTime(replay.created_at)],
        ["finished", replay.finished_at === null ? "-" : clockTime(replay.finished_at)],
      ]),
    );
  },
});

const cancel = defineCommand({
  name: "cancel",
  summary: "End a replay; deliveries that were put back already stay pending.",
  args: [replayArgument],
  options: {},
  examples: [{ line: "postrider replays cancel 01a20746-299a-7000-a01f-b5e753acedee", meaning: "Enough:" }],
  async run({ context, args, json, api }) {
    const replay = await (await api()).cancelReplay(required(args, 0));
    if (json) return sayJson(context.stdout, replay);
    say(context.stdout, replaySentence(replay));
  },
});

export const replays: CommandGroup = {
  name: "replays",
  summary: "Replays: see how far they are and who asked, or cancel one.",
  commands: [list, show, cancel],
};
