import type { DeliveryFilter, ReplayView } from "@postrider/engine";
import type { CreatedReplay } from "@postrider/contract";
import type { ApiClient } from "./api-client.ts";
import { type Context, say, sayJson } from "./context.ts";
import { toFlags } from "./delivery-filter.ts";
import { CliError, exitCodes } from "./exit.ts";
import { skippedText } from "./render/causes.ts";
import { startProgress } from "./render/progress.ts";
import { counted } from "./render/text.ts";

const pollEveryMs = 300;

/**
 * Follows a replay to its end and answers the exit code. Ctrl-C ends the following, not the replay.
 */
export async function followReplay(
  context: Context,
  api: ApiClient,
  created: CreatedReplay,
  options: { readonly json: boolean; readonly detach: boolean },
): Promise<number> {
  const id = created.replay_id;
  if (id === null)
    throw new CliError("failed", "The server's answer names no replay.", { code: "unexpected_answer" });
  if (options.detach) {
    if (options.json) sayJson(context.stdout, created);
    else say(context.stdout, `Replay ${id} is running. See how far it is: postrider replays show ${id}`);
    return exitCodes.ok.code;
  }
  const progress = startProgress(context.stderr, context.now, `replay ${id}`, options.json);
  let replay: ReplayView;
  try {
    for (;;) {
      replay = await api.replay(id);
      progress.update(
        replay.replayed + replay.skipped,
        replay.matched,
        replay.skipped > 0 ? [`${replay.skipped} skipped`] : [],
      );
      if (replay.state !== "running") break;
      await context.sleep(pollEveryMs, context.signal);
    }
  } catch (error) {
    if (context.signal.aborted) {
      throw new CliError("interrupted", `The replay goes on.`, {
        hint: `See how far it is: postrider replays show ${id}. End it: postrider replays cancel ${id}`,
      });
    }
    throw error;
  } finally {
    progress.end();
  }
  if (options.json) sayJson(context.stdout, replay);
  else say(context.stdout, replaySentence(replay));
  return replay.state === "done" ? exitCodes.ok.code : exitCodes.failed.code;
}

/** A replay in one sentence or two. */
export function replaySentence(replay: ReplayView): string {
  const put = `${counted(replay.replayed, "delivery", "deliveries")} put back to pending`;
  const why = skippedText(replay.skipped_causes);
  const skipped = replay.skipped === 0 ? "" : `, ${replay.skipped} skipped${why === "" ? "" : ` (${why})`}`;
  if (replay.state === "cancelled")
    return `Replay ${replay.replay_id} was cancelled: ${put} of ${replay.matched}${skipped}.`;
  if (replay.state === "running")
    return `Replay ${replay.replay_id} is running: ${put} of ${replay.matched}${skipped}.`;
  return `Replay ${replay.replay_id} is done: ${put}${skipped}. How they end: postrider deliveries${followFlags(replay.filter)}`;
}

/** The flags that find what was replayed, whatever its state is now. */
function followFlags({
  delivery_ids: ids,
  state: _s,
  reason: _r,
  time,
  since,
  until,
  ...keys
}: DeliveryFilter): string {
  if (ids !== undefined) return ` show ${ids[0]}`;
  const accepted = time === "finished" ? {} : { since, until };
  return toFlags(
    Object.fromEntries(Object.entries({ ...keys, ...accepted }).filter(([, value]) => value !== undefined)),
  );
}
