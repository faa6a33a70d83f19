import type { Dispatcher } from "undici";
import type { ExchangeSettings } from "../core/exchange-settings.ts";
import type { Clock } from "../ports/clock.ts";
import type { Exchange, LookupWatch } from "../ports/transport.ts";
import type { Abortable, AbortGroup } from "./abort-groups.ts";
import { RefusedAnswer } from "./answer-head.ts";
import { cancelConnect, type Carried, type Connection } from "./connection.ts";
import type { Deadlines, Overdue } from "./deadlines.ts";
import { type Failure, failureOf, isReset, isTrailerOverflow, type Phase } from "./failure.ts";
import type { RoutedOptions } from "./origin-pools.ts";
import type { Connecting } from "./pending-dial.ts";
import { ResponseBody } from "./response-body.ts";

/** What an exchange needs of the transport that made it. */
export interface ExchangeHost {
  readonly deadlines: Deadlines;
  readonly responseBodyCapBytes: number;
  readonly after: Clock["after"];
  /** Why a name that is still being looked up has no address yet. */
  lookupLateness(hostname: string): Failure | null;
  /** Sends the request again over a new connection. */
  redispatch(options: RoutedOptions, exchange: PendingExchange): void;
}

/** Handed to undici where an exchange is already settled; nobody reads it. One for all: an error is slow to make. */
const exchangeOver = new Error("The exchange is over.");

/**
 * A reused connection that is closed this soon after the request was written had most likely been closed by the
 * partner before: the two crossed on the way. Later than a slow round trip it was a decision of the partner.
 */
const keepAliveRaceMs = 1_000;
/** A name look-up of this length takes long; most are over before. */
const longLookupMs = 10;

/**
 * One request on its way: undici's handler, the deadline's entry, and the result, in one object, since this is
 * made for each attempt. Whatever ends first settles it; everything after that is ignored.
 */
export class PendingExchange implements Dispatcher.DispatchHandler, Overdue, Carried, Abortable {
  deadlineAt: number;
  readonly result: Promise<Exchange>;
  group: AbortGroup | null = null;
  placeInGroup = 0;

  readonly #host: ExchangeHost;
  readonly #options: RoutedOptions;
  readonly #watch: LookupWatch | null;
  readonly #timeoutMs: number;
  readonly #answerHeaders: readonly string[] | undefined;
  readonly #resolve: (exchange: Exchange) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #startedAt: number;
  /** Set by the client that takes the request; null while it waits for a free connection. */
  #connection: Connection | null = null;
  #waited = false;
  #begun = false;
  /** The name look-up that is under way, and whether it takes long. */
  #lookup: { readonly cancel: () => void; long: boolean } | null = null;
  #phase: Phase = "connect";
  #sentAt = 0;
  #reused = false;
  #over = false;
  #status: number | null = null;
  #headers: Readonly<Record<string, string | string[] | undefined>> = {};
  #body: ResponseBody | null = null;

  constructor(
    host: ExchangeHost,
    options: RoutedOptions,
    { timeoutMs, answerHeaders }: Pick<ExchangeSettings, "timeoutMs" | "answerHeaders">,
    watch: LookupWatch | null,
  ) {
    this.#host = host;
    this.#watch = watch;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#answerHeaders = answerHeaders;
    this.#startedAt = host.deadlines.now();
    this.deadlineAt = this.#startedAt + timeoutMs;
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    this.result = promise;
    this.#resolve = resolve;
    host.deadlines.add(this);
  }

  get isOver(): boolean {
    return this.#over;
  }

  onDeadline(): void {
    this.#cancel(this.#lateness() ?? { class: "timeout", message: this.#timeoutMessage() });
  }

