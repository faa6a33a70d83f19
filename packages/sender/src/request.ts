import pRetry from "p-retry";
import { type Answer, readAnswer } from "./answer.ts";
import type { Now, Sleep } from "./clock.ts";
import { isSenderError, SenderError } from "./errors.ts";
import type { EventDocument } from "./event.ts";
import type { Random } from "./random.ts";
import type { EventResult } from "./result.ts";
import { retryWaitMs } from "./retry-wait.ts";

/** Where requests go, and how long and how often they are tried. */
export interface Connection {
  /** The address of `POST /v1/events`. */
  readonly url: string;
  readonly apiKey: string;
  readonly fetch: typeof globalThis.fetch;
  /** Tries after the first. */
  readonly retries: number;
  /** Over one request with all its tries and waits. */
  readonly timeoutMs: number;
  /** Over one try. */
  readonly tryTimeoutMs: number;
  readonly now: Now;
  readonly sleep: Sleep;
  readonly random: Random;
}

/** The bytes to send and the events they hold. */
export interface Batch {
  readonly events: readonly EventDocument[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Posts a batch until it is answered: every try has the same bytes, and so the same event ids. That the ids stay is
 * what makes a retry safe: what was accepted already answers `duplicate`.
 *
 * @throws SenderError any code but `invalid_options` and `conflict`
 */
export async function post(connection: Connection, batch: Batch): Promise<EventResult[]> {
  const { now, sleep, timeoutMs } = connection;
  const endsAtMs = now() + timeoutMs;
  let tries = 0;
  const deadline = startDeadline(timeoutMs, sleep, () => {
    const message = `No answer within ${timeoutMs} ms, after ${tries} tries.`;
    return new SenderError("timeout", { tries, timeoutMs }, message, { events: batch.events });
  });
  try {
    return await pRetry(
      async () => {
        tries += 1;
        const answer = await tryOnce(connection, batch, { tries, deadline: deadline.signal });
        return readAnswer(answer, { events: batch.events, byteLength: batch.body.length, tries }, now());
      },
      {
        retries: connection.retries,
        // p-retry's own timer cannot be given a clock, so the wait is ours, in the callback it awaits before a retry.
        minTimeout: 0,
        signal: deadline.signal,
        shouldRetry: async ({ error }) => {
          if (!isSenderError(error) || error.code !== "unavailable") return false;
          const waitMs = retryWaitMs(tries, error.fields.retryAfterMs, connection.random);
          if (now() + waitMs >= endsAtMs) return false;
          await sleep(waitMs, deadline.signal);
          return true;
        },
      },
    );
  } finally {
    deadline.end();
  }
}

async function tryOnce(
  connection: Connection,
  { body, events }: Batch,
  { tries, deadline }: { readonly tries: number; readonly deadline: AbortSignal },
): Promise<Answer> {
  const tooLong = startDeadline(
    connection.tryTimeoutMs,
    connection.sleep,
    () => new Error(`no answer within ${connection.tryTimeoutMs} ms`),
  );
  try {
    const response = await connection.fetch(connection.url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${connection.apiKey}`,
        "content-type": "application/json",
        "user-agent": "postrider-sender",
      },
      body,
      // Followed, a redirect could turn the POST into a GET, or carry the key to another host.
      redirect: "manual",
      signal: AbortSignal.any([deadline, tooLong.signal]),
    });
    return {
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      text: await response.text(),
    };
  } catch (cause) {
    // Url and headers were checked before: what fetch throws is the network.
    const why = cause instanceof Error ? describe(cause) : String(cause);
    const fields = { tries, status: null, retryAfterMs: null };
    throw new SenderError(
      "unavailable",
      fields,
      `The server could not be reached: ${why} (${tries} tries).`,
      { events, cause },
    );
  } finally {
    tooLong.end();
  }
}

/** fetch says "fetch failed" and keeps the reason in `cause`. */
function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}, ${error.cause.message}` : error.message;
}

function startDeadline(
  ms: number,
  sleep: Sleep,
  reason: () => Error,
): { readonly signal: AbortSignal; end(): void } {
  const passed = new AbortController();
  const ended = new AbortController();
  const wait = async () => {
    await sleep(ms, ended.signal);
    if (!ended.signal.aborted) passed.abort(reason());
  };
  void wait();
  return { signal: passed.signal, end: () => ended.abort() };
}

/** The bytes of a JSON text. */
export function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
