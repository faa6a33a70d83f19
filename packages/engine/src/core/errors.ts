import { type ErrorCode, errorCodes } from "@postrider/contract";

export { type ErrorCode, errorCodes } from "@postrider/contract";

/** One place in a request that is wrong. */
export interface Issue {
  /** Dotted path into the document, e.g. `events[3].occurred_at` or `url`. */
  readonly path: string;
  readonly message: string;
  /** 0-based character within the value at `path`, for templates. */
  readonly position?: number;
  readonly code?: string;
}

/** An issue in one line. @example issueText({ path: "type", message: "must be a text" }) // "type must be a text" */
export function issueText({ path, message }: Issue): string {
  return path === "" ? message : `${path} ${message}`;
}

/**
 * The one error class of the engine. `code` is stable; `hint` is the remedy; `issues` the places.
 *
 * @example throw new PostriderError("not_found", "There is no partner acme.", { hint: "List the partners." })
 */
export class PostriderError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly issues: readonly Issue[] | undefined;
  /** When trying again may help, if that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    detail: {
      hint?: string;
      issues?: readonly Issue[];
      retryAfterSeconds?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "PostriderError";
    this.code = code;
    this.hint = detail.hint;
    this.issues = detail.issues;
    this.retryAfterSeconds = detail.retryAfterSeconds;
  }

  /** The HTTP status the API answers with. */
  get status(): number {
    return errorCodes[this.code].status;
  }

  /** The body the API answers with, under `error`. */
  toJSON(): { code: ErrorCode; message: string; hint?: string; issues?: readonly Issue[] } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.issues === undefined ? {} : { issues: this.issues }),
    };
  }
}
