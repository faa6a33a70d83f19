import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { buildConnector } from "undici";
import type { TransportFailure } from "./failure.ts";
import type { ResolvedAddress } from "./names/name-source.ts";

/**
 * A connection that is being made: `lookup` is emitted when its host's addresses are known. `lateness` says what it waits
 * for if that is not the partner.
 */
export type Connecting = Pick<Socket, "destroy" | "once"> & {
  readonly lateness?: () => TransportFailure | null;
};

/** Makes a socket, and answers with it at once so that a deadline can destroy it while it connects. */
export type Dial = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
) => Connecting | undefined;

/** Makes a socket to one of addresses that were found and checked. */
export type DialFound = (
  addresses: readonly ResolvedAddress[],
  ...given: Parameters<Dial>
) => ReturnType<Dial>;

/** A connection whose socket is not made yet: what is destroyed before it never has one. */
export class PendingDial extends EventEmitter {
  readonly #abort = new AbortController();
  readonly signal: AbortSignal = this.#abort.signal;

  destroy(error: Error): void {
    this.#abort.abort(error);
  }

  /** The addresses once they are there, which whoever waits is told. @throws what it was destroyed with */
  async found(addresses: Promise<readonly ResolvedAddress[]>): Promise<readonly ResolvedAddress[]> {
    const known = await addresses;
    this.emit("lookup");
    this.signal.throwIfAborted();
    return known;
  }

  /** From now on the socket is what a deadline destroys. */
  endsWith(socket: Connecting | undefined): void {
    this.signal.addEventListener("abort", () => socket?.destroy(this.signal.reason as Error), { once: true });
  }

  /**
   * Answers with what `dial` fails with, or hands to its own callback; at once if it is destroyed, also during a name
   * look-up, which cannot be cancelled.
   */
  run(
    dial: (answer: buildConnector.Callback) => Promise<void>,
    connected: buildConnector.Callback,
  ): Connecting {
    let over = false;
    const answer: buildConnector.Callback = (...[error, socket]) => {
      if (over) return void socket?.destroy();
      over = true;
      if (error) connected(error, null);
      else connected(null, socket);
    };
    this.signal.addEventListener("abort", () => answer(this.signal.reason as Error, null), { once: true });
    void dial(answer).then(undefined, (error: Error) => answer(error, null));
    return this as unknown as Connecting;
  }
}
