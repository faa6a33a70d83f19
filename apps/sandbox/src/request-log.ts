import { type KeptRequest, settle } from "./received-request.ts";
import type { Verification } from "./verification.ts";

/** Which requests to list. */
export interface RequestFilter {
  /** Only this partner's. Default all. */
  partner?: string;
  /** A `seq`: only requests after it. A `Date`: only requests that arrived then or later. Default all kept. */
  since?: number | Date;
  /** At most so many: with a `since` in `seq` the first after it, for paging on; else the newest. Default all kept. */
  limit?: number;
}

/** Bodies kept in all; beyond it the oldest requests are dropped even below `keep`. */
const keptBytesInAll = 128 * 1_048_576;

/**
 * The last requests of all partners, in order of arrival, in bounded memory.
 *
 * A request that is dropped before anybody asked for its verdict is verified then, so that the counts stay exact.
 */
export class RequestLog {
  readonly #keep: number;
  #requests: KeptRequest[] = [];
  /** Index of the oldest kept request: dropping one moves it, and the array is cut now and then. */
  #oldest = 0;
  #bytes = 0;
  readonly #settling = new Set<Promise<Verification>>();

  /** Keeps the last `keep` requests, 1 or more. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  append(request: KeptRequest): void {
    this.#requests.push(request);
    this.#bytes += request.latin1Body.length;
    while (this.#requests.length - this.#oldest > this.#keep || this.#bytes > keptBytesInAll) this.#drop();
    if (this.#oldest > this.#keep) {
      this.#requests = this.#requests.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  /** Oldest first. */
  select({ partner, since, limit = Number.POSITIVE_INFINITY }: RequestFilter = {}): KeptRequest[] {
    const [afterSeq, fromMs] =
      since instanceof Date ? [0, since.getTime()] : [since ?? 0, Number.NEGATIVE_INFINITY];
    const found = this.#requests.filter(
      (request, index) =>
        index >= this.#oldest &&
        request.seq > afterSeq &&
        request.atMs >= fromMs &&
        (partner === undefined || request.partner === partner),
    );
    if (found.length <= limit) return found;
    return typeof since === "number" ? found.slice(0, limit) : found.slice(found.length - limit);
  }

  /** Resolves when every request that arrived before the call has been counted with its verdict. */
  async settleAll(): Promise<void> {
    await Promise.all([...this.select().map((request) => settle(request)), ...this.#settling]);
  }

  /** Verifies now instead of on listing: for a body that is not kept whole. */
  settleNow(request: KeptRequest, wholeBody: Buffer): void {
    this.#follow(settle(request, wholeBody));
  }

  clear(): void {
    this.#requests = [];
    this.#oldest = 0;
    this.#bytes = 0;
  }

  #drop(): void {
    const request = this.#requests[this.#oldest]!;
    // The slot must not keep the request alive until the array is cut; it is never read again.
    this.#requests[this.#oldest] = undefined as unknown as KeptRequest;
    this.#oldest += 1;
    this.#bytes -= request.latin1Body.length;
    this.#follow(settle(request));
  }

  #follow(verification: Verification | Promise<Verification>): void {
    if (!(verification instanceof Promise)) return;
    this.#settling.add(verification);
    void verification.finally(() => this.#settling.delete(verification));
  }
}
