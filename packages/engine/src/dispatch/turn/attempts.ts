import { isExpired } from "../../core/decide.ts";
import { countItems } from "../../core/fan-out.ts";
import type { DueDelivery } from "../../ports/ledger.ts";
import type { TurnSlot } from "../../ports/turns.ts";
import { attempt, type Attempted, putBackBroken, type Job } from "../attempt.ts";
import { attemptEvent, outcomeOf } from "../outcome.ts";
import type { DispatchEndpoint, DispatchPartner } from "../partner.ts";
import { Circuits } from "./circuits.ts";
import type { Claimer } from "./claimer.ts";
import { LookUps } from "./look-ups.ts";
import { Share } from "./share.ts";
import type { TurnTools } from "./tools.ts";

/** What attempts tell their turn. */
export interface AttemptListener {
  /** A request leaves: its permit is used. */
  readonly sent: () => void;
  /** An attempt is over, and its outcome is handed to the recorder: others may start. */
  readonly ended: () => void;
  /** An outcome is stored. The partner has work again at `dueAtMs`; Infinity: this delivery needs none. */
  readonly stored: (delivery: DueDelivery, dueAtMs: number) => void;
  /** A delivery was split into its items, which are due by now. */
  readonly split: () => void;
  /** The partner is left to other processes. */
  readonly left: () => void;
}

/** A turn's attempts: starts them, counts those in flight, and hands what became of them to the recorder. */
export class Attempts {
  readonly circuits: Circuits;
  readonly share: Share;
  readonly #slot: TurnSlot;
  readonly #tools: TurnTools;
  readonly #claimer: Claimer;
  readonly #listener: AttemptListener;
  readonly #lookUps: LookUps;
  #inFlight = 0;
  #concluded = 0;

  constructor(slot: TurnSlot, tools: TurnTools, claimer: Claimer, listener: AttemptListener) {
    this.#slot = slot;
    this.#tools = tools;
    this.#claimer = claimer;
    this.#listener = listener;
    this.circuits = new Circuits(tools);
    this.share = new Share(tools.shares.get(slot.partnerNo));
    this.#lookUps = new LookUps(tools.slots, () => slot.waits?.(this.#lookUps.open >= this.#inFlight));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Attempts that came to an end of their own: the process did not let go of them. */
  get concluded(): number {
    return this.#concluded;
  }

  /** Probes and ramps have limits of their own: a probe that hangs must not hold the one place of a small share. */
  hasRoom({ maxInFlight }: DispatchPartner): boolean {
    return this.#inFlight < maxInFlight && this.#inFlight - this.circuits.inFlight < this.share.size;
  }

  /** Starts an attempt; its slot is taken. */
  start(delivery: DueDelivery, partner: DispatchPartner, endpoint: DispatchEndpoint): void {
    const permit = this.circuits.begin(partner.id, endpoint);
    void this.#run({ delivery, partner, endpoint, n: delivery.attemptsMade + 1, permit });
  }

  /**
   * Splits a delivery of an endpoint with `fan_out` into the items of its event's list. False if it is an item, or becomes none: then an
   * attempt says what to send, or why nothing is sent.
   */
  split(delivery: DueDelivery, partner: DispatchPartner, endpoint: DispatchEndpoint): boolean {
    const { fanOut, refusal, policy } = endpoint;
    if (fanOut === null || delivery.item !== null || refusal !== null) return false;
    if (isExpired(policy, delivery, this.#tools.clock.now())) return false;
    const counted = countItems(fanOut, delivery.dataText);
    if (!counted.ok) return false;
    const { claims, lease } = this.#claimer;
    const ids = { deliveryId: delivery.id, partnerNo: partner.partnerNo, fence: lease.fence };
    this.#tools.recorder.fanOut({ ...ids, items: counted.count }, (stored) => {
      if (!stored && !this.#slot.signal.aborted) {
        const job: Job = { delivery, partner, endpoint, n: delivery.attemptsMade + 1, permit: null };
        const error = new Error("A delivery could not be split into its items.");
        return this.#conclude(job, putBackBroken(job, error, this.#tools));
      }
      claims.release(delivery.id);
      this.#listener.split();
    });
    return true;
  }

  async #run(job: Job): Promise<void> {
    this.#inFlight += 1;
    this.#lookUps.check();
    const { signal } = this.#slot;
    const attempted = await attempt(job, this.#tools, signal, this.#listener.sent, this.#lookUps).catch(
      (error: unknown) => putBackBroken(job, error, this.#tools),
    );
    this.#inFlight -= 1;
    this.#lookUps.check();
    this.#tools.slots.give();
    const { claims, lease } = this.#claimer;
    lease.markUsed();
    this.circuits.end(job);
    if (attempted === null) claims.release(job.delivery.id);
    else this.#conclude(job, attempted);
    if (claims.parked > 0 && claims.unpark(job.endpoint.endpointNo, this.circuits.room(job.endpoint)))
      this.#claimer.readAgain();
    this.#listener.ended();
  }

  #conclude(job: Job, ended: Attempted): void {
    const { recorder, telemetry } = this.#tools;
    const { claims, lease } = this.#claimer;
    const { attempted, hold } = this.circuits.conclude(job, ended);
    this.#concluded += 1;
    if (attempted.verdict?.kind === "accepted") this.#growShare(job.partner);
    else if (attempted.verdict?.kind === "retryable" && !job.permit) this.share.shrink();

    if (hold) {
      claims.hold(hold.endpointNo);
      recorder.hold(hold, () => claims.noteHoldStored(hold.endpointNo));
    }
    const outcome = outcomeOf(job, attempted, lease.fence);
    const retryAtMs = outcome.change.kind === "retry" ? outcome.change.dueAtMs : Number.POSITIVE_INFINITY;
    recorder.record(outcome, () => {
      claims.release(job.delivery.id);
      // Once stored, since a claim before that would leave it out. A paused endpoint is due when it is resumed.
      const dueAtMs = hold ? (hold.untilMs ?? Number.POSITIVE_INFINITY) : retryAtMs;
      this.#listener.stored(job.delivery, dueAtMs);
    });
    if (!attempted.putBack) telemetry.attempt(attemptEvent(job, attempted, outcome));
    else if (this.#tools.leaves(this.#slot.partnerNo)) this.#listener.left();
  }

  #growShare({ maxInFlight }: DispatchPartner): void {
    const { recentPartners, load } = this.#tools;
    const { claims, exhausted, lease } = this.#claimer;
    const drained = exhausted && claims.waiting === 0;
    const others = !drained && recentPartners.hasOthers(this.#slot.partnerNo, lease.usedAtMs);
    this.share.grow(maxInFlight, others ? load.busy() : null, lease.usedAtMs);
  }
}
