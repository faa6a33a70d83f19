import type { DueDelivery } from "../../ports/ledger.ts";

/** The queue is cut when this many of its entries are taken. */
const longestTaken = 512;
const none: readonly number[] = [];

/**
 * What a turn has claimed: deliveries that wait in order, and the ids of all that the next claim must leave out
 * because they wait here, are in flight, or are not recorded yet.
 */
export class Claims {
  readonly #busy = new Set<string>();
  /** Taken ones are null, so that an ended delivery is not kept in memory until the queue is cut. */
  #queue: (DueDelivery | null)[] = [];
  #next = 0;
  /** Endpoints with holds that the ledger may not know of yet, and how many. */
  readonly #held = new Map<number, number>();
  #stored: number[] = [];
  /** Order keys of what is busy, by id; and the same as a set, since a key is never busy twice. */
  readonly #keyOf = new Map<string, string>();
  readonly #keys = new Set<string>();
  /** Deliveries set apart because their endpoint may have no more in flight, in order. */
  readonly #parked = new Map<number, DueDelivery[]>();
  #parkedCount = 0;

  /** Waiting in the queue; parked ones are not counted. */
  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  get parked(): number {
    return this.#parkedCount;
  }

  /** Endpoints with parked deliveries: a claim need not bring more of them. */
  get parkedEndpoints(): readonly number[] {
    return this.#parkedCount === 0 ? none : [...this.#parked.keys()];
  }

  /** In flight, or not recorded yet. */
  get open(): number {
    return this.#busy.size - this.waiting - this.#parkedCount;
  }

  get busyIds(): Iterable<string> {
    return this.#busy;
  }

  /** The delivery to go next; only while some are waiting. */
  get first(): DueDelivery {
    return this.#queue[this.#next]!;
  }

  /** Takes the first out of the queue; it stays busy until `release`. */
  shift(): void {
    this.#queue[this.#next] = null;
    this.#next += 1;
    if (this.#next < longestTaken && this.waiting > 0) return;
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }

  /** Sets the first apart, so that those behind it may go. */
  park(): void {
    const delivery = this.first;
    const parked = this.#parked.get(delivery.endpointNo);
    if (parked) parked.push(delivery);
    else this.#parked.set(delivery.endpointNo, [delivery]);
    this.#parkedCount += 1;
    this.shift();
  }

  /** Puts up to `room` parked deliveries of an endpoint back at the head. True if none of it are parked any more. */
  unpark(endpointNo: number, room: number): boolean {
    const parked = this.#parked.get(endpointNo);
    if (parked === undefined || room <= 0) return false;
    const back = parked.splice(0, room);
    this.#parkedCount -= back.length;
    this.#queue = [...back, ...this.#queue.slice(this.#next)];
    this.#next = 0;
    if (parked.length > 0) return false;
    this.#parked.delete(endpointNo);
    return true;
  }

  /** Drops all that waits here. What is in flight or not recorded yet stays. */
  dropWaiting(): void {
    for (const parked of this.#parked.values()) for (const { id } of parked) this.release(id);
    this.#parked.clear();
    this.#parkedCount = 0;
    for (let n = this.#next; n < this.#queue.length; n++) this.release(this.#queue[n]!.id);
    this.#queue = [];
    this.#next = 0;
  }

  release(id: string): void {
    this.#busy.delete(id);
    const key = this.#keyOf.get(id);
    if (key === undefined) return;
    this.#keyOf.delete(id);
    this.#keys.delete(key);
  }

  /**
   * Call when a claim is sent; the function it gives takes the answer. Between the two the ledger may not have known
   * of a hold, so an endpoint's deliveries are passed over until a claim that was sent after its hold was stored.
   * It says whether all of the answer was taken.
   */
  ask(): (answer: readonly DueDelivery[]) => boolean {
    const known = this.#stored;
    this.#stored = [];
    return (answer) => {
      for (const endpointNo of known) this.#forgetHold(endpointNo);
      let all = true;
      for (const delivery of answer) {
        if (this.#busy.has(delivery.id)) continue;
        const held = this.#held.has(delivery.endpointNo);
        if (held || (delivery.orderKey !== null && !this.#takeKey(delivery, delivery.orderKey))) {
          all = false;
          continue;
        }
        this.#busy.add(delivery.id);
        this.#queue.push(delivery);
      }
      return all;
    };
  }

  /** Drops an endpoint's waiting deliveries, and takes no more of them until the ledger knows of the hold. */
  hold(endpointNo: number): void {
    this.#held.set(endpointNo, (this.#held.get(endpointNo) ?? 0) + 1);
    this.unpark(endpointNo, Number.POSITIVE_INFINITY);
    const waiting = this.#queue.slice(this.#next) as DueDelivery[];
    this.#queue = waiting.filter((delivery) => delivery.endpointNo !== endpointNo);
    this.#next = 0;
    for (const delivery of waiting) if (delivery.endpointNo === endpointNo) this.release(delivery.id);
  }

  /**
   * False if another delivery of the key is busy. The ledger gives one of a key at a time, but a replay or a
   * cancellation may make another one the first while this one is in flight.
   */
  #takeKey({ id, endpointNo }: DueDelivery, orderKey: string): boolean {
    const key = `${endpointNo} ${orderKey}`;
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    this.#keyOf.set(id, key);
    return true;
  }

  /** The ledger knows of a hold of the endpoint. */
  noteHoldStored(endpointNo: number): void {
    this.#stored.push(endpointNo);
  }

  #forgetHold(endpointNo: number): void {
    const left = (this.#held.get(endpointNo) ?? 1) - 1;
    if (left > 0) this.#held.set(endpointNo, left);
    else this.#held.delete(endpointNo);
  }
}
