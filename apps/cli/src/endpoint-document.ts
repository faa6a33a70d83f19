import { parseExactJson } from "@postrider/engine/exact-json";
import type { OptionDefinition } from "./command.ts";
import type { Context } from "./context.ts";
import { CliError } from "./exit.ts";
import { readInput } from "./input.ts";

/** The flags of `endpoints put` that make up an endpoint document. */
export const endpointOptions = {
  method: { kind: "text", value: "method", summary: "how", choices: ["GET", "POST", "PUT"] },
  event: { kind: "list", value: "type", summary: "event types: exact, prefix.* or *; several times" },
  header: {
    kind: "list",
    value: "name: value",
    summary: "a header to send; several times, takes the place of those before",
  },
  body: {
    kind: "text",
    value: "body",
    summary: "envelope, form, none, a JSON document with macros, or @file",
  },
  timeout: { kind: "text", value: "duration", summary: "one deadline over the whole exchange" },
  schedule: {
    kind: "text",
    value: "durations",
    summary: "waits between attempts, e.g. 5s,1m,10m; none for no retries",
  },
  jitter: {
    kind: "text",
    value: "jitter",
    summary: "how waits are spread",
    choices: ["full", "equal", "none"],
  },
  expiresAfter: { kind: "text", value: "duration", summary: "give up after this long" },
  signing: { kind: "text", value: "schemes", summary: "v1, v1a, both as v1,v1a, or none" },
  order: {
    kind: "text",
    value: "hold",
    summary:
      "send deliveries of the same order_key one after the other; wait this long for one at most; or none",
  },
  breaker: {
    kind: "text",
    value: "on|off",
    summary: "leave it alone for a while when it fails",
    choices: ["on", "off"],
  },
  disableAfter: {
    kind: "text",
    value: "duration",
    summary: "pause it after failing for so long; never for not at all",
  },
  enable: { kind: "switch", summary: "send to it" },
  disable: { kind: "switch", summary: "keep its backlog and send nothing" },
} as const satisfies Record<string, OptionDefinition>;

interface EndpointFlags {
  readonly method: string | undefined;
  readonly event: readonly string[];
  readonly header: readonly string[];
  readonly body: string | undefined;
  readonly timeout: string | undefined;
  readonly schedule: string | undefined;
  readonly jitter: string | undefined;
  readonly expiresAfter: string | undefined;
  readonly signing: string | undefined;
  readonly order: string | undefined;
  readonly breaker: string | undefined;
  readonly disableAfter: string | undefined;
  readonly enable: boolean;
  readonly disable: boolean;
}

const writableKeys = new Set([
  "url",
  "method",
  "events",
  "headers",
  "body",
  "retry",
  "timeout",
  "enabled",
  "signing",
  "order",
  "breaker",
  "disable_after",
]);
const shownKeys = new Set([
  "id",
  "partner",
  "version",
  "state",
  "held_until",
  "note",
  "circuit",
  "warnings",
  "created_at",
  "updated_at",
]);

/**
 * The document to put: what stands (`base`), and what the flags name. A body that stood goes with POST and PUT alike.
 *
 * @throws CliError `usage`
 */
export async function endpointDocument(
  context: Pick<Context, "cwd" | "stdin">,
  url: string | undefined,
  flags: EndpointFlags,
  base: object | null,
): Promise<Record<string, unknown>> {
  const { body, ...kept } = writablePart(base);
  const fits = body !== undefined && fitsMethod(body, kept["method"], flags);
  return {
    ...kept,
    ...(fits ? { body } : {}),
    ...(await documentFromFlags(context, url, flags, base)),
  };
}

/**
 * Whether the body that stands is put back. Only a GET has none: a body that would be lost with the change is not dropped
 * without a word.
 *
 * @throws CliError `usage`
 */
function fitsMethod(body: unknown, before: unknown, { method, body: given }: EndpointFlags): boolean {
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
  const entries = Object.entries(shown ?? {}).filter(([key]) => writableKeys.has(key) || !shownKeys.has(key));
  return Object.fromEntries(entries);
}

async function documentFromFlags(
  context: Pick<Context, "cwd" | "stdin">,
  url: string | undefined,
  flags: EndpointFlags,
  base: object | null,
): Promise<Record<string, unknown>> {
  if (flags.enable && flags.disable)
    throw new CliError("usage", "--enable and --disable exclude each other.");
  const retry = {
    ...(flags.schedule === undefined ? {} : { schedule: listOf(flags.schedule) }),
    ...(flags.jitter === undefined ? {} : { jitter: flags.jitter }),
    ...(flags.expiresAfter === undefined ? {} : { expires_after: flags.expiresAfter }),
  };
  const before = base !== null && "retry" in base && typeof base.retry === "object" ? base.retry : null;
  const standing = base !== null && "breaker" in base ? base.breaker : null;
  return {
    ...(url === undefined ? {} : { url }),
    ...(flags.method === undefined ? {} : { method: flags.method }),
    ...(flags.event.length === 0 ? {} : { events: flags.event }),
    ...(flags.header.length === 0 ? {} : { headers: Object.fromEntries(flags.header.map(parseHeader)) }),
    ...(flags.body === undefined ? {} : { body: await parseBody(context, flags.body) }),
    ...(Object.keys(retry).length === 0 ? {} : { retry: { ...before, ...retry } }),
    ...(flags.timeout === undefined ? {} : { timeout: flags.timeout }),
    ...(flags.signing === undefined ? {} : { signing: listOf(flags.signing) }),
    ...(flags.order === undefined
      ? {}
      : { order: flags.order === "none" ? null : { max_hold: flags.order } }),
    ...(flags.breaker === undefined ? {} : { breaker: flags.breaker === "off" ? null : (standing ?? {}) }),
    ...(flags.disableAfter === undefined
      ? {}
      : { disable_after: flags.disableAfter === "never" ? null : flags.disableAfter }),
    ...(flags.enable || flags.disable ? { enabled: flags.enable } : {}),
  };
}

/** `5s,1m` as a list; `none` as an empty one. */
function listOf(text: string): readonly string[] {
  return text === "none"
    ? []
    : text
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon < 1)
    throw new CliError("usage", `--header "${text}" has no colon.`, {
      hint: "Like this: --header 'x-source: postrider'",
    });
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

async function parseBody(context: Pick<Context, "cwd" | "stdin">, text: string): Promise<unknown> {
  if (["envelope", "form", "none"].includes(text)) return text;
  if (text.startsWith("@")) return readInput.json(context, text.slice(1));
  try {
    return parseExactJson(text);
  } catch {
    throw new CliError("usage", `--body "${text}" is neither a word nor JSON.`, {
      hint: "Give envelope, form, none, a JSON document, or @file.",
    });
  }
}
