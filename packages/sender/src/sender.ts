import { sendAll } from "./batch.ts";
import type { Catalogue, EventOf } from "./catalogue.ts";
import { type Sleep, systemSleep } from "./clock.ts";
import { allAccepted, createDoor, type Door, type DoorOptions, preparationOf } from "./door.ts";
import { SenderError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import { prepareEvent, prepareEvents } from "./prepare.ts";
import { type Random, systemRandom } from "./random.ts";
import { type Connection, encode, post } from "./request.ts";
import type { AcceptedResult, BatchResult } from "./result.ts";

/** Where to send, and how patiently. */
export interface SenderOptions extends DoorOptions {
  /** The server's root, for example `http://127.0.0.1:4400`; a path before `/v1` is kept. */
  readonly url: string | URL;
  /** Sent as bearer token. */
  readonly apiKey: string;
  /** Any fetch that honours `signal`. Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** Tries after the first, on faults that pass: network, 408, 425, 429, 5xx. 0 for none. Default 5. */
  readonly retries?: number;
  /** Milliseconds for one request with all its tries and waits. Default 30,000. */
  readonly timeoutMs?: number;
  /** Milliseconds for one try, after which the next one starts. Default 10,000. */
  readonly tryTimeoutMs?: number;
  /** Waits between tries. Default: the system's timers. */
  readonly sleep?: Sleep;
  /** Spreads the waits. Default: the system's chance. */
  readonly random?: Random;
}

/** Sends events to Postrider; safe to share, holds no connection of its own. */
export interface Sender<Event> extends Door<Event> {
  /**
   * Sends one event. When it resolves, the event is committed.
   *
   * @throws SenderError, any code but `invalid_options`
   * @example
   * ```ts
   * const { event_id } = await sender.send({ type: "conversion.approved", data: { click_id: "c-1", payout: 1.5 } });
   * ```
   */
  send(event: Event): Promise<AcceptedResult>;
  /**
   * Sends many events, a thousand per request, one request after the other; a request that the server finds too large
   * is halved. Every event is checked before the first request goes out. A conflict is a result here, not an error.
   *
   * When a request fails for good, the rest is not sent. If no request had succeeded before, this throws; otherwise
   * the events that are not known to be accepted get the status `failed`.
   *
   * @returns one result per event, in order
   * @throws SenderError `invalid_event` before anything is sent; any code but `conflict` and `invalid_options` while nothing was
   */
  sendBatch(events: readonly Event[]): Promise<BatchResult[]>;
}

/**
 * A sender for one server. With a catalogue, wrong data does not compile, and is refused before anything is sent.
 *
 * @throws SenderError `invalid_options`
 * @example
 * ```ts
 * const sender = createSender({ url: "http://127.0.0.1:4400", apiKey, catalogue });
 * ```
 */
export function createSender<const C extends Catalogue>(
  options: SenderOptions & { readonly catalogue: C },
): Sender<EventOf<C>>;
export function createSender(options: SenderOptions & { readonly catalogue?: never }): Sender<AnyEvent>;
export function createSender(options: SenderOptions): Sender<AnyEvent> {
  const preparation = preparationOf(options);
  const connection = connectionOf(options, () => preparation.now());
  const door = createDoor(options as DoorOptions & { catalogue: Catalogue }) as Door<AnyEvent>;
  return {
    accept: (tx, events) => door.accept(tx, events),
    async send(event) {
      const { document, text } = await prepareEvent(event, preparation);
      const results = await post(connection, { events: [document], body: encode(text) });
      const [result] = allAccepted(results, [document], false);
      return result as AcceptedResult;
    },
    async sendBatch(events) {
      return sendAll(connection, await prepareEvents(events, preparation));
    },
  };
}

function connectionOf(options: SenderOptions, now: () => number): Connection {
  const { apiKey, retries = 5, timeoutMs = 30_000, tryTimeoutMs = 10_000 } = options;
  check(
    "apiKey",
    typeof apiKey === "string" && /^[!-~]+$/.test(apiKey),
    "the server's API key: visible ASCII, no spaces or line ends",
  );
  check("retries", Number.isSafeInteger(retries) && retries >= 0, "a whole number from 0");
  check("timeoutMs", Number.isFinite(timeoutMs) && timeoutMs > 0, "a number of milliseconds above 0");
  check(
    "tryTimeoutMs",
    Number.isFinite(tryTimeoutMs) && tryTimeoutMs > 0,
    "a number of milliseconds above 0",
  );
  return {
    url: eventsUrl(options.url),
    apiKey,
    // Looked up at each call, as the application may replace or instrument the global one later.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    retries,
    timeoutMs,
    tryTimeoutMs,
    now,
    sleep: options.sleep ?? systemSleep,
    random: options.random ?? systemRandom,
  };
}

function eventsUrl(given: string | URL): string {
  const url = URL.parse(given);
  const good = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  check(
    "url",
    good,
    "the server's http or https address without user and password, for example http://127.0.0.1:4400",
  );
  return `${url?.origin}${url?.pathname.replace(/\/+$/, "")}/v1/events`;
}

function check(option: string, good: boolean, expected: string): void {
  if (!good)
    throw new SenderError("invalid_options", { option }, `The option ${option} must be ${expected}.`);
}
