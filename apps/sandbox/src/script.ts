import type { Step } from "./behaviour.ts";

/** A step made ready to play. */
interface ReadyStep<Act> {
  act: Act;
  times: number;
  perDelivery: boolean;
}

/**
 * The order of play: each request is given the first step that is not used up, and the last step never is.
 *
 * A step of `each: "delivery"` is used up per delivery, so its memory grows by one small array for every delivery
 * until the script is replaced; that is the price of remembering each.
 */
export class Script<Act> {
  readonly #steps: readonly ReadyStep<Act>[];
  readonly #last: ReadyStep<Act>;
  readonly #shared: number[];
  readonly #perDelivery = new Map<string, number[]>();

  constructor(steps: readonly Step[], prepare: (step: Step) => Act) {
    this.#steps = steps.map((step) => ({
      act: prepare(step),
      times: step.times ?? 1,
      perDelivery: step.each === "delivery",
    }));
    const last = this.#steps.at(-1);
    if (!last) throw new RangeError("a script has at least one step");
    this.#last = last;
    this.#shared = steps.map(() => 0);
  }

  /** What the next request gets; `delivery` is its `webhook-id`, or its URL. */
  next(delivery: string): Act {
    for (let index = 0; index < this.#steps.length - 1; index += 1) {
      const step = this.#steps[index]!;
      const used = step.perDelivery ? this.#usedBy(delivery) : this.#shared;
      if (used[index]! < step.times) {
        used[index]! += 1;
        return step.act;
      }
    }
    return this.#last.act;
  }

  #usedBy(delivery: string): number[] {
    let used = this.#perDelivery.get(delivery);
    if (!used) {
      used = this.#steps.map(() => 0);
      this.#perDelivery.set(delivery, used);
    }
    return used;
  }
}
