import { randomUUID } from "node:crypto";
import { PostriderError } from "@postrider/engine";
import { ClientGone } from "./request-body.ts";
import type { Answer } from "./route.ts";

/** The status in the metrics for a call whose caller went away, as in nginx. Nobody reads the answer. */
const clientGone: Answer = { status: 499, text: "" };

const retryAfterSeconds: Readonly<Record<string, string>> = {
  rate_limited: "1",
  busy: "2",
  // A backlog drains when the partner answers, which seldom takes only seconds.
  backlog_full: "60",
  ledger_unavailable: "2",
  ledger_full: "10",
  ledger_read_only: "5",
  shutting_down: "1",
};

/**
 * The documented answer for what went wrong. A fault that is not a `PostriderError` is told to `report` under an id,
 * and the caller gets the id only: messages of foreign errors may hold data. A caller that went away is no fault.
 */
export function failureAnswer(
  error: unknown,
  report: (fault: { requestId: string; error: unknown }) => void,
): Answer {
  if (error instanceof PostriderError) return refusal(error);
  if (error instanceof ClientGone) return clientGone;
  const requestId = randomUUID();
  report({ requestId, error });
  const fault = new PostriderError(
    "internal",
    `A fault in Postrider, logged under request id ${requestId}.`,
    {
      hint: "Sending again is safe. If it stays, look for the request id in the server's log.",
    },
  );
  return { ...refusal(fault), headers: { "x-request-id": requestId } };
}

/** The documented answer for one error. */
export function refusal(error: PostriderError, headers: Readonly<Record<string, string>> = {}): Answer {
  const retryAfter = error.retryAfterSeconds?.toString() ?? retryAfterSeconds[error.code];
  return {
    status: error.status,
    json: { error: error.toJSON() },
    headers: {
      ...headers,
      ...(retryAfter === undefined ? {} : { "retry-after": retryAfter }),
      ...(error.status === 401 ? { "www-authenticate": "Bearer" } : {}),
    },
  };
}
