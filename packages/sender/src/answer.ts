import { type Issue, SenderError } from "./errors.ts";
import type { EventDocument } from "./event.ts";
import { invalidEvent } from "./prepare.ts";
import { type EventResult, readResults } from "./result.ts";
import { retryAfterMs } from "./retry-wait.ts";

/** What came back for one request, read to its end. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

/** What was asked: the events, and how many bytes they took. */
export interface Asked {
  readonly events: readonly EventDocument[];
  readonly byteLength: number;
  /** How often it was sent by now. */
  readonly tries: number;
}

/** Faults that pass by themselves: time-outs, too early, too many, and every fault of the server's side. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * The results an answer holds, one per event and in order.
 *
 * @throws SenderError `unavailable`, `unauthorized`, `payload_too_large`, `invalid_event`, `unexpected_response`
 */
export function readAnswer(answer: Answer, asked: Asked, nowMs: number): EventResult[] {
  const { status } = answer;
  const { events } = asked;
  const body = parseJson(answer.text);
  if (status >= 200 && status <= 299) {
    const results = readResults(
      body["results"],
      events.map((event) => event.event_id),
    );
    if (results !== undefined) return results;
    throw unexpected(status, null, "holds no results that match the events sent", events);
  }
  // A batch of which nothing was taken is refused, but still has its results.
  if (refusedWithResults.has(status)) {
    const results = readResults(
      body["results"],
      events.map((event) => event.event_id),
    );
    if (results !== undefined) return results;
  }
  const { code, words, issues } = readError(body["error"]);
  const single = refusedSingle(status, code, words, events);
  if (single !== undefined) return [single];
  const said = words === null ? `The server answered ${status}.` : `The server answered ${status}: ${words}`;
  if (isTransient(status)) {
    const fields = { tries: asked.tries, status, retryAfterMs: retryAfterMs(answer.retryAfter, nowMs) };
    throw new SenderError("unavailable", fields, `${said} (${asked.tries} tries)`, { events });
  }
  if (status === 401 || status === 403)
    throw new SenderError("unauthorized", { status, serverCode: code }, said, { events });
  if (status === 413)
    throw new SenderError("payload_too_large", { byteLength: asked.byteLength }, said, { events });
  if (status === 400 && code !== null)
    throw invalidEvent(
      issues.length > 0 ? issues : [{ path: "", message: said }],
      "The server refused it",
      events,
    );
  throw unexpected(status, code, words ?? "is not in the form of Postrider's API", events);
}

const refusedWithResults: ReadonlySet<number> = new Set([400, 409, 429]);

/** A request of one event is answered only by its status: 409 for a conflict, 429 for a full backlog. */
function refusedSingle(
  status: number,
  code: string | null,
  words: string | null,
  events: readonly EventDocument[],
): EventResult | undefined {
  const [event, ...more] = events;
  if (event === undefined || more.length > 0) return undefined;
  const refused =
    status === 409 && code === "conflict" ? code : status === 429 && code === "backlog_full" ? code : null;
  if (refused === null) return undefined;
  return { event_id: event.event_id, status: refused, deliveries: 0, error: words ?? refused };
}

function unexpected(
  status: number,
  serverCode: string | null,
  why: string,
  events: readonly EventDocument[],
): SenderError<"unexpected_response"> {
  return new SenderError(
    "unexpected_response",
    { status, serverCode },
    `The answer with status ${status} was not expected: ${why}.`,
    { events },
  );
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return {};
  }
}

function readError(value: unknown): { code: string | null; words: string | null; issues: Issue[] } {
  const { code, message, hint, issues } = asRecord(value);
  const words = [message, hint].filter((part) => typeof part === "string").join(" ");
  return {
    code: typeof code === "string" ? code : null,
    words: words === "" ? null : words,
    issues: Array.isArray(issues) ? issues.map(asIssue) : [],
  };
}

function asIssue(value: unknown): Issue {
  const { path, message } = asRecord(value);
  return {
    path: typeof path === "string" ? path : "",
    message: typeof message === "string" ? message : "is wrong",
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
