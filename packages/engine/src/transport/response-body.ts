/**
 * Collects a response body up to a cap. One chunk, the usual case, is kept as it came; more are copied into one
 * buffer that doubles, so a body that dribbles in single bytes costs no more memory than its length.
 */
export class ResponseBody {
  readonly #capBytes: number;
  #bytes: Buffer | null = null;
  #length = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  /** Takes what fits. False where the body goes on past the cap. */
  push(chunk: Buffer): boolean {
    const fits = Math.min(chunk.length, this.#capBytes - this.#length);
    if (this.#bytes === null)
      this.#bytes = fits === chunk.length ? chunk : Buffer.from(chunk.subarray(0, fits));
    else this.#append(chunk, fits);
    this.#length += fits;
    return fits === chunk.length;
  }

  #append(chunk: Buffer, length: number): void {
    const needed = this.#length + length;
    if (needed > this.#bytes!.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#capBytes, Math.max(1024, needed * 2)));
      this.#bytes!.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes!, this.#length, 0, length);
  }

  /** UTF-8 with U+FFFD for what is not; also for U+0000, which PostgreSQL's text and jsonb cannot hold. */
  text(): string {
    const text = this.#bytes === null ? "" : this.#bytes.toString("utf8", 0, this.#length);
    return text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
  }
}
