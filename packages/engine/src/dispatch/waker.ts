import type { Clock } from "../ports/clock.ts";

/** A timer may be early by less than this, by the clock that never goes back. */
const timerGrainMs = 1;

/**
 * The one wait of a loop: for a call, or for a time. Most waits end by a call, so the timer of an earlier wait is left
 * if it is early enough for the next: with a timer for each, those of 300 partners that waited for name servers were
 * most of what V8's short collections copied.
 */
export class Waker {
  readonly #clock: Clock;
  /** Ends the wait that is under way. */
  #end: ((timeIsOver: boolean) => void) | null = null;
  /** When the wait is over. Like the timer's, in the time of `monotonicMs`. */
  #overAtMs = Number.POSITIVE_INFINITY;
  #timer: { readonly atMs: number; readonly cancel: () => void } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with true after `ms`, and with false at the next call of `wake`, whichever is first. One wait at a time. */
  wait(ms: number): Promise<boolean> {
    this.#overAtMs = this.#clock.monotonicMs() + ms;
    if (this.#timer === null || this.#timer.atMs > this.#overAtMs) this.#setTimer(ms);
    return new Promise((resolve) => (this.#end = resolve));
  }

  /** Ends the wait, if one is under way. */
  wake(): void {
    this.#finish(false);
  }

  /** To be called after the last wait. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #setTimer(ms: number): void {
    this.#timer?.cancel();
    this.#timer = Number.isFinite(ms)
      ? { atMs: this.#overAtMs, cancel: this.#clock.after(ms, this.#onTimer) }
      : null;
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    if (this.#end === null) return;
    const leftMs = this.#overAtMs - this.#clock.monotonicMs();
    if (leftMs < timerGrainMs) this.#finish(true);
    else this.#setTimer(leftMs);
  };

  #finish(timeIsOver: boolean): void {
    const end = this.#end;
    this.#end = null;
    end?.(timeIsOver);
  }
}
