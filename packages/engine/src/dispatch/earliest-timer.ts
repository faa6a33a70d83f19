import type { Clock } from "../ports/clock.ts";

/** One timer for many times, of which only the earliest counts. */
export class EarliestTimer {
  readonly #clock: Pick<Clock, "now" | "after">;
  readonly #ring: () => void;
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null;

  constructor(clock: Pick<Clock, "now" | "after">, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings then, unless it will ring before. @param atMs epoch ms; one that is over rings at once */
  at(atMs: number): void {
    if (this.#timer && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(0, Math.ceil(atMs - this.#clock.now())), () => {
      this.#timer = null;
      this.#ring();
    });
    this.#timer = { atMs, cancel };
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
