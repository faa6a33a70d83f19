/**
 * The HTTP API as typed calls. Every fault is a `CliError` with its exit code, so that commands only tell the good story.
 *
 * @packageDocumentation
 */
import type {
  AcceptResult,
  DeliveryFilter,
  DeliveryGroup,
  DeliveryView,
  Endpoint,
  EndpointWarning,
  EventView,
  MissingKey,
  Operations,
  Partner,
  ReplaySelection,
  ReplayView,
  SigningKey,
  TestPostback,
} from "@postrider/engine";
import { parseExactJson } from "@postrider/engine/exact-json";
import { CliError, type Issue } from "./exit.ts";

/** The answer to a deletion: empty (204), or that a large backlog is still being cancelled (202). */
export type Deleted = { readonly cancelling?: true };
export type EndpointWarnings = Awaited<ReturnType<Operations["endpointWarnings"]>>;
export type Conservation = Awaited<ReturnType<Operations["conservation"]>>;

/** A reason a delivery can end with, in the server's words. */
export interface ReasonView {
  readonly reason: string;
  readonly state: string;
  readonly meaning: string;
}

/** A process of the ledger, as a server shows it. Times are ISO texts. */
export interface ProcessStatus {
  readonly name: string;
  readonly self: boolean;
  readonly version: string | null;
  readonly dispatching: boolean;
  readonly conditions: readonly { readonly name: string; readonly message: string; readonly since: string }[];
}

/** What a server says about itself. Times are ISO texts. */
export interface Status {
  readonly version: string;
  readonly roles: readonly string[];
  readonly ledger: {
    readonly adapter: string;
    readonly version: string;
    readonly migration: number;
    /** Absent from older servers, as the next one. */
    readonly id?: string;
    /** It was copied or restored and not adopted. */
    readonly copied?: boolean;
  };
  readonly turns: {
    readonly adapter: string;
    /** Absent from older servers, as is `fault`. */
    readonly reach?: "process" | "cluster";
    /** Why Redis cannot be used; null: nothing is wrong. */
    readonly fault?: string | null;
  };
  readonly clock: { readonly server_time: string; readonly ledger_time: string; readonly skew_ms: number };
  readonly dispatcher: {
    readonly dispatching: boolean;
    readonly last_progress_at: string | null;
    readonly in_flight: number;
    readonly turns_active: number;
    readonly turns_waiting: number;
    readonly unrecorded: number;
  };
  /** All that gave a sign of life lately. Absent from older servers. */
  readonly processes?: readonly ProcessStatus[];
  readonly backlog: { readonly pending: number; readonly oldest_due_at: string | null };
  /** Absent from older servers. */
  readonly signing_keys_missing?: readonly MissingKey[];
  /** Absent from older servers. */
  readonly vacuum?: {
    readonly held_back_by: readonly {
      readonly since: string | null;
      readonly transactions: number | null;
      readonly found: string;
      readonly remedy: string;
    }[];
    readonly unseen: number;
    readonly dead_pending: number;
  };
  /** Absent from older servers. `used`: a part of 1. */
  readonly numbers_running_out?: readonly { readonly counter: string; readonly used: number }[];
  /** How many are not well, in the whole ledger. */
  readonly endpoints: Readonly<Record<"open" | "half_open" | "ramping" | "failing" | "refusing", number>> & {
    /** Absent: the server is older. */
    readonly paused?: number;
  };
}

export interface ApiOptions {
  readonly url: string;
  readonly apiKey: string | null;
  /** Aborts every call under way. */
  readonly signal: AbortSignal;
  /** A call without an answer ends after this long. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface CreatedReplay extends ReplaySelection {
  /** Null for a dry run. */
  readonly replay_id: string | null;
}

export type Retried = Awaited<ReturnType<Operations["retryNow"]>>["result"];

export type Cancellation = Awaited<ReturnType<Operations["cancelDeliveries"]>>;

export interface ReplayRequest {
  readonly filter: DeliveryFilter;
  readonly dry_run: boolean;
  readonly rate_per_second?: number;
}

