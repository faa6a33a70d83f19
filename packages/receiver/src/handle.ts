import type { HeaderSource, RawBody, Verified } from "@postrider/protocol";
import { accepted, failed, inProgress, refusal } from "./answer.ts";
import { tooLarge } from "./body.ts";
import { type Now, systemNow } from "./clock.ts";
import { isReceiverError, ReceiverError } from "./errors.ts";
import type { Answer, ReplayStore } from "./replay-store.ts";
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

/** What a handler may say: nothing (200 `ok`), or a status and a short body. Only 2xx counts as done. */
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
  /** Told of every refusal and failure, for logs. Holds no secret; `error` of your handler is your own. */
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
  const { now = systemNow, maxBodyBytes = 1_048_576, onError, explain } = options;

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
      onError({ error: told, status: answer.status, ...(verified && { id: verified.id }) });
      if (!coded || explain === undefined || rawBody === undefined || verified !== undefined) return answer;
      const { findings } = await explain(rawBody, request.headers, optionsAt(options, now()));
      const words = findings.map(({ cause, message }) => ({ cause, message }));
      return { ...answer, body: JSON.stringify({ error: error.code, findings: words }) };
    }
  };
}

async function once(options: HandleOptions, message: Message): Promise<Answer> {
  const { store, handler, onError, leaseMs = 60_000, keepMs = defaultKeepMs } = options;
  const claim = await store.claim(message.id, leaseMs).catch((cause: unknown) => {
    throw new StoreFailure(cause);
  });
  if (claim.state === "done") return claim.answer;
  if (claim.state === "in_progress") return inProgress(claim.retryAfterMs);

  // A store that fails from here on is reported and does not change the answer: the lease ends by itself.
  const report = (status: number) => (error: unknown) => onError({ error, status, id: message.id });
  try {
    const answer = answerOf(await handler(message));
    const success = answer.status >= 200 && answer.status < 300;
    const step = success
      ? store.complete(message.id, claim.token, answer, keepMs)
      : store.release(message.id, claim.token);
    await step.catch(report(answer.status));
    return answer;
  } catch (error) {
    await store.release(message.id, claim.token).catch(report(500));
    throw error;
  }
}

function answerOf(result: HandlerResult): Answer {
  if (result === undefined) return accepted;
  return { status: result.status, headers: accepted.headers, body: result.body ?? "" };
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
