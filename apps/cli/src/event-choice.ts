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

/** What to say if the sample event lacks a value that the endpoint needs; null if the caller chose an event. */
export function sampleHint(
  reason: string | undefined,
  { event, eventId }: { readonly event: string | undefined; readonly eventId: string | undefined },
): string | null {
  if (reason !== "missing_macro" || event !== undefined || eventId !== undefined) return null;
  return `This was the sample event. Give one as your application makes it: --event '{"data":{…}}', or --event-id <id>.`;
}

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