export type ApiClient = ReturnType<typeof createApiClient>;

type Query = Readonly<Record<string, string | number | undefined>>;

const partner = (id: string): string => `/v1/partners/${encodeURIComponent(id)}`;
const endpoint = (id: string, name: string): string => `${partner(id)}/endpoints/${encodeURIComponent(name)}`;

/**
 * Calls to one server.
 *
 * @example const { partners } = await createApiClient({ url, apiKey, signal }).listPartners({ limit: 50 })
 */
export function createApiClient(options: ApiOptions) {
  const call = caller(options);
  return {
    url: options.url,
    /** Event documents as JSON texts, sent verbatim: numbers keep their digits. */
    accept: (eventTexts: readonly string[]) =>
      call<{ results: readonly AcceptResult[] }>(
        "POST",
        "/v1/events",
        `{"events":[${eventTexts.join(",")}]}`,
      ),
    event: (id: string) => call<EventView>("GET", `/v1/events/${encodeURIComponent(id)}`),

    listPartners: (page: { limit?: number | undefined; cursor?: string | undefined }) =>
      call<{ partners: readonly Partner[]; next_cursor?: string }>("GET", withQuery("/v1/partners", page)),
    getPartner: (id: string) => call<Partner>("GET", partner(id)),
    putPartner: (id: string, document: unknown) =>
      call<Partner & { signing_secret?: string; signing_secret_given?: true }>(
        "PUT",
        partner(id),
        JSON.stringify(document),
      ),
    deletePartner: (id: string) => call<Deleted>("DELETE", partner(id)),
    pausePartner: (id: string) => call<Partner>("POST", `${partner(id)}/pause`),
    resumePartner: (id: string) => call<Partner>("POST", `${partner(id)}/resume`),
    rotateSecret: (id: string, request: { overlap?: string; scheme?: string; signing_secret?: string }) =>
      call<{
        signing_secret?: string | null;
        signing_secret_given?: true;
        public_key?: string | null;
        keys: readonly SigningKey[];
      }>("POST", `${partner(id)}/rotate-secret`, JSON.stringify(request)),
    keys: (id: string) => call<{ keys: readonly SigningKey[] }>("GET", `${partner(id)}/keys`),

    listEndpoints: (id: string) =>
      call<{ endpoints: readonly Endpoint[] }>("GET", `${partner(id)}/endpoints`),
    getEndpoint: (id: string, name: string) => call<Endpoint>("GET", endpoint(id, name)),
    putEndpoint: (id: string, name: string, document: unknown) =>
      call<Endpoint & { warnings?: readonly EndpointWarning[] }>(
        "PUT",
        endpoint(id, name),
        JSON.stringify(document),
      ),
    endpointWarnings: () => call<EndpointWarnings>("GET", "/v1/endpoint-warnings"),
    deleteEndpoint: (id: string, name: string) => call<Deleted>("DELETE", endpoint(id, name)),
    testEndpoint: (id: string, name: string) => call<TestPostback>("POST", `${endpoint(id, name)}/test`),
    resumeEndpoint: (id: string, name: string) => call<Endpoint>("POST", `${endpoint(id, name)}/resume`),

    listDeliveries: (query: Query) =>
      call<{ deliveries: readonly DeliveryView[]; next_cursor?: string; note?: string }>(
        "GET",
        withQuery("/v1/deliveries", query),
      ),
    delivery: (id: string) => call<DeliveryView>("GET", `/v1/deliveries/${encodeURIComponent(id)}`),
    groups: (query: Query) =>
      call<{ matched: number; groups: readonly DeliveryGroup[]; note?: string }>(
        "GET",
        withQuery("/v1/delivery-groups", query),
      ),

    createReplay: (request: ReplayRequest) =>
      call<CreatedReplay>("POST", "/v1/replays", JSON.stringify(request)),
    listReplays: (limit: number | undefined) =>
      call<{ replays: readonly ReplayView[] }>("GET", withQuery("/v1/replays", { limit })),
    replay: (id: string) => call<ReplayView>("GET", `/v1/replays/${encodeURIComponent(id)}`),
    cancelReplay: (id: string) => call<ReplayView>("DELETE", `/v1/replays/${encodeURIComponent(id)}`),

    cancel: (request: { filter: DeliveryFilter; dry_run: boolean }) =>
      call<Cancellation>("POST", "/v1/cancellations", JSON.stringify(request)),

    retryNow: (request: { filter: DeliveryFilter; dry_run: boolean }) =>
      call<Retried>("POST", "/v1/retries", JSON.stringify(request)),

    status: () => call<Status>("GET", "/v1/status"),
    reasons: () => call<{ reasons: readonly ReasonView[] }>("GET", "/v1/reasons"),
    conservation: () => call<Conservation>("GET", "/v1/conservation"),
  };
}

