import type { Clock } from "../../ports/clock.ts";

/** One timer for many times, of which only the earliest counts. */
export class EarliestTimer {
  readonly #clock: Pick<Clock, "monotonicMs" | "after">;
  readonly #ring: () => void;
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null;

  constructor(clock: Pick<Clock, "monotonicMs" | "after">, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings after `ms` (at once if it is below 0), unless it will ring before. Infinity: it need not ring. */
  in(ms: number): void {
    const atMs = this.#clock.monotonicMs() + ms;
    if (!Number.isFinite(ms) || (this.#timer && this.#timer.atMs <= atMs)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(0, Math.ceil(ms)), () => {
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
