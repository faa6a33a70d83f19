/** A limiter that lets `burst` requests through at once and `perSecond` a second after that. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #refilledAtMs: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token: 0 if there was one, else how many milliseconds until there is. A clock set back adds nothing. */
  take(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - (this.#refilledAtMs ?? nowMs));
    this.#refilledAtMs = Math.max(nowMs, this.#refilledAtMs ?? nowMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.#perSecond) / 1_000);
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return ((1 - this.#tokens) * 1_000) / this.#perSecond;
  }
}
