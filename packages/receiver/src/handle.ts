import type { HeaderSource, RawBody, Verified } from "@postrider/protocol";
import { accepted, failed, inProgress, refusal } from "./answer.ts";
import { tooLarge } from "./body.ts";
import { type Now, systemNow } from "./clock.ts";
import { isReceiverError, ReceiverError } from "./errors.ts";
import type { Answer, Claim, ReplayStore } from "./replay-store.ts";
import { verify, type VerifyOptions } from "./verify.ts";

/** 35 days: longer than any retry ladder and replay of the sender, so that no repeat outlives the memory of it. */
export const defaultKeepMs = 35 * 24 * 60 * 60 * 1000;

/** One request, as an adapter sees it. */
export interface ReceivedRequest {
  headers: HeaderSource;
  /** The bytes as received. @throws ReceiverError `body_already_parsed`, `body_too_large`, `body_incomplete` */
  rawBody(maxBytes: number): RawBody | Promise<RawBody>;
}

/** A verified message. */
export interface Message extends Verified {
  rawBody: RawBody;
  /** The body as JSON; unchecked, so parse it with a schema. @throws ReceiverError `json_malformed` */
  json(this: void): unknown;
}

/**
 * What a handler may return: nothing (200 `ok`), or a status from 200 to 599 and a short body. A status other than 2xx
 * means "not done", and the id is released. Anything else that it returns, such as a row, counts as done.
 */
export type HandlerResult = void | { status: number; body?: string };

/** What went wrong with one request. */
export interface Failure {
  error: unknown;
  /** What the sender was told. */
  status: number;
  /** Absent if the message was not verified. */
  id?: string;
}

/** Gives the sender's operators words for a refusal: `diagnose`, in test mode only. */
export type Explain = (
  rawBody: RawBody,
  headers: HeaderSource,
  options: VerifyOptions,
) => Promise<{ findings: ReadonlyArray<{ cause: string; message: string }> }>;

/** How to receive. */
export interface HandleOptions extends Omit<VerifyOptions, "now"> {
  store: ReplayStore;
  /** Runs once per id. Throwing means "try again later"; a `ReceiverError` means its own status. */
  handler: (message: Message) => HandlerResult | Promise<HandlerResult>;
  /** Told of every refusal and failure, for logs. Holds no secret; `error` of your handler is your own. If it throws or rejects, that is one line on the console. */
  onError: (failure: Failure) => void;
  /** Default 1,048,576. */
  maxBodyBytes?: number;
  /** How long one run of the handler may take; after it a retry runs the handler again. Default 60,000. */
  leaseMs?: number;
  /** How long ids are remembered. At least the sender's retry and replay horizon. Default {@link defaultKeepMs}. */
  keepMs?: number;
  /** Give `diagnose` here in test mode, and refusals say in words what to change. */
  explain?: Explain;
  now?: Now;
}

/** Turns a request into an answer; adapters put it behind a framework. Never rejects. */
export type Endpoint = (request: ReceivedRequest) => Promise<Answer>;

/**
 * Verifies, claims the id, runs the handler, answers. The handler runs once per id among all that share the store,
 * except that a run cut off by a crash, or longer than `leaseMs`, may be repeated.
 *
 * @example
 * ```ts
 * const endpoint = handle({ secrets, store: memoryStore(), onError: console.error, handler: async ({ json }) => save(json()) });
 * export const POST = webHandler(endpoint);
 * ```
 */
export function handle(options: HandleOptions): Endpoint {
  const { now = systemNow, maxBodyBytes = 1_048_576, explain } = options;

  return async (request) => {
    let rawBody: RawBody | undefined;
    let verified: Verified | undefined;
    try {
      rawBody = await request.rawBody(maxBodyBytes);
      checkSize(rawBody, maxBodyBytes);
      verified = await verify(rawBody, request.headers, optionsAt(options, now()));
      return await once(options, messageOf(verified, rawBody));
    } catch (error) {
      const coded = isReceiverError(error);
      const answer = coded ? refusal(error) : failed(error instanceof StoreFailure ? 503 : 500);
      const told = error instanceof StoreFailure ? error.cause : error;
      report(options, { error: told, status: answer.status, ...(verified && { id: verified.id }) });
      if (!coded || explain === undefined || rawBody === undefined || verified !== undefined) return answer;
      try {
        const { findings } = await explain(rawBody, request.headers, optionsAt(options, now()));
        const words = findings.map(({ cause, message }) => ({ cause, message }));
        return { ...answer, body: JSON.stringify({ error: error.code, findings: words }) };
      } catch (thrown) {
        sayThrown("explain", thrown);
        return answer;
      }
    }
  };
}

