import { cursorAfter, furthestCursorMs, permittedAtMs, type Rate } from "../../core/rate-limit.ts";

/** What a pace needs of its turn. */
export interface PaceTools {
  /** Commits a cursor; false if that was not possible, above all because the turn's fence was passed. */
  save(cursorMs: number): Promise<boolean>;
  /** Called when a reservation was answered: look again. */
  goOn(): void;
}

/** Permits are reserved this far ahead, and again when half of that is used: about two small statements a second. */
const aheadMs = 1_000;
/** Two processes may differ by this about what time it is by the ledger, and more: a cursor is not cut back for that. */
const clocksApartMs = 1_000;

/**
 * A turn's use of its partner's rate. The ledger's cursor is moved ahead before the permits up to it are used, so
 * that whoever comes next (after a crash, or beside a turn that lost its lock without knowing) begins behind them: the
 * limit holds over turns, workers and crashes, at the price of a second's permits in a crash.
 */
export class Pace {
  readonly #tools: PaceTools;
  #cursorMs: number;
  #reservedMs: number;
  #reserving: Promise<void> | null = null;
  #refused = false;
  #cutBack = false;

  /** @param cursorMs the ledger's cursor when the turn was opened */
  constructor(cursorMs: number, tools: PaceTools) {
    this.#cursorMs = this.#reservedMs = cursorMs;
    this.#tools = tools;
  }

  /** True if the ledger took no reservation: nothing more may be sent in this turn. */
  get refused(): boolean {
    return this.#refused;
  }

  /** Milliseconds until the next permit: 0 if `take` may be called now, Infinity if `goOn` will tell. */
  waitMs(rate: Rate, nowMs: number): number {
    if (this.#refused) return Number.POSITIVE_INFINITY;
    const waitMs = permittedAtMs(rate, this.#cursorMs) - nowMs;
    if (waitMs > rate.intervalMs + aheadMs + clocksApartMs) return this.#cutBackTo(rate, nowMs);
    if (waitMs > 0) return waitMs;
    const afterMs = cursorAfter(rate, this.#cursorMs, nowMs);
    if (afterMs + aheadMs / 2 > this.#reservedMs) this.#reserving ??= this.#reserve(afterMs + aheadMs);
    return afterMs <= this.#reservedMs ? 0 : Number.POSITIVE_INFINITY;
  }

  /** Uses a permit, right after `waitMs` gave 0. */
  take(rate: Rate, nowMs: number): void {
    this.#cursorMs = cursorAfter(rate, this.#cursorMs, nowMs);
  }

  /**
   * The cursor to store with the close of the turn, which gives back what was reserved and not used, or cut back; null if
   * there is none. Call once, when nothing more is sent.
   */
  async close(): Promise<number | null> {
    await this.#reserving;
    return (this.#cutBack || this.#reservedMs > this.#cursorMs) && !this.#refused ? this.#cursorMs : null;
  }

  /**
   * This rate cannot have put the cursor so far ahead, and the partner would wait until that time. The cursor is moved to where it
   * would be if the whole burst had been used now. No more than that can have been used, so the limit holds.
   */
  #cutBackTo(rate: Rate, nowMs: number): number {
    this.#cursorMs = this.#reservedMs = furthestCursorMs(rate, nowMs);
    this.#cutBack = true;
    return permittedAtMs(rate, this.#cursorMs) - nowMs;
  }

  async #reserve(untilMs: number): Promise<void> {
    if (await this.#tools.save(untilMs)) this.#reservedMs = untilMs;
    else this.#refused = true;
    this.#reserving = null;
    this.#tools.goOn();
  }
}
