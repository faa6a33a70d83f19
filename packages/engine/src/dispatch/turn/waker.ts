import type { Clock } from "../../ports/clock.ts";
import { EarliestTimer } from "./earliest-timer.ts";

/** A timer may be early by less than this, in monotonic time. */
const timerGrainMs = 1;

/**
 * The one wait of a loop: for a call, or for a time. Most waits end by a call, so the timer of an earlier wait is left
 * if it is early enough for the next: with a timer for each, those of 300 partners that waited for name servers were
 * most of what V8's short collections copied.
 */
export class Waker {
  readonly #clock: Clock;
  readonly #timer: EarliestTimer;
  /** Ends the wait that is under way. */
  #end: ((timeIsOver: boolean) => void) | null = null;
  /** When the wait is over, in the time of `monotonicMs`. */
  #overAtMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = new EarliestTimer(clock, () => this.#onTimer());
  }

  /** Resolves with true after `ms`, and with false at the next call of `wake`, whichever is first. One wait at a time. */
  wait(ms: number): Promise<boolean> {
    this.#overAtMs = this.#clock.monotonicMs() + ms;
    this.#timer.in(ms);
    return new Promise((resolve) => (this.#end = resolve));
  }

  /** Ends the wait, if one is under way. */
  wake(): void {
    this.#finish(false);
  }

  /** To be called after the last wait. */
  close(): void {
    this.#timer.cancel();
  }

  #onTimer(): void {
    if (this.#end === null) return;
    const leftMs = this.#overAtMs - this.#clock.monotonicMs();
    if (leftMs < timerGrainMs) this.#finish(true);
    else this.#timer.in(leftMs);
  }

  #finish(timeIsOver: boolean): void {
    const end = this.#end;
    this.#end = null;
    end?.(timeIsOver);
  }
}