  /** What it waited for, if that is not the partner's silence. */
  #lateness(): Failure | null {
    if (this.#connection === null) return this.#begun ? null : noConnection;
    if (this.#lookup !== null) return this.#host.lookupLateness(new URL(this.#options.origin).hostname);
    const late = this.#connection.connecting?.lateness?.();
    return late ? { class: late.class, message: late.message } : null;
  }

  /** To be called when it was handed to undici: if no connection has taken it by then, it waits for one. */
  handedOver(): void {
    this.#waited = this.#connection === null;
  }

  carriedBy(connection: Connection): void {
    this.#connection = connection;
    if (!this.#waited) return;
    // The time it waited was not the partner's.
    this.#waited = false;
    const { deadlines } = this.#host;
    deadlines.remove(this);
    this.#startedAt = deadlines.now();
    this.deadlineAt = this.#startedAt + this.#timeoutMs;
    deadlines.add(this);
  }

  connecting(attempt: Connecting): void {
    if (this.#lookup !== null) return;
    const lookup = {
      long: false,
      cancel: this.#host.after(longLookupMs, () => {
        lookup.long = true;
        this.#watch?.began();
      }),
    };
    this.#lookup = lookup;
    attempt.once("lookup", () => this.#lookedUp());
  }

  #lookedUp(): void {
    const lookup = this.#lookup;
    if (lookup === null) return;
    this.#lookup = null;
    lookup.cancel();
    if (lookup.long) this.#watch?.ended();
  }

  /** Ends the exchange because the caller wants it. */
  abort(): void {
    this.#cancel({ class: "aborted", message: `Aborted while ${waiting[this.#phase]}.` });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown before a byte is written, undici drops the request and keeps the connection.
    if (this.#over) throw exchangeOver;
    this.#controller = controller;
    this.#begun = true;
    this.#phase = "headers";
    this.#reused = this.#connection!.requestsBegun > 0;
    this.#connection!.requestsBegun += 1;
    this.#connection!.answers.begin();
    if (this.#reused) this.#sentAt = this.#host.deadlines.now();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#over || status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#phase = "body";
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    this.#body ??= new ResponseBody(this.#host.responseBodyCapBytes);
    if (this.#body.push(chunk)) return;
    this.#settle(null, true);
    this.#controller?.abort(exchangeOver);
  }

  onResponseEnd(): void {
    this.#settle(null, this.#connection!.answers.cut);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#over) return;
    if (this.#isKeepAliveRace(error)) return this.#sendAgain();
    // All of the answer was there except the end of its trailers, which nobody reads.
    if (isTrailerOverflow(error, this.#phase)) return this.#settle(null, true);
    if (error instanceof RefusedAnswer) {
      this.#status = error.status;
      this.#headers = error.headers;
    }
    this.#settle(failureOf(error, this.#phase, this.#connection?.answers.begun), false);
  }

  #isKeepAliveRace(error: Error): boolean {
    if (!this.#reused || this.#connection!.answers.begun || !isReset(error)) return false;
    return this.#host.deadlines.now() - this.#sentAt <= keepAliveRaceMs;
  }

  /** Once: what is sent on a new connection does not come back here. */
  #sendAgain(): void {
    this.#controller = null;
    this.#connection = null;
    this.#reused = false;
    this.#phase = "connect";
    this.#host.redispatch(this.#options, this);
  }

  #cancel(failure: Failure): void {
    if (this.#over) return;
    this.#settle(failure, false);
    if (this.#controller) this.#controller.abort(exchangeOver);
    else if (this.#connection) cancelConnect(this.#connection);
  }

  #settle(failure: Failure | null, truncated: boolean): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#lookup !== null) this.#lookedUp();
    this.#host.deadlines.remove(this);
    this.group?.delete(this);
    const body = this.#body?.read({
      contentType: first(this.#headers["content-type"]),
      contentEncoding: first(this.#headers["content-encoding"]),
    });
    this.#resolve({
      status: this.#status,
      failure,
      responseBody: body?.text ?? "",
      truncated: truncated || body?.isWhole === false,
      retryAfter: first(this.#headers["retry-after"]),
      location: first(this.#headers["location"]),
      ...(this.#answerHeaders === undefined ? null : { answerHeaders: this.#asked(this.#answerHeaders) }),
      durationMs: this.#host.deadlines.now() - this.#startedAt,
    });
  }

  #asked(names: readonly string[]): Readonly<Record<string, string>> {
    return Object.fromEntries(
      names.flatMap((name) => {
        const value = Object.hasOwn(this.#headers, name) ? first(this.#headers[name]) : null;
        return value === null ? [] : [[name, value]];
      }),
    );
  }

  #timeoutMessage(): string {
    return `${this.#phase}: not over within ${this.#timeoutMs} ms, still ${waiting[this.#phase]}.`;
  }
}

/** The partner did not see the request, and nothing was sent to it. */
const noConnection: Failure = {
  class: "local",
  message: "every connection to this host that may be open was in use.",
};

const waiting: Readonly<Record<Phase, string>> = {
  connect: "connecting (name look-up, TCP, TLS)",
  headers: "waiting for the response's headers",
  body: "reading the response's body",
};

const first = (value: string | string[] | undefined): string | null =>
  (Array.isArray(value) ? value[0] : value) ?? null;
