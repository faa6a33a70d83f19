/**
 * The client of the HTTP API for commands. Every fault is a `CliError` with its exit code, so that commands describe only
 * what they do if the call succeeds.
 *
 * @packageDocumentation
 */
import {
  ApiError,
  type Client,
  ClientError,
  createClient,
  NoAnswerError,
  UnexpectedAnswerError,
  UnreachableError,
} from "@postrider/client";
import type { Status as StatusAnswer } from "@postrider/contract";
import { CliError } from "./exit.ts";

/** An answer in which older servers leave out these keys. */
type Grown<Answer, Keys extends keyof Answer> = Omit<Answer, Keys> & Partial<Pick<Answer, Keys>>;

/** What commands read of a process of the ledger. */
export type ProcessStatus = Pick<
  StatusAnswer["processes"][number],
  "name" | "self" | "version" | "dispatching" | "conditions"
>;

/** What a server says about itself, which may be older than the command. */
export type Status = Grown<
  Omit<StatusAnswer, "ledger" | "turns" | "dispatcher" | "processes" | "endpoints">,
  "node" | "conditions" | "allow_targets" | "signing_keys_missing" | "vacuum" | "numbers_running_out"
> & {
  readonly ledger: Grown<StatusAnswer["ledger"], "id" | "copied">;
  readonly turns: Grown<StatusAnswer["turns"], "reach" | "fault">;
  readonly dispatcher: Grown<StatusAnswer["dispatcher"], "processes">;
  readonly processes?: readonly ProcessStatus[];
  readonly endpoints: Grown<StatusAnswer["endpoints"], "paused">;
};

export interface ApiOptions {
  readonly url: string;
  readonly apiKey: string | null;
  /** Aborts every call under way. */
  readonly signal: AbortSignal;
  /** A call without an answer ends after this long. Default 30,000. */
  readonly timeoutMs?: number;
}

/** The client, whose documents come from files and flags: the server checks them. It may be older than the command. */
export type ApiClient = Omit<
  Client,
  "allPartners" | "allDeliveries" | "putPartner" | "putEndpoint" | "rotateSecret" | "status"
> & {
  putPartner(id: string, document: unknown): ReturnType<Client["putPartner"]>;
  putEndpoint(partner: string, id: string, document: unknown): ReturnType<Client["putEndpoint"]>;
  rotateSecret(
    id: string,
    request: { overlap?: string; scheme?: string; signing_secret?: string },
  ): ReturnType<Client["rotateSecret"]>;
  status(): Promise<Status>;
};

/**
 * Calls to one server.
 *
 * @example const { partners } = await createApiClient({ url, apiKey, signal }).listPartners({ limit: 50 })
 */
export function createApiClient(options: ApiOptions): ApiClient {
  const {
    allPartners: _,
    allDeliveries: __,
    url,
    ...calls
  } = createClient({
    ...options,
    headers: { "user-agent": "postrider-cli" },
  });
  const wrapped = Object.entries(calls).map(([name, call]) => [
    name,
    (...given: unknown[]) =>
      (call as (...given: unknown[]) => Promise<unknown>)(...given).catch((error: unknown) => {
        throw asCliError(error, options.signal);
      }),
  ]);
  return { ...(Object.fromEntries(wrapped) as Omit<ApiClient, "url">), url };
}

const keyHint =
  "Give the server's key by --api-key or POSTRIDER_API_KEY, or run this where the server's data folder is (POSTRIDER_DATA_DIR).";

/** What a failed call of the client is for a command; other errors stay as they are. */
export function asCliError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new CliError("interrupted", "Interrupted.");
  if (!(error instanceof ClientError)) return error;
  const { code, message } = error;
  if (error instanceof ApiError) {
    const { status, issues } = error;
    const hint = status === 401 ? keyHint : error.hint;
    return new CliError(status === 404 ? "notFound" : "failed", message, { code, hint, issues });
  }
  if (error instanceof UnexpectedAnswerError)
    return new CliError("failed", message, {
      code,
      hint: "Is this really a Postrider server? Check --url, and a proxy on the way.",
    });
  if (error instanceof NoAnswerError)
    return new CliError("unreachable", message, {
      code,
      hint: "It may be busy, or stand still: look at its log and /readyz, and ask for less (since/until, partner or state). A change may have been made all the same: look before you repeat it.",
      cause: error,
    });
  const hint =
    error instanceof UnreachableError && error.detail.startsWith("ERR_SSL")
      ? `What listens there does not speak TLS. Try ${error.url.replace(/^https:/, "http:")}.`
      : "Start one with: postrider start. If it runs elsewhere, name it with --url or POSTRIDER_URL.";
  return new CliError("unreachable", message, { code, hint, cause: error });
}