/** The path with the defined values of a query. */
function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

function caller({ url, apiKey, signal, timeoutMs = 30_000 }: ApiOptions) {
  return async <T>(method: string, path: string, body?: string): Promise<T> => {
    signal.throwIfAborted();
    const headers: Record<string, string> = { accept: "application/json", "user-agent": "postrider-cli" };
    if (apiKey !== null) headers["authorization"] = `Bearer ${apiKey}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      const response = await fetch(url + path, {
        method,
        headers,
        body: body ?? null,
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      return answer(response.status, await response.text(), `${method} ${path}`) as T;
    } catch (error) {
      throw asCliError(error, { url, signal, timeoutMs });
    }
  };
}

/** The parsed answer of a call, or its error. Numbers keep their digits: documents and data are printed and put back. */
function answer(status: number, text: string, what: string): unknown {
  let parsed: unknown;
  try {
    parsed = text === "" ? {} : parseExactJson(text);
  } catch {
    parsed = null;
  }
  if (status >= 200 && status < 300 && parsed !== null) return parsed;
  const { error, results } = (parsed ?? {}) as { error?: ApiErrorBody; results?: unknown };
  // A batch of which nothing was taken is refused; the results say why, event by event.
  if (Array.isArray(results)) return parsed;
  if (error?.code === undefined) {
    throw new CliError("failed", `${what} answered ${status} without a Postrider error.`, {
      code: "unexpected_answer",
      hint: "Is this really a Postrider server? Check --url, and a proxy on the way.",
    });
  }
  throw new CliError(status === 404 ? "notFound" : "failed", error.message ?? `${what} answered ${status}.`, {
    code: error.code,
    hint: status === 401 ? keyHint : error.hint,
    issues: error.issues ?? [],
  });
}

interface AskedServer {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

const keyHint =
  "Give the server's key by --api-key or POSTRIDER_API_KEY, or run this where the server's data folder is (POSTRIDER_DATA_DIR).";

interface ApiErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly issues?: readonly Issue[];
}

function asCliError(error: unknown, { url, signal, timeoutMs }: AskedServer): CliError {
  if (error instanceof CliError) return error;
  if (signal.aborted) return new CliError("interrupted", "Interrupted.");
  if (error instanceof DOMException && error.name === "TimeoutError")
    return new CliError("unreachable", `The server at ${url} gave no answer within ${timeoutMs / 1_000} s.`, {
      code: "no_answer",
      hint: "It may be busy, or stand still: look at its log and /readyz, and ask for less (since/until, partner or state). A change may have been made all the same: look before you repeat it.",
      cause: error,
    });
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const detail =
    cause instanceof Error ? ("code" in cause && String(cause.code)) || cause.message : String(cause);
  return new CliError("unreachable", `No Postrider server can be reached at ${url} (${detail}).`, {
    code: "unreachable",
    hint: detail.startsWith("ERR_SSL")
      ? `What listens there does not speak TLS. Try ${url.replace(/^https:/, "http:")}.`
      : "Start one with: postrider start. If it runs elsewhere, name it with --url or POSTRIDER_URL.",
    cause: error,
  });
}
