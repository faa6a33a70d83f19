/** What is sent when a behaviour answers normally. */
export interface Answer {
  /** 200 to 599. Default 200. */
  status?: number;
  /** Default `ok`. */
  body?: string;
  /** Added to, or in place of, `content-type` and `content-length`. */
  headers?: Record<string, string>;
}

/**
 * How the fake partner treats one request. The same shape in TypeScript and in the control API's JSON.
 *
 * Every behaviour is played after the request's body was read whole, as only then it can be recorded and verified.
 */
export type Behaviour =
  /** Answers at once. */
  | ({ kind: "ok" } & Answer)
  /** Answers at once with a status that must be named; the body defaults to `status <n>`. */
  | ({ kind: "status"; status: number } & Omit<Answer, "status">)
  /** Says nothing for `delay_ms`, then answers. */
  | ({ kind: "slow"; delay_ms: number } & Answer)
  /** Sends its headers at once, then a byte every `interval_ms` (default 100) for `duration_ms` (default 10,000). */
  | { kind: "slow_body"; interval_ms?: number; duration_ms?: number; status?: number }
  /** Sends a body without end, as fast as it is read. */
  | { kind: "endless_body"; status?: number }
  /** Resets the connection (TCP RST) without an answer. */
  | { kind: "reset" }
  /** Sends its headers and half of the body they announce, then resets the connection. */
  | { kind: "reset_body"; status?: number }
  /** Sends the caller elsewhere; `status` is 300 to 399, default 302. */
  | { kind: "redirect"; location: string; status?: number }
  /**
   * Answers 429. With `retry_after_ms` it sends `Retry-After`, rounded up to whole seconds, as seconds or as a date.
   * With `per_second` it is a real limiter: a token bucket of `burst` (default `per_second`) answers 200 while it
   * lasts, and the 429 says after how many seconds the next request may come unless `retry_after_ms` says otherwise.
   */
  | {
      kind: "rate_limit";
      retry_after_ms?: number;
      retry_after_form?: "seconds" | "date";
      per_second?: number;
      burst?: number;
    }
  /** Sends bytes that are no HTTP, then closes. */
  | { kind: "garbage" }
  /** Answers with a body that holds NUL and invalid UTF-8. */
  | { kind: "nul_body"; status?: number }
  /** Never answers, and keeps the connection open. */
  | { kind: "hang" }
  /** Closes the connection (TCP FIN) without an answer. */
  | { kind: "close" };

export type BehaviourKind = Behaviour["kind"];

/** How far a step of a script reaches. */
export interface Reach {
  /** How many requests it answers before the next step's turn. Default 1; the last step goes on for ever. */
  times?: number;
  /**
   * `request`: the step counts all requests of the partner. `delivery`: it counts for every `webhook-id` on its own,
   * so that "fail twice, then ok" holds for each delivery; a request without one counts by its URL. Default `request`.
   */
  each?: "request" | "delivery";
}

/** One entry of a script. */
export type Step = Behaviour & Reach;

/** A script as people write it: compact text, one step, or a list of either. */
export type ScriptSource = string | Step | readonly (string | Step)[];
