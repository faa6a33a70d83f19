import type { PendingExchange } from "./exchange.ts";

/**
 * The exchanges that an abort signal ends. A turn gives one signal to all of its requests: one listener for each
 * signal in use, and none left on it when its last exchange is over.
 */
export class AbortGroups {
  readonly #groups = new Map<AbortSignal, Set<PendingExchange>>();

  join(signal: AbortSignal, exchange: PendingExchange): void {
    const group = this.#groups.get(signal) ?? this.#open(signal);
    group.add(exchange);
    exchange.onOver = () => {
      group.delete(exchange);
      if (group.size === 0) this.#close(signal);
    };
  }

  #open(signal: AbortSignal): Set<PendingExchange> {
    const group = new Set<PendingExchange>();
    this.#groups.set(signal, group);
    signal.addEventListener("abort", this.#onAbort, { once: true });
    return group;
  }

  #close(signal: AbortSignal): void {
    this.#groups.delete(signal);
    signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (event: Event): void => {
    const group = this.#groups.get(event.target as AbortSignal);
    for (const exchange of group ?? []) exchange.abort();
  };
}
