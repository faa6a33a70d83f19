import type { AcceptResults, ErrorAnswer, ErrorCode } from "@postrider/contract";

/** One place in a request that is wrong. */
export type ErrorIssue = NonNullable<ErrorAnswer["error"]["issues"]>[number];

/** Any failed call. `code` is stable and in snake_case. An abort by your own signal is no such error: its reason is thrown. */
export class ClientError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A code of this version of the API, or one that a newer server has. */
export type ApiErrorCode = ErrorCode | (string & {});

/**
 * The server refused the call, and says why. Its codes are on the page of errors.
 *
 * @example if (error instanceof ApiError && error.code === "not_found") return null;
 */
export class ApiError extends ClientError<ApiErrorCode> {
  /** The HTTP status. */
  readonly status: number;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** The places in the request that are wrong. */
  readonly issues: readonly ErrorIssue[];
  /** When the call may be made again; null if the server does not say. */
  readonly retryAfterSeconds: number | null;

  constructor(status: number, error: ErrorAnswer["error"], retryAfterSeconds: number | null) {
    super(error.code, error.message);
    this.status = status;
    this.hint = error.hint;
    this.issues = error.issues ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No connection, or one that broke: code `unreachable`. A change may have been made if it broke. */
export class UnreachableError extends ClientError<"unreachable"> {
  readonly url: string;
  /** The system's code, such as `ECONNREFUSED`, or its message. */
  readonly detail: string;

  constructor(url: string, cause: unknown) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const detail =
      inner instanceof Error ? ("code" in inner && String(inner.code)) || inner.message : String(inner);
    super("unreachable", `No Postrider server can be reached at ${url} (${detail}).`, { cause });
    this.url = url;
    this.detail = detail;
  }
}

/** The deadline passed without a whole answer: code `no_answer`. A change may have been made all the same. */
export class NoAnswerError extends ClientError<"no_answer"> {
  readonly url: string;
  readonly timeoutMs: number;

  constructor(url: string, timeoutMs: number, cause: unknown) {
    super("no_answer", `The server at ${url} gave no answer within ${timeoutMs / 1_000} s.`, { cause });
    this.url = url;
    this.timeoutMs = timeoutMs;
  }
}

/** What answered is not Postrider, or something on the way spoke for it: code `unexpected_answer`. */
export class UnexpectedAnswerError extends ClientError<"unexpected_answer"> {
  readonly status: number;

  constructor(message: string, status: number) {
    super("unexpected_answer", message);
    this.status = status;
  }
}

/** What a refusal may hold. */
export interface Refusal {
  readonly error?: ErrorAnswer["error"];
  readonly results?: AcceptResults["results"];
}
