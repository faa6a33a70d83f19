import type { Clock } from "../../ports/clock.ts";

/** Questions that leave at once at most, and per millisecond from then on. */
const mostAtOnce = 16;
const perMs = 3.2;
const stepMs = 5;

/**
 * Lets questions go no faster than a name server's socket takes them. 600 at once overran a receive buffer of Linux'
 * default size (212 kB holds some 270): the answered names' questions were lost among those of the silent ones, again
 * at each repetition. In two lines: what may well be answered goes before what was not answered lately.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #first: (() => void)[] = [];
  readonly #second: (() => void)[] = [];
  #allowance = mostAtOnce;
  #atMs: number;
  #waiting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** Calls `go` at once, or later in turn. */
  ask(go: () => void, behind: boolean): void {
    (behind ? this.#second : this.#first).push(go);
    if (!this.#waiting) this.#letGo();
  }

  #letGo(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#allowance = Math.min(mostAtOnce, this.#allowance + (nowMs - this.#atMs) * perMs);
    this.#atMs = nowMs;
    while (this.#allowance >= 1) {
      const go = this.#first.shift() ?? this.#second.shift();
      if (go === undefined) return;
      this.#allowance -= 1;
      go();
    }
    if (this.#first.length + this.#second.length === 0) return;
    this.#waiting = true;
    this.#clock.after(stepMs, () => {
      this.#waiting = false;
      this.#letGo();
    });
  }
}
