/** A partner counts as active for this long after its last attempt began. */
const rememberedMs = 1_000;

/** Whether a partner has the process to itself: remembers the last two different partners that were sent to. */
export class Company {
  #latest = { partnerNo: -1, atMs: Number.NEGATIVE_INFINITY };
  #other = { partnerNo: -1, atMs: Number.NEGATIVE_INFINITY };

  sent(partnerNo: number, nowMs: number): void {
    if (partnerNo !== this.#latest.partnerNo) this.#other = this.#latest;
    this.#latest = { partnerNo, atMs: nowMs };
  }

  /** True where another partner was sent to within the last second. */
  around(partnerNo: number, nowMs: number): boolean {
    const other = this.#latest.partnerNo === partnerNo ? this.#other : this.#latest;
    return nowMs - other.atMs < rememberedMs;
  }
}
