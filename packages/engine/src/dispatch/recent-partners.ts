/** A partner counts as active for this long after work came for it, if it had none before. */
const rememberedMs = 1_000;

/**
 * Whether a partner has the process to itself: remembers the last two different partners for which work came. Two that
 * drain backlogs do not count for each other.
 */
export class RecentPartners {
  #latest = { partnerNo: -1, atMs: Number.NEGATIVE_INFINITY };
  #other = { partnerNo: -1, atMs: Number.NEGATIVE_INFINITY };

  /** Work came for a partner that had none. */
  add(partnerNo: number, nowMs: number): void {
    if (partnerNo !== this.#latest.partnerNo) this.#other = this.#latest;
    this.#latest = { partnerNo, atMs: nowMs };
  }

  /** True if work came for another partner within the last second. */
  hasOthers(partnerNo: number, nowMs: number): boolean {
    const other = this.#latest.partnerNo === partnerNo ? this.#other : this.#latest;
    return nowMs - other.atMs < rememberedMs;
  }
}
