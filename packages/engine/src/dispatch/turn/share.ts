import { crowdedStepMs, grownShare, initialShare, sharedShare, shrunkShare } from "../../core/concurrency.ts";

/** A partner's share of the process's requests in flight, over one turn. */
export class Share {
  #size: number;
  #changedAtMs = 0;

  /** @param size what an earlier turn left, if any */
  constructor(size: number = initialShare) {
    this.#size = size;
  }

  /** Requests in flight at most. */
  get size(): number {
    return this.#size;
  }

  /** A request was answered well. @param busy how busy the process is, 0 to 1, if others want it too; null if not */
  grow(maxInFlight: number, busy: number | null, nowMs: number): void {
    if (busy === null) {
      this.#size = grownShare(this.#size, maxInFlight);
      return;
    }
    const stepDue = nowMs - this.#changedAtMs >= crowdedStepMs;
    if (stepDue) this.#changedAtMs = nowMs;
    this.#size = sharedShare(this.#size, maxInFlight, busy, stepDue);
  }

  /** A request failed, or was told to slow down. */
  shrink(): void {
    this.#size = shrunkShare(this.#size);
  }
}
