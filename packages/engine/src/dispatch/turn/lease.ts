import type { Clock } from "../../ports/clock.ts";
import type { Claimed } from "../../ports/ledger.ts";

/**
 * A look renews a lease that is half used, so half of it is what an answer promises; and nothing is sent in the last
 * tenth of that, for a clock that runs slower than the ledger's.
 */
const usedPartOfLease = 0.45;
/**
 * A turn with nothing to do is kept for so long after its last attempt if nobody else wants its place: the partner's
 * next event then needs one look, while a turn that was given back and is opened again takes two statements more.
 */
const lingerMs = 1_000;

export interface LeaseTools {
  readonly clock: Clock;
  /** Grows with each loss of the ledger's server, which may come back without the leases it gave. */
  serverLosses(): number;
}

/** What a turn knows of its right to send: the fence it was opened with, and until when it is this process's. */
export class Lease {
  readonly #tools: LeaseTools;
  #fence = 0;
  /** In monotonic time; 0 if it is not this process's. */
  #untilMs = 0;
  /** The same moment by the machine's time of day, which runs on while it is suspended; monotonic time may not. */
  #untilDayMs = 0;
  #serverLosses = 0;
  #usedAtMs = Number.NEGATIVE_INFINITY;

  constructor(tools: LeaseTools) {
    this.#tools = tools;
  }

  /** 0 until a claim has opened the turn. */
  get fence(): number {
    return this.#fence;
  }

  /** Whether others could have the turn once it is given back. */
  get shared(): boolean {
    return Number.isFinite(this.#untilMs);
  }

  /** Whether there is anything to give back. */
  get taken(): boolean {
    return this.#fence > 0 && this.#untilMs > 0;
  }

  /** Whether the turn is still this process's. If the lease ran out or the server was lost, another claim must come first. */
  holds(): boolean {
    const { clock } = this.#tools;
    // A clock that is set forward costs one more claim.
    const runs = clock.monotonicMs() < this.#untilMs && clock.localNow() < this.#untilDayMs;
    return runs && !this.serverWasLost;
  }

  /** The server was lost since the last claim was asked for: what was read from it may not be in the ledger any more. */
  get serverWasLost(): boolean {
    return this.#serverLosses !== this.#tools.serverLosses();
  }

  /** When the last attempt was over, in monotonic milliseconds. */
  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  /** An attempt is over. */
  markUsed(): void {
    this.#usedAtMs = this.#tools.clock.monotonicMs();
  }

  /** How much longer the turn is worth keeping with nothing to do. */
  lingersMs(): number {
    return this.shared ? Math.max(0, this.#usedAtMs + lingerMs - this.#tools.clock.monotonicMs()) : 0;
  }

  /** Call before a claim is sent. The function it gives takes the answer; the lease counts from the call. */
  ask(): (claimed: Claimed) => void {
    const { clock } = this.#tools;
    const [askedAtMs, askedAtDayMs, serverLosses] = [
      clock.monotonicMs(),
      clock.localNow(),
      this.#tools.serverLosses(),
    ];
    return ({ standing, fence, leaseMs }) => {
      // An inactive partner's turn was opened as well, and is to be given back.
      const ours = standing === "held" || standing === "inactive";
      this.#untilMs = ours ? askedAtMs + leaseMs * usedPartOfLease : 0;
      this.#untilDayMs = ours ? askedAtDayMs + leaseMs * usedPartOfLease : 0;
      this.#serverLosses = serverLosses;
      if (ours && this.#fence === 0) this.#fence = fence;
    };
  }
}
