import type { LookupWatch } from "../../ports/transport.ts";
import type { Slots } from "../slots.ts";

/**
 * A turn's exchanges that wait for name servers. They lend their slots to others, so that any number of partners whose
 * name servers are silent leave the slots to those that get answers.
 */
export class LookUps implements LookupWatch {
  readonly #slots: Slots;
  readonly #changed: () => void;
  #open = 0;
  #lent = 0;

  constructor(slots: Slots, changed: () => void) {
    this.#slots = slots;
    this.#changed = changed;
  }

  get open(): number {
    return this.#open;
  }

  /** To be called when the number in flight has changed. */
  check(): void {
    if (this.#open > 0) this.#changed();
  }

  began(): void {
    this.#open += 1;
    this.#changed();
    if (this.#slots.lend()) this.#lent += 1;
  }

  ended(): void {
    this.#open -= 1;
    if (this.#lent > 0) {
      this.#lent -= 1;
      this.#slots.takeBack();
    }
    this.#changed();
  }
}
