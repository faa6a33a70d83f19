/**
 * The process-wide cap on requests in flight, shared by all turns. A turn that finds no slot waits in line once, and
 * each slot that comes free goes to the next in line: no turn takes two while another waits for one.
 */
export class Slots {
  readonly #max: number;
  readonly #line = new Set<() => void>();
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** True with a slot taken; false with `retry` in line, to be called when a slot is its to take. */
  take(retry: () => void): boolean {
    // While somebody is in line there is no free slot but the one that `give` offers to the next.
    if (this.#taken < this.#max) {
      this.#taken += 1;
      return true;
    }
    this.#line.add(retry);
    return false;
  }

  give(): void {
    this.#taken -= 1;
    // One that does not use its chance must not keep the slot from those behind it; one full round is enough.
    for (let chances = this.#line.size; chances > 0 && this.#taken < this.#max; chances--) {
      const [next] = this.#line;
      if (!next) return;
      this.#line.delete(next);
      next();
    }
  }

  /** Gives up the place in line. */
  leave(retry: () => void): void {
    this.#line.delete(retry);
  }
}
