import type { Context } from "./context.ts";
import { readJsonArgument } from "./json-argument.ts";
import { CliError } from "./exit.ts";

/** Flags of commands that are about an event. */
export const eventChoiceOptions = {
  event: {
    kind: "text",
    value: "json|@file",
    summary: "an event of your own: an event document, of which only data must be there",
    fallback: "a sample event",
  },
  eventId: { kind: "text", value: "id", summary: "an event of the ledger" },
} as const;

/** What a request takes of these flags. @throws CliError `usage` */
export async function readEventChoice(
  context: Pick<Context, "cwd" | "stdin">,
  { event, eventId }: { readonly event: string | undefined; readonly eventId: string | undefined },
): Promise<{ readonly event?: object; readonly event_id?: string }> {
  if (event !== undefined && eventId !== undefined)
    throw new CliError("usage", "--event and --event-id exclude each other.", {
      hint: "Give an event of your own, or the id of one that the ledger has.",
    });
  return {
    ...(event === undefined ? {} : { event: await readJsonArgument(context, "--event", event) }),
    ...(eventId === undefined ? {} : { event_id: eventId }),
  };
}
