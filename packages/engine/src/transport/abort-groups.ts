/** Something that a signal may end before its time. */
export interface Abortable {
  /** Those that the same signal ends; null if none does. */
  group: AbortGroup | null;
  /** The group's own note. */
  placeInGroup: number;
  /** Ends it, which takes it out of its group. */
  abort(): void;
}

/**
 * The exchanges that an abort signal ends. A turn gives one signal to all of its requests: one listener for each
 * signal in use, and none left on it when its last exchange is over.
 */
export class AbortGroups {
  readonly #groups = new Map<AbortSignal, AbortGroup>();

  join(signal: AbortSignal, exchange: Abortable): void {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = new AbortGroup(signal, () => this.#groups.delete(signal));
      this.#groups.set(signal, group);
    }
    group.add(exchange);
  }
}

/**
 * One signal's, in no order. Not a `Set`: V8 keeps each table that a set outgrew linked to the next, with what was in it,
 * so that short collections found all exchanges of a busy turn alive, long after their end.
 */
export class AbortGroup {
  readonly #signal: AbortSignal;
  readonly #exchanges: Abortable[] = [];
  readonly #onEmpty: () => void;

  constructor(signal: AbortSignal, onEmpty: () => void) {
    this.#signal = signal;
    this.#onEmpty = onEmpty;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  add(exchange: Abortable): void {
    exchange.group = this;
    exchange.placeInGroup = this.#exchanges.push(exchange) - 1;
  }

  /** The last one takes its place. */
  delete(exchange: Abortable): void {
    const last = this.#exchanges.pop()!;
    if (last !== exchange) {
      this.#exchanges[exchange.placeInGroup] = last;
      last.placeInGroup = exchange.placeInGroup;
    }
    if (this.#exchanges.length > 0) return;
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#onEmpty();
  }

  readonly #onAbort = (): void => {
    for (const exchange of [...this.#exchanges]) exchange.abort();
  };
}
