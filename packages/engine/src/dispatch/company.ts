/** A partner counts as active for this long after work came for it last, where it had none. */
const rememberedMs = 1_000;

/**
 * Whether a partner has the process to itself: remembers the last two different partners that work came for. Those that
 * drain backlogs are no company for each other.
 */
export class Company {
  #latest = { partnerNo: -1, atMs: Number.NEGATIVE_INFINITY };
  #other = { partnerNo: -1, atMs: Number.NEGATIVE_INFINITY };

  came(partnerNo: number, nowMs: number): void {
    if (partnerNo !== this.#latest.partnerNo) this.#other = this.#latest;
    this.#latest = { partnerNo, atMs: nowMs };
  }

  /** True where work came for another partner within the last second. */
  around(partnerNo: number, nowMs: number): boolean {
    const other = this.#latest.partnerNo === partnerNo ? this.#other : this.#latest;
    return nowMs - other.atMs < rememberedMs;
  }
}
