import type { EventDocument } from "./event.ts";

/**
 * Every way this package refuses: what it means and what to do. The README holds the same table; a test keeps them equal.
 *
 * Codes are API: they are never renamed, and a new one is a minor version.
 */
export const senderErrorCodes = {
  invalid_options: {
    meaning: "An argument of createSender, createDoor, defineCatalogue or catalogueJsonSchema is wrong.",
    remedy: "Correct the argument that `fields.option` names.",
  },
  invalid_event: {
    meaning: "An event does not fit the catalogue or the contract.",
    remedy: "Correct the places that `fields.issues` names; a retry cannot help.",
  },
  conflict: {
    meaning: "An event with this id and other content was accepted before.",
    remedy: "Use a new event_id for a new fact, or send the first content again.",
  },
  backlog_full: {
    meaning: "Too many deliveries wait for the partner that the event addresses; nothing was stored.",
    remedy: "Send `error.events` again later, or raise the partner's max_backlog.",
  },
  not_in_transaction: {
    meaning: "The argument of `accept` is not a transaction.",
    remedy:
      "Pass the object that holds your transaction, or `{ query: (sql, params) => … }` bound to it; the guide has a line for each library.",
  },
  no_ledger: {
    meaning: "The database that `accept` used has no Postrider ledger.",
    remedy: "Connect to the database that the server's DATABASE_URL names, or send over HTTP.",
  },
  unauthorized: {
    meaning: "The server refused the API key.",
    remedy: "Check the API key.",
  },
  payload_too_large: {
    meaning: "One event is larger than the server accepts.",
    remedy: "Shorten its data, or send a reference to it. Batches are split automatically.",
  },
  unavailable: {
    meaning: "The server could not be reached or could not accept, after all retries.",
    remedy:
      "Send `error.events` again later: their ids and times are filled in, so nothing is accepted twice.",
  },
  timeout: {
    meaning: "The total time ran out before the server answered.",
    remedy: "Send `error.events` again: events that were accepted answer `duplicate`. Or raise timeoutMs.",
  },
  unexpected_response: {
    meaning: "The answer is not one of Postrider's API, or `accept` did not get the rows of its statement.",
    remedy:
      "Check that url is the server's root and that no proxy answers instead; for `accept`, that query resolves to the rows.",
  },
} as const satisfies Record<string, { meaning: string; remedy: string }>;

/** One of the stable codes of {@link senderErrorCodes}. */
export type SenderErrorCode = keyof typeof senderErrorCodes;

/** One place in an event that is wrong. */
export interface Issue {
  /** Path into what was given, for example `data.payout` or, in a batch, `events[3].data.payout`. */
  readonly path: string;
  readonly message: string;
}

/** What each code carries besides its message. Never the API key or the data of an event. */
export interface SenderErrorFields {
  invalid_options: { readonly option: string };
  invalid_event: { readonly issues: readonly Issue[] };
  conflict: { readonly eventIds: readonly string[] };
  backlog_full: { readonly eventIds: readonly string[] };
  /** `found` says what was given. */
  not_in_transaction: { readonly found: string };
  /** The SQLSTATE of the driver's error, which is the `cause`. */
  no_ledger: { readonly sqlstate: string };
  /** `serverCode` is the code of the server's own error, such as `unauthorized`. */
  unauthorized: { readonly status: number; readonly serverCode: string | null };
  payload_too_large: { readonly byteLength: number };
  /** `status` of the last answer, null where none came; `retryAfterMs` as the server asked. */
  unavailable: {
    readonly tries: number;
    readonly status: number | null;
    readonly retryAfterMs: number | null;
  };
  timeout: { readonly tries: number; readonly timeoutMs: number };
  /** `status` is null for an answer inside the database, from `accept`. */
  unexpected_response: { readonly status: number | null; readonly serverCode: string | null };
}

/**
 * The only error this package throws on purpose. Errors of your database driver pass through `accept` unchanged.
 *
 * @example
 * ```ts
 * try { await sender.send(event) }
 * catch (error) { if (isSenderError(error) && error.code === "unavailable") await outbox.keep(error.events) }
 * ```
 */
export class SenderError<Code extends SenderErrorCode = SenderErrorCode> extends Error {
  override readonly name = "SenderError";
  /** Stable: switch on this, not on the message. */
  readonly code: Code;
  /** Facts for programs; see {@link SenderErrorFields}. */
  readonly fields: SenderErrorFields[Code];
  /**
   * The events of the refused call exactly as they were sent, ids and times filled in: sending these again is safe.
   * Empty where nothing was sent. Not enumerable, so that a logged error does not spill their data.
   */
  declare readonly events: readonly EventDocument[];

  constructor(
    code: Code,
    fields: SenderErrorFields[Code],
    message: string,
    detail: { readonly events?: readonly EventDocument[]; readonly cause?: unknown } = {},
  ) {
    const text = `${message} ${senderErrorCodes[code].remedy}`;
    super(text, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.fields = fields;
    Object.defineProperty(this, "events", { value: detail.events ?? [], configurable: true });
  }
}

/** All errors of the sender as one union, told apart by `code`. */
export type AnySenderError = { [Code in SenderErrorCode]: SenderError<Code> }[SenderErrorCode];

/** Whether `error` is a {@link SenderError}; afterwards `code` narrows `fields`. */
export function isSenderError(error: unknown): error is AnySenderError {
  return error instanceof SenderError;
}
