import { endpointDocument, storedEndpointView } from "@postrider/contract";
import type { Context } from "./context.ts";
import { flaggedKeys, optionsOf, partOf } from "./document-flags.ts";
import { CliError } from "./exit.ts";

const keys = flaggedKeys(endpointDocument);

/** The flags of `endpoints put` that make up an endpoint document. */
export const endpointOptions = optionsOf(keys);

/** What an endpoint shows: its document, and more. */
const shownKeys = new Set([...Object.keys(storedEndpointView.shape), "created_at", "updated_at"]);

/**
 * The document to put: what stands (`base`), and what the flags name. A body that stood goes with POST and PUT alike.
 *
 * @throws CliError `usage`
 */
export async function endpointToPut(
  context: Pick<Context, "cwd" | "stdin">,
  url: string | undefined,
  flags: Parameters<typeof partOf>[1],
  base: object | null,
): Promise<Record<string, unknown>> {
  const { body, ...kept } = writablePart(base);
  const part = await partOf(keys, flags, kept, context);
  const fits = body !== undefined && fitsMethod(body, kept["method"], part);
  return { ...kept, ...(fits ? { body } : {}), ...(url === undefined ? {} : { url }), ...part };
}

/**
 * Whether the body that stands is put back. Only a GET has none: a body that would be lost with the change is not dropped
 * without a word.
 *
 * @throws CliError `usage`
 */
function fitsMethod(
  body: unknown,
  before: unknown,
  { method, body: given }: { readonly method?: unknown; readonly body?: unknown },
): boolean {
  if (method === undefined || (method === "GET") === (before === "GET")) return true;
  if (method !== "GET" || given !== undefined || body === "envelope" || body === "none") return false;
  throw new CliError(
    "usage",
    `A GET has no body, and the endpoint has ${body === "form" ? "the body form" : "a body of its own"}.`,
    {
      hint: "To give the body up, add --body none. `endpoints show … --json` prints it, if you want to keep it.",
    },
  );
}

/** What of an endpoint as shown may be put back: without id, version and state. Unknown keys stay, for the server to judge. */
function writablePart(shown: object | null): Record<string, unknown> {
  const entries = Object.entries(shown ?? {}).filter(
    ([key]) => Object.hasOwn(endpointDocument.shape, key) || !shownKeys.has(key),
  );
  return Object.fromEntries(entries);
}
