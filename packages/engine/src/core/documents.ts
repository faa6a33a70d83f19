/**
 * The documents operators write, as they are stored and shown: the words of the HTTP API. Schemas that check them
 * live at the edges; `compileEndpoint` turns an endpoint document into what an attempt needs.
 */
import { parseExactJson } from "./exact-json.ts";
import type { BodySource } from "./template/index.ts";

export interface PartnerDocument {
  readonly name: string;
  /** Requests per second, over the whole cluster; null for no limit. Default null. */
  readonly rate_per_second: number | null;
  /** Requests that may go at once after a quiet time. Default: the rate, rounded up (at least 1). */
  readonly burst: number | null;
  /** Requests in flight at most, per dispatching process. Default 16. */
  readonly max_in_flight: number;
  /** Operators are told where nothing was delivered for so long. Null: never. */
  readonly silent_after: string | null;
  /**
   * While so many deliveries wait, events addressed to the partner are refused (`backlog_full`); events that go to many never
   * are. A ceiling, not an exact number: calls at the same time may pass it by what they hold, and above 1,000 what waits is
   * counted once a second. Null: none. Default null.
   */
  readonly max_backlog: number | null;
}

export interface RetryDocument {
  /** The waits between attempts: n entries are n retries, then the delivery is dead. */
  readonly schedule: readonly string[];
  /** The ladder for 4xx answers that are usually somebody's mistake: short and slow. */
  readonly client_error_schedule: readonly string[];
  /** `full`: a random wait between 0 and the scheduled one. `equal`: between half and all of it. `none`: exact. For `client_error_schedule`, `full` means `equal`. */
  readonly jitter: "full" | "equal" | "none";
  /** From acceptance (or replay); a delivery that has not succeeded by then ends as `expired`. */
  readonly expires_after: string;
  /** The longest wait a partner may ask for by Retry-After. */
  readonly retry_after_max: string;
}

export interface OrderDocument {
  /** The longest that a delivery waits for those of its `order_key` before it. Then it goes although they wait still. */
  readonly max_hold: string;
}

export interface BreakerDocument {
  /** Failures in a row that open the circuit. */
  readonly consecutive_failures: number;
  /** The part of the requests of a window, 0 to 1, that opens it where it failed. */
  readonly failure_ratio: number;
  readonly window: string;
  /** Requests of a window before its ratio counts. */
  readonly minimum: number;
  /** The wait before the first probe; each that fails doubles it, up to `longest_wait`. */
  readonly first_wait: string;
  readonly longest_wait: string;
}

export interface EndpointDocument {
  readonly url: string;
  readonly method: "GET" | "POST" | "PUT";
  /** Event types: exact, `prefix.*`, or `*`. */
  readonly events: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodySource;
  readonly retry: RetryDocument;
  /** One deadline over the whole exchange. */
  readonly timeout: string;
  /** False: the backlog is kept and nothing is sent. */
  readonly enabled: boolean;
  /** The signatures of a request: `v1` (HMAC-SHA256), `v1a` (ed25519), both, or none. */
  readonly signing: readonly ("v1" | "v1a")[];
  /** Whether deliveries with the same `order_key` go one after the other, as they were accepted. Null: no order. */
  readonly order: OrderDocument | null;
  /** When the endpoint is left alone for a while because it fails. Null: never. */
  readonly breaker: BreakerDocument | null;
  /** The endpoint is paused, its backlog kept, after failing for so long without a success. Null: never. */
  readonly disable_after: string | null;
}

/** What an endpoint document that names only its URL means. */
export const endpointDefaults = {
  method: "POST",
  events: ["*"],
  headers: {},
  retry: {
    schedule: ["5s", "1m", "5m", "30m", "2h", "6h", "12h", "24h", "24h"],
    client_error_schedule: ["5m", "1h", "6h"],
    jitter: "full",
    expires_after: "80h",
    retry_after_max: "24h",
  },
  timeout: "10s",
  enabled: true,
  signing: ["v1"],
  order: null,
  breaker: {
    consecutive_failures: 10,
    failure_ratio: 0.5,
    window: "60s",
    minimum: 20,
    first_wait: "5s",
    longest_wait: "10m",
  },
  disable_after: "5d",
} as const;

export const partnerDefaults = {
  rate_per_second: null,
  burst: null,
  max_in_flight: 16,
  silent_after: null,
  max_backlog: null,
} as const;

/**
 * An endpoint document from its JSON text, as the ledger stores it. Numbers in its body keep their digits; keys that
 * were unknown when it was stored are absent. The body's depth must have been checked, as `checkEndpoint` does.
 *
 * @example parseEndpointDocument('{"url":"https://a.example/","body":{"rate":10.50},…}')
 */
export function parseEndpointDocument(text: string): EndpointDocument {
  const document = JSON.parse(text) as EndpointDocument;
  if (typeof document.body !== "object") return document;
  // Only the body: elsewhere numbers are settings, with which the code calculates.
  return { ...document, body: (parseExactJson(text) as EndpointDocument).body };
}
