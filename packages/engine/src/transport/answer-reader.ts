import type { Socket } from "node:net";
import {
  headCapBytes,
  isPlainInterim,
  mayBegin,
  notHttp,
  ordinaryHeadEnd,
  readHead,
  RefusedAnswer,
  statusOf,
  writeCutHead,
  writeHead,
} from "./answer-head.ts";

const lf = 10;
const cr = 13;
const space = 32;
const switchingProtocols = 101;

/**
 * Stands between one socket and undici's parser, so that the parser sees only heads that it accepts: interim answers (RFC 9110, 15.2)
 * are taken out, heads that break the grammar are written again. An ordinary answer passes as it came, in the same
 * buffer. What comes after a head is never looked at: one request is under way at a time, so the next head begins with
 * the first byte after {@link begin}.
 *
 * No more than {@link headCapBytes} are held. Past that the status counts, if one was read: the answer ends there,
 * without a body, and the connection with it.
 */
export class AnswerReader {
  /** Whether a byte of the present answer has come. */
  begun = false;
  /** Whether the head of the present answer went past the cap. */
  cut = false;
  #awaitsHead = false;
  /** Whether the connection may not be used after the present answer. */
  #closes = false;
  /** Bytes that were taken out of the present answer. */
  #takenOut = 0;
  /** The beginning of a head, at the start of a buffer that may be larger. */
  #held: Buffer | null = null;
  #heldBytes = 0;
  /** How far the present head was searched for its end, and where the line begins that was reached. */
  #searched = 0;
  #lineStart = 0;

  /** A request is about to be written: what comes from now on is its answer. */
  begin(): void {
    this.begun = false;
    this.cut = false;
    this.#awaitsHead = true;
    this.#closes = false;
    this.#takenOut = 0;
    this.#startHead();
  }

  /**
   * Takes what came and returns what the parser gets, or null if nothing is ready for it.
   *
   * @throws RefusedAnswer
   */
  take(chunk: Buffer): Buffer | null {
    if (this.cut) return null;
    if (!this.#awaitsHead) return chunk;
    this.begun = true;
    if (this.#held === null && !this.#closes && ordinaryHeadEnd(chunk) > 0) {
      this.#awaitsHead = false;
      return chunk;
    }
    return this.#takeSlowly(chunk);
  }

  #takeSlowly(chunk: Buffer): Buffer | null {
    let bytes = this.#held === null ? this.#withoutBlanks(chunk) : this.#append(chunk);
    for (;;) {
      if (!mayBegin(bytes)) throw notHttp();
      const end = this.#headEnd(bytes);
      if (this.#takenOut + (end || bytes.length) > headCapBytes) return this.#cutOff(bytes);
      if (end === 0) return this.#hold(bytes);
      const answer = this.#answerOf(bytes, end);
      if (answer !== null) {
        this.#awaitsHead = false;
        this.#held = null;
        return answer;
      }
      this.#takenOut += end;
      this.#startHead();
      bytes = this.#withoutBlanks(bytes.subarray(end));
    }
  }

  /** The answer as the parser gets it, or null if the head is an interim one. */
  #answerOf(bytes: Buffer, end: number): Buffer | null {
    if (!this.#closes && ordinaryHeadEnd(bytes) > 0) return bytes;
    const head = readHead(bytes.subarray(0, end));
    const isInterim = head.status < 200 && head.status !== switchingProtocols;
    if (!isInterim)
      return Buffer.concat([Buffer.from(writeHead(head, this.#closes), "latin1"), bytes.subarray(end)]);
    this.#closes ||= !isPlainInterim(head);
    return null;
  }

  #cutOff(bytes: Buffer): Buffer {
    const read = bytes.subarray(0, Math.max(0, headCapBytes - this.#takenOut));
    const linesEnd = read.lastIndexOf(lf) + 1;
    const head = statusOf(read) < 200 ? null : readHead(linesEnd === 0 ? read : read.subarray(0, linesEnd));
    if (head === null)
      throw new RefusedAnswer(`The response's headers do not end within ${headCapBytes} bytes.`, null);
    this.cut = true;
    this.#held = null;
    return Buffer.from(writeCutHead(head), "latin1");
  }

  #startHead(): void {
    this.#held = null;
    this.#searched = 0;
    this.#lineStart = 0;
  }

  /** Blank lines before a status line are passed over, as undici's parser does. */
  #withoutBlanks(bytes: Buffer): Buffer {
    let at = 0;
    while (at < bytes.length && (bytes[at] === cr || bytes[at] === lf || bytes[at] === space)) at += 1;
    this.#takenOut += at;
    return at === 0 ? bytes : bytes.subarray(at);
  }

  /** Where the head ends, after its empty line; 0 if that has not come. Looks at each byte once. */
  #headEnd(bytes: Buffer): number {
    for (let at = this.#searched; at < bytes.length; at += 1) {
      if (bytes[at] !== lf) continue;
      let end = at;
      while (end > this.#lineStart && bytes[end - 1] === cr) end -= 1;
      const isEmpty = end === this.#lineStart;
      this.#lineStart = at + 1;
      this.#searched = at + 1;
      if (isEmpty) return at + 1;
    }
    this.#searched = bytes.length;
    return 0;
  }

  #hold(bytes: Buffer): null {
    if (this.#held === null && bytes.length > 0) {
      this.#heldBytes = 0;
      this.#append(bytes);
    }
    return null;
  }

  /** What is held, with the chunk after it; the buffer doubles, so that single bytes are not copied again and again. */
  #append(chunk: Buffer): Buffer {
    const length = this.#heldBytes + chunk.length;
    if (this.#held === null || length > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(1_024, length, Math.min(length * 2, headCapBytes)));
      this.#held?.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes);
    this.#heldBytes = length;
    return this.#held.subarray(0, length);
  }
}

/**
 * Lets an HTTP client read a socket through a reader. undici takes bytes only by `socket.read()`, over TCP and over
 * TLS, so only this method of this socket is replaced.
 */
export function readThrough(socket: Socket, reader: AnswerReader): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk: Buffer | null = read(size);
      if (chunk === null) return null;
      const ready = takeOrDestroy(socket, reader, chunk);
      if (ready !== null) return ready;
    }
  };
}

function takeOrDestroy(socket: Socket, reader: AnswerReader, chunk: Buffer): Buffer | null {
  try {
    return reader.take(chunk);
  } catch (error) {
    socket.destroy(error as Error);
    return null;
  }
}
