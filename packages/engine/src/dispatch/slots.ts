/** Most slots lent at a time: each exchange that waits holds some kilobytes. */
const mostLent = 2_000;

/**
 * The process-wide cap on requests in flight, shared by all turns. A turn that finds no slot waits in line once, and
 * each slot that comes free goes to the next in line: no turn takes two while another waits for one.
 */
export class Slots {
  readonly #max: number;
  readonly #line = new Set<() => void>();
  #taken = 0;
  #lent = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** True: a slot is taken. False: `retry` waits in line, and is called when it may take a slot. */
  take(retry: () => void): boolean {
    // While somebody is in line there is no free slot but the one that `give` offers to the next.
    if (this.#taken < this.#max) {
      this.#taken += 1;
      return true;
    }
    this.#line.add(retry);
    return false;
  }

  /** Lets others use a slot while its owner waits for name servers. False if too many are lent already. */
  lend(): boolean {
    if (this.#lent >= mostLent) return false;
    this.#lent += 1;
    this.give();
    return true;
  }

  /** The owner goes on: for a moment beyond the cap, if others have the slot. */
  takeBack(): void {
    this.#lent -= 1;
    this.#taken += 1;
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
