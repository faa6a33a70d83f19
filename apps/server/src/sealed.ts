import { inspect } from "node:util";

/**
 * A value that does not print itself: strings, JSON and inspection all show `[secret]`.
 *
 * @example String(new Sealed("prk_x")) // "[secret]"
 */
export class Sealed<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The one way to the value: search for `reveal(` to review every use. */
  reveal(): T {
    return this.#value;
  }

  /** Another sealed value made from this one. */
  map<Next>(change: (value: T) => Next): Sealed<Next> {
    return new Sealed(change(this.#value));
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