async function once(options: HandleOptions, message: Message): Promise<Answer> {
  const { store, handler, leaseMs = 60_000, keepMs = defaultKeepMs } = options;
  const claim = await claimed(store, message.id, leaseMs);
  if (claim.state === "done") return claim.answer;
  if (claim.state === "in_progress") return inProgress(claim.retryAfterMs);

  // A store that fails from here on is reported and does not change the answer: the lease ends by itself.
  const settle = async (status: number, step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      report(options, { error, status, id: message.id });
    }
  };
  const release = () => store.release(message.id, claim.token);
  let result: unknown;
  try {
    result = await handler(message);
  } catch (error) {
    await settle(500, release);
    throw error;
  }
  // The handler has done its work: from here on nothing may throw, or it would run again.
  const answer = answerOf(result);
  const success = answer.status < 300;
  await settle(
    answer.status,
    success ? () => store.complete(message.id, claim.token, answer, keepMs) : release,
  );
  return answer;
}

async function claimed(store: ReplayStore, id: string, leaseMs: number): Promise<Claim> {
  try {
    return await store.claim(id, leaseMs);
  } catch (cause) {
    throw new StoreFailure(cause);
  }
}

/**
 * The answer for what the handler returned. Whatever is no status of a final answer (RFC 9110, section 15: a whole
 * number from 200 to 599) means nothing here, such as the row that it saved: the work is done.
 */
function answerOf(result: unknown): Answer {
  try {
    const { status, body } = result as Record<string, unknown>;
    if (Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599)
      return {
        status: status as number,
        headers: accepted.headers,
        body: typeof body === "string" ? body : "",
      };
  } catch {
    // Null, undefined, or an object whose properties throw.
  }
  return accepted;
}

/** Calls the hook, does not wait for it, and does not fail with it. */
function report({ onError }: HandleOptions, failure: Failure): void {
  const thrown = (error: unknown) => sayThrown("onError", error);
  try {
    // A hook may be an async function, although the type does not say so.
    Promise.resolve(onError(failure) as unknown).catch(thrown);
  } catch (error) {
    thrown(error);
  }
}

/** A hook that throws is a fault of the receiver's program: one line, and the answer stays what it was. */
function sayThrown(hook: string, error: unknown): void {
  let words = "something that is no error";
  try {
    words = String(error).replace(/\s+/g, " ");
  } catch {
    // An object without a usable toString.
  }
  // oxlint-disable-next-line no-console -- the hook that logs is what failed, and a library has no other place
  console.error(`@postrider/receiver: ${hook} threw: ${words}`);
}

function messageOf(verified: Verified, rawBody: RawBody): Message {
  return {
    ...verified,
    rawBody,
    json() {
      try {
        return JSON.parse(
          typeof rawBody === "string" ? rawBody : new TextDecoder("utf-8", { fatal: true }).decode(rawBody),
        );
      } catch {
        throw new ReceiverError(
          "json_malformed",
          {},
          "The body is not JSON in UTF-8, although it is validly signed: ask the sender.",
        );
      }
    },
  };
}

function optionsAt({ secrets, toleranceSeconds, headerPrefix }: HandleOptions, now: Date): VerifyOptions {
  return { secrets, now, toleranceSeconds, headerPrefix };
}

function checkSize(rawBody: RawBody, limitBytes: number): void {
  // Only bodies that a framework has read already come this far; a string has at most 3 bytes for each of its units.
  const size = typeof rawBody === "string" ? new TextEncoder().encode(rawBody).length : rawBody.byteLength;
  if (size > limitBytes) throw tooLarge(limitBytes);
}

/** Marks what the store threw, to tell it from what the handler throws. */
class StoreFailure extends Error {
  constructor(cause: unknown) {
    super("The replay store failed.", { cause });
  }
}
