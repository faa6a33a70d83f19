/** What is answered to a request: small, and the same for every repeat. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** What a claim found. */
export type Claim =
  /** Nobody has this id: run the handler, then `complete` or `release` with the token. */
  | { state: "new"; token: string }
  /** The handler succeeded before; answer the same. */
  | { state: "done"; answer: Answer }
  /** Someone runs the handler now; their lease ends in so many milliseconds. */
  | { state: "in_progress"; retryAfterMs: number };

/**
 * Remembers message ids, so that a handler runs once per id whatever arrives.
 *
 * A claim is a lease: it ends by `complete`, by `release`, or by itself when its holder has crashed.
 */
export interface ReplayStore {
  /** Takes the id, or says why not, atomically over everyone who shares the store. */
  claim(id: string, leaseMs: number): Promise<Claim>;
  /** Keeps the answer for `keepMs`. Also after the lease has ended: the handler did succeed. */
  complete(id: string, token: string, answer: Answer, keepMs: number): Promise<void>;
  /** Gives the id back after a failure. Does nothing if the lease has passed to someone else. */
  release(id: string, token: string): Promise<void>;
}

/** Tokens tell one lease from the next. */
export type NewToken = () => string;

/** The default: random UUIDs. */
export const randomToken: NewToken = () => crypto.randomUUID();
