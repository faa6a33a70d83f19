import type { Clock } from "../../ports/clock.ts";
import type { Claimed, ClaimFrom, LanePlace } from "../../ports/ledger.ts";

/**
 * A delivery may be stored this much later than it was due: another transaction began before and ended after. Places
 * stay so far behind the time of the claim.
 */
const storedLateMs = 2_000;
/**
 * Reading from the heads takes at most this part of the time, if a snapshot makes it slow: of a turn's in which nothing else
 * happens, else of the process's over all its turns. With a part for each, 100 turns spent half of the database's time on it.
 */
const headsPart = 0.05;
/** The longest between two readings from the heads while claims go on. */
const longestMs = 5_000;
/** A claim that has another cause comes first: a look of its own is for a turn in which nothing else happens. */
const graceMs = 50;

const head: LanePlace = { dueAtMs: Number.NEGATIVE_INFINITY, id: null };

/** A page that was asked for. */
export interface AskedPage {
  /** Where the claim begins to read; null: at the heads. */
  readonly from: ClaimFrom | null;
  /**
   * Takes over where the page ended. False if places were forgotten since it was asked for by one: a short page does not
   * say then that no more is due. `allTaken`: if not, what was left is due in front of the page's end.
   */
  takeOver(page: Pick<Claimed, "deliveries" | "lastLane">, allTaken: boolean): boolean;
}

const nothing: AskedPage = { from: null, takeOver: () => true };

/**
 * Where a turn's pages ended, so that the next claim begins there. The ledger's index keeps what was delivered for as
 * long as any snapshot needs it, and claims from the head step over all of it: with a dump beside a full drain
 * throughput fell to a fifth in 40 s.
 *
 * A place costs no delivery, it only may find it later: what gets in front of it (a transaction that took long, a
 * replay, a hold that ended, an order key that was freed) is found from the heads, which are read again and again as
 * long as that is cheap, and for a twentieth of the time if it is not.
 */
export class Places {
  readonly #clock: Pick<Clock, "now" | "monotonicMs">;
  readonly #turnsActive: () => number;
  #lanes: [LanePlace, LanePlace, LanePlace] = [head, head, head];
  #forgotten = true;
  /** Places that were forgotten since a claim was asked for are not set by its answer. */
  #epoch = 0;
  /** When the last claim from the heads was asked for, by the time of day. */
  #sinceMs = 0;
  /** When to read from the heads again; monotonic. */
  #headsAtMs = 0;
  /** The same if nothing else happens after the last answer: how long after it, and when that was. */
  #quietWaitMs = 0;
  #answeredAtMs = 0;
  /** The last page was short, but was not read from the heads. */
  #uncertain = false;

  /** @param turnsActive how many turns the process has, all of which read from the heads now and then */
  constructor(clock: Pick<Clock, "now" | "monotonicMs">, turnsActive: () => number = () => 1) {
    this.#clock = clock;
    this.#turnsActive = turnsActive;
  }

  /** Call when a claim of up to `limit` deliveries is sent. One of none reads nothing, and leaves the places as they are. */
  ask(limit: number): AskedPage {
    if (limit === 0) return nothing;
    const askedMs = this.#clock.monotonicMs();
    const sinceMs = this.#clock.now();
    const fromHeads = this.#forgotten || askedMs >= this.#nextHeadsAtMs;
    const epoch = this.#epoch;
    return {
      from: fromHeads ? null : { lanes: this.#lanes, sinceMs: this.#sinceMs },
      takeOver: (page, allTaken) => {
        if (epoch !== this.#epoch) return fromHeads;
        this.#answeredAtMs = this.#clock.monotonicMs();
        if (fromHeads) {
          this.#forgotten = false;
          this.#sinceMs = sinceMs;
          this.#readHeads(this.#answeredAtMs - askedMs);
        }
        const short = page.deliveries.length < limit;
        this.#uncertain = short && !fromHeads;
        this.#moveOn(page, short, sinceMs - storedLateMs);
        if (!allTaken) this.forget();
        return true;
      },
    };
  }

  /** How long until a turn in which nothing else happens should claim again, from the heads. Infinity: it need not. */
  lookInMs(): number {
    if (!this.#uncertain) return Number.POSITIVE_INFINITY;
    return Math.max(1, this.#nextHeadsAtMs + graceMs - this.#clock.monotonicMs());
  }

  /** Something may be due in front of the places: the next claim reads from the heads. */
  forget(): void {
    this.#lanes = [head, head, head];
    this.#forgotten = true;
    this.#uncertain = false;
    this.#epoch += 1;
  }

  /** Reading from the heads took so long. */
  #readHeads(tookMs: number): void {
    this.#quietWaitMs = Math.min(longestMs, tookMs / headsPart);
    const turns = Math.max(1, this.#turnsActive());
    this.#headsAtMs = this.#answeredAtMs + Math.min(longestMs, this.#quietWaitMs * turns);
  }

  get #nextHeadsAtMs(): number {
    return this.#uncertain
      ? Math.min(this.#headsAtMs, this.#answeredAtMs + this.#quietWaitMs)
      : this.#headsAtMs;
  }

  /** All lanes before the last delivery's were read to the end, and its own up to it. */
  #moveOn(
    { deliveries, lastLane }: Pick<Claimed, "deliveries" | "lastLane">,
    short: boolean,
    latestMs: number,
  ): void {
    const latest: LanePlace = { dueAtMs: latestMs, id: null };
    const last = deliveries.at(-1);
    const endedIn = short || !last ? this.#lanes.length : (lastLane ?? 0);
    const [first, second, third] = this.#lanes.map((place, lane) => {
      if (lane !== endedIn) return lane < endedIn ? latest : place;
      return last && last.dueAtMs < latestMs ? placeOf(last) : latest;
    });
    this.#lanes = [first!, second!, third!];
  }
}

/** The ledger has microseconds: a time between two milliseconds is rounded down, so that nothing is passed. */
function placeOf({ dueAtMs, id }: { readonly dueAtMs: number; readonly id: string }): LanePlace {
  return Number.isInteger(dueAtMs) ? { dueAtMs, id } : { dueAtMs: Math.floor(dueAtMs), id: null };
}
