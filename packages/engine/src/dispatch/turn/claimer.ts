import type { Claimed, ClaimFrom, ClaimRequest } from "../../ports/ledger.ts";
import type { DispatchPartner } from "../partner.ts";
import { Claims } from "./claims.ts";
import { Lease } from "./lease.ts";
import { idleLookMs, vainLookInMs } from "./looks.ts";
import { Places } from "./places.ts";
import type { TurnTools } from "./tools.ts";

/** Nothing is begun by settings that were read longer ago. */
const settingsHoldMs = 1_000;

/** What a claimer tells its turn. */
export interface ClaimListener {
  /** Called once, when the ledger has given the turn to this process; before `claimed`. */
  opened(claimed: Claimed): void;
  /** A claim was answered, and its answer is taken over. */
  claimed(claimed: Claimed, askedAtMs: number): void;
  /** A claim failed, or the reading of the settings that it named. */
  failed(error: unknown): void;
}

/**
 * Asks the ledger for a turn's deliveries, one claim at a time, and keeps what the answers say: what to send, by which
 * settings, and until when the turn is this process's.
 */
export class Claimer {
  readonly claims = new Claims();
  readonly places: Places;
  readonly lease: Lease;
  readonly #partnerNo: number;
  readonly #tools: TurnTools;
  readonly #listener: ClaimListener;
  #partner: DispatchPartner | null = null;
  #asking = false;
  #answeredAtMs = 0;
  #inVain = false;
  #exhausted = false;
  /** There was a call to look again while a claim was under way, which may have read before what it was about. */
  #rungMeanwhile = false;
  #elsewhere = false;

  constructor(partnerNo: number, tools: TurnTools, listener: ClaimListener) {
    this.#partnerNo = partnerNo;
    this.#tools = tools;
    this.#listener = listener;
    this.places = new Places(tools.clock, tools.turnsActive);
    this.lease = new Lease(tools);
  }

  /** The settings to send by. Null until a claim has named their version, and after the ledger's server was lost. */
  get partner(): DispatchPartner | null {
    return this.#partner;
  }

  /** A claim is under way. */
  get asking(): boolean {
    return this.#asking;
  }

  /** The last claim read all that was due, and nothing came since then. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** The last claim said that another process has the turn. */
  get elsewhere(): boolean {
    return this.#elsewhere;
  }

  /** All that is due was claimed, sent and stored, except for what is in flight. */
  get drained(): boolean {
    return !this.#asking && this.claims.open === 0 && this.#exhausted && this.claims.waiting === 0;
  }

  /** Whether the settings were confirmed too long ago to send by them. */
  settingsAreOld(): boolean {
    return this.#tools.clock.monotonicMs() - this.#answeredAtMs > settingsHoldMs;
  }

  /** How long until the next look of a turn that waits for answers. */
  lookInMs(): number {
    if (this.#asking || !this.#inVain) return idleLookMs;
    return vainLookInMs(this.#partnerNo, this.#tools.clock.monotonicMs(), this.#answeredAtMs);
  }

  /** There may be more work than the last claim told. */
  expectMore(): void {
    this.#exhausted = false;
    this.#rungMeanwhile = this.#asking;
  }

  /** A claim may have passed over an endpoint whose last parked delivery goes on now: it is read again from the heads. */
  readAgain(): void {
    this.#exhausted = false;
    this.places.forget();
  }

  /**
   * Asks for up to `limit` deliveries; with 0 it only learns whether the turn and its settings still hold. One claim at
   * a time. The listener gets the answer, or what the claim or the settings failed with.
   */
  async ask(limit: number): Promise<void> {
    if (this.lease.serverWasLost) this.#forget();
    this.#asking = true;
    this.#rungMeanwhile = false;
    const [takeDeliveries, page] = [this.claims.ask(), this.places.ask(limit)];
    const askedAtMs = this.#tools.clock.now();
    const settleLease = this.lease.ask();
    const opens = this.lease.fence === 0;
    let claimed: Claimed;
    try {
      claimed = await this.#tools.claim(this.#request(limit, page.from));
      settleLease(claimed);
      if (opens && this.lease.taken) this.#listener.opened(claimed);
      this.#elsewhere = claimed.standing === "elsewhere";
      if (claimed.standing === "held") await this.#readSettings(claimed);
      const saysAll = page.takeOver(claimed, takeDeliveries(claimed.deliveries));
      this.#inVain = claimed.deliveries.length === 0;
      if (limit > 0) this.#exhausted = saysAll && claimed.deliveries.length < limit && !this.#rungMeanwhile;
      this.#answeredAtMs = this.#tools.clock.monotonicMs();
    } catch (error) {
      this.#asking = false;
      this.#listener.failed(error);
      return;
    }
    // In the same step: what was taken goes by what the turn learns of it, or not at all.
    this.#asking = false;
    this.#listener.claimed(claimed, askedAtMs);
  }

  #request(limit: number, from: ClaimFrom | null): ClaimRequest {
    return {
      partnerNo: this.#partnerNo,
      fence: this.lease.fence || null,
      limit,
      busyIds: [...this.claims.busyIds],
      passOver: this.claims.parkedEndpoints,
      from,
    };
  }

  /** Reads the settings at the version that a claim names, unless they are known. */
  async #readSettings({ partnerNo, version }: Claimed): Promise<void> {
    if (this.#partner?.version === version) return;
    if (this.#partner) this.places.forget(); // An endpoint may have been resumed.
    this.#partner = await this.#tools.readPartner(partnerNo, version);
  }

  /** What was read from a server that was lost need not be in the ledger any more: it is read again before anything goes. */
  #forget(): void {
    this.claims.dropWaiting();
    this.places.forget();
    this.#partner = null;
    this.#exhausted = false;
  }
}
