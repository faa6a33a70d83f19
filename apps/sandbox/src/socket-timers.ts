import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Timers that belong to one response: all are gone when it is finished or its connection ends. */
export class SocketTimers {
  readonly #timers: NodeJS.Timeout[] = [];
  #ended = false;

  /** Both are watched, as a response that waits behind a pipelined one hears nothing of its socket's end. */
  constructor(response: ServerResponse, socket: Socket) {
    const stop = (): void => {
      this.#ended = true;
      for (const timer of this.#timers) clearTimeout(timer);
      response.off("close", stop);
      socket.off("close", stop);
    };
    response.on("close", stop);
    socket.on("close", stop);
    if (socket.destroyed) stop();
  }

  /** Runs once after `ms`, unless the response ends before. */
  after(ms: number, run: () => void): void {
    if (!this.#ended) this.#timers.push(setTimeout(run, ms));
  }

  /** Runs every `ms` until the response ends. */
  every(ms: number, run: () => void): void {
    if (!this.#ended) this.#timers.push(setInterval(run, ms));
  }
}
