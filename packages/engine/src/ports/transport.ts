/**
 * How one request reaches a partner. Declared by the attempt; `transport/` has the undici adapter.
 */

import type { ExchangeSettings } from "../core/exchange-settings.ts";

/** A rendered, signed request. Nothing of it is changed on the way to the socket. */
export interface PostbackRequest extends ExchangeSettings {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  /** Lower-case names and values, in the order they are sent. `host` and `content-length` are the transport's. */
  readonly headers: readonly (readonly [string, string])[];
  /** The exact bytes that were signed, or null for no body. */
  readonly body: string | Uint8Array | null;
}

/**
 * Where a failed exchange failed. `local` is not the partner's fault: this process or its machine lacked something, or
 * the request had not begun because no connection was free. Stored with the attempt, shown to operators, read by `classify`. */
export const failureClasses = [
  "target_refused",
  "dns",
  "tls",
  "connect",
  "reset",
  "timeout",
  "protocol",
  "aborted",
  "local",
] as const;
export type FailureClass = (typeof failureClasses)[number];

/** What came back, or why nothing did. A transport never throws for what a partner does. */
export interface Exchange {
  /** The response's status, or null where none arrived. */
  readonly status: number | null;
  /** Set where the exchange did not complete: also after a status, when the body failed before its end. */
  readonly failure: { readonly class: FailureClass; readonly message: string } | null;
  /**
   * The body as text: at most the cap (64 KiB) of bytes, content coding undone, decoded by the charset that the answer
   * names (else UTF-8) with replacement, NUL-safe.
   */
  readonly responseBody: string;
  /**
   * True if not all of the answer was read: the body or the headers went on past their cap and the socket was destroyed,
   * or the body's content coding could not be undone to its end within the cap.
   */
  readonly truncated: boolean;
  /** The raw header values that decisions need; null where absent. */
  readonly retryAfter: string | null;
  readonly location: string | null;
  /** Of the headers that the request asked for, those that the answer has. Absent if it asked for none. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** Milliseconds from the call to the end of the exchange. */
  readonly durationMs: number;
}

/** Called when an exchange starts and stops waiting for name servers: meanwhile it needs nothing that requests in flight share. */
export interface LookupWatch {
  /** Its name look-up takes long. Never called within `send`. */
  began(): void;
  /** It is over, or the exchange is. Called once after each `began`. */
  ended(): void;
}

export interface Transport {
  /**
   * Sends one request and resolves when the exchange is over: at its deadline at the latest, which counts from when a
   * connection is there to take it. Waiting for one ends after `timeoutMs` too, as `local`. Never rejects.
   */
  send(request: PostbackRequest, signal?: AbortSignal, watch?: LookupWatch): Promise<Exchange>;
  /** Closes idle sockets and refuses new requests. */
  close(): Promise<void>;
}
