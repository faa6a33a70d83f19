import { parseExactJson } from "@postrider/contract/exact-json";
import {
  ApiError,
  ClientError,
  NoAnswerError,
  type Refusal,
  UnexpectedAnswerError,
  UnreachableError,
} from "./errors.ts";

/** Which server is called, and how. */
export interface ClientOptions {
  /** The server's address, without a path: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Null for a server that is asked nothing that needs a key. */
  readonly apiKey: string | null;
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
  /** A call without a whole answer ends after this long. Default 30,000. */
  readonly timeoutMs?: number;
  /** Aborts every call that is under way. */
  readonly signal?: AbortSignal;
  /** Headers of every call, such as `user-agent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** For one call. */
export interface CallOptions {
  /** Aborts this call; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** In place of the client's. */
  readonly timeoutMs?: number | undefined;
}

/** A call of the API. Its answer has the type that the route declares; it is not checked. */
export type Call = <T>(method: string, path: string, options?: CallOptions, body?: string) => Promise<T>;

/** Calls one server. Numbers of answers keep their digits: documents and data are shown and put back. */
export function createCall(client: ClientOptions): Call {
  const { apiKey, timeoutMs: usualTimeoutMs = 30_000 } = client;
  const url = client.url.replace(/\/+$/, "");
  const ask = client.fetch ?? fetch;
  return async <T>(method: string, path: string, options: CallOptions = {}, body?: string): Promise<T> => {
    const own = [client.signal, options.signal].filter((one) => one !== undefined);
    for (const signal of own) signal.throwIfAborted();
    const timeoutMs = options.timeoutMs ?? usualTimeoutMs;
    const deadline = AbortSignal.timeout(timeoutMs);
    const headers: Record<string, string> = { accept: "application/json", ...client.headers };
    if (apiKey !== null) headers["authorization"] = `Bearer ${apiKey}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      const response = await ask(url + path, {
        method,
        headers,
        body: body ?? null,
        redirect: "error",
        signal: AbortSignal.any([...own, deadline]),
      });
      return readAnswer(response, await response.text(), `${method} ${path}`) as T;
    } catch (error) {
      if (error instanceof ClientError) throw error;
      for (const signal of own) signal.throwIfAborted();
      if (deadline.aborted) throw new NoAnswerError(url, timeoutMs, error);
      throw new UnreachableError(url, error);
    }
  };
}

function readAnswer(response: Response, text: string, what: string): unknown {
  const { status } = response;
  let parsed: unknown;
  try {
    parsed = text === "" ? {} : parseExactJson(text);
  } catch {
    parsed = null;
  }
  if (response.ok && parsed !== null) return parsed;
  const { error, results } = (parsed ?? {}) as Refusal;
  // A batch of which nothing was taken is refused; the results say why, event by event.
  if (Array.isArray(results)) return parsed;
  if (typeof error?.code !== "string")
    throw new UnexpectedAnswerError(`${what} answered ${status} without a Postrider error.`, status);
  const refusal = { ...error, message: error.message ?? `${what} answered ${status}.` };
  throw new ApiError(status, refusal, readSeconds(response.headers.get("retry-after")));
}

function readSeconds(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text.trim()) ? Number(text) : null;
}
