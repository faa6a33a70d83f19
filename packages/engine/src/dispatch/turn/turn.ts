/**
 * One turn of a partner, as states. `#enter` is the only function that changes the state, and `states.ts` says which
 * one may follow which.
 *
 * ```text
 *   opening ── the turn is ours ──▶ sending ── all is sent and stored ──▶ idle
 *      │                            │  │  ▲                               │  │
 *      │          others wait: the  │  │  └── a look finds more, or asks ─┘  │
 *      │          slice is over     │  │                                     │
 *      │                            ▼  │                                     │
 *      │                     finishing │                                     │
 *      │ not ours            its pages │ a stop, a fault, a                  │
 *      │ or a fault          are sent  │ hand-over, no permit                │
 *      │                            │  │                                     │
 *      └──────────────────────────▶ closing ◀── a look says so ──────────────┤
 *                                      │                                     │
 *       nothing is in flight or unrecorded                another wants the place, or
 *                                      ▼                  it was idle long enough
 *                                     over ◀─────────────────────────────────┘
 * ```
 *
 * An abort leads from each state to `over`, as soon as nothing is in flight.
 *
 * @packageDocumentation
 */
import type { Claimed, DueDelivery } from "../../ports/ledger.ts";
import type { TurnEnd, TurnSlot } from "../../ports/turns.ts";
import type { DispatchPartner } from "../partner.ts";
import { Attempts } from "./attempts.ts";
import { Claimer } from "./claimer.ts";
import type { Claims } from "./claims.ts";
import { EarliestTimer } from "./earliest-timer.ts";
import type { Lease } from "./lease.ts";
import { idleLookMs } from "./looks.ts";
import { Pace } from "./pace.ts";
import { moveTo, type TurnState } from "./states.ts";
import type { TurnTools } from "./tools.ts";
import { waitUnlessAborted } from "./wait-unless-aborted.ts";
import { Waker } from "./waker.ts";

/** After this time a turn claims no more if others wait, and reads its partner's settings again if none do. */
export const sliceMs = 500;
/**
 * What was claimed within the slice goes out first, until this time: handed back it would be read again and again.
 * With 10,000 partners in turn each delivery was read 12 times when it was.
 */
const longestTurnMs = 2_500;
/** A turn of this length is handed over if another process has more time for it. */
const handOverMs = 2_000;
/** A turn with nothing in flight that would wait longer than this for a permit closes, and is rung in time. */
const longestPermitWaitMs = 100;
/** A turn that was being given back when it was asked for is asked for again after this time. */
const unclearMs = 20;
const smallestPage = 8;
const largestPage = 512;

/**
 * One turn: pages of due deliveries are claimed ahead of need, attempted as the share, the process's slots and the
 * rate allow, and their outcomes recorded, until the slice ends or nothing is due.
 */
export class Turn {
  readonly #slot: TurnSlot;
  readonly #tools: TurnTools;
  readonly #startedAtMs: number;
  readonly #claimer: Claimer;
  readonly #claims: Claims;
  readonly #lease: Lease;
  readonly #attempts: Attempts;
  readonly #waker: Waker;
  readonly #permitTimer: EarliestTimer;
  readonly #tryStart = () => this.#fill();
  readonly #yieldPlace = () => {
    this.#yields = true;
    this.#waker.wake();
  };

  #state: TurnState = "opening";
  #pace: Pace | null = null;
  /** Another partner wants the place of this turn when it has nothing to do. */
  #yields = false;
  #fault: { readonly error: unknown } | null = null;
  /** When the partner next has work, as far as this turn knows. */
  #nextDueAtMs = Number.POSITIVE_INFINITY;

  constructor(slot: TurnSlot, tools: TurnTools) {
    this.#slot = slot;
    this.#tools = tools;
    this.#claimer = new Claimer(slot.partnerNo, tools, {
      opened: (claimed) => this.#open(claimed),
      claimed: (claimed, askedAtMs) => this.#takeOver(claimed, askedAtMs),
      failed: (error) => this.#fail(error),
    });
    this.#attempts = new Attempts(slot, tools, this.#claimer, {
      sent: () => this.#takePermit(),
      ended: () => this.#goOn(),
      stored: (delivery, dueAtMs) => this.#afterRecord(delivery, dueAtMs),
      split: () => this.#afterSplit(),
      left: () => this.#close(tools.clock.now()),
    });
    this.#claims = this.#claimer.claims;
    this.#lease = this.#claimer.lease;
    this.#permitTimer = new EarliestTimer(tools.clock, this.#tryStart);
    this.#waker = new Waker(tools.clock);
    this.#startedAtMs = tools.clock.monotonicMs();
  }

  /**
   * Runs to the end. Resolves with the time at which the partner next has work, as far as this turn knows.
   *
   * @throws what the claim or the settings failed with, after everything in flight has been recorded
   */
  async run(): Promise<TurnEnd> {
    const { clock, recentPartners, shares, telemetry } = this.#tools;
    this.#slot.onRing?.(() => this.#lookAgain());
    recentPartners.add(this.#slot.partnerNo, this.#startedAtMs);
    this.#claim(smallestPage);
    while (!this.#mayEnd()) await this.#nextEvent();
    // In the same step as the last look at the state: a ring from here on leads to another turn.
    this.#enter("over");
    this.#waker.close();
    this.#permitTimer.cancel();
    shares.set(this.#slot.partnerNo, this.#attempts.share.size);
    if (this.#lease.fence > 0) await waitUnlessAborted(this.#giveBack(), this.#slot.signal);
    if (this.#claimer.partner)
      telemetry.turn({
        partner: this.#claimer.partner.id,
        attempts: this.#attempts.concluded,
        durationMs: clock.monotonicMs() - this.#startedAtMs,
      });
    if (this.#fault) throw this.#fault.error;
    this.#dueAt(clock.now() + this.#claimer.places.lookInMs());
    const nextDueAtMs = Number.isFinite(this.#nextDueAtMs) ? this.#nextDueAtMs : null;
    return { nextDueAtMs, elsewhere: this.#claimer.elsewhere };
  }

  /** Gives the turn back, if there is anything to give: what another process had work for meanwhile is due now. */
  async #giveBack(): Promise<void> {
    const { clock, recorder } = this.#tools;
    await this.#attempts.circuits.close();
    const cursorMs = (await this.#pace?.close()) ?? null;
    const { fence, shared, taken } = this.#lease;
    if (cursorMs === null && !(shared && taken)) return;
    const rung = await recorder.closeTurn({ partnerNo: this.#slot.partnerNo, fence, cursorMs });
    if (rung) this.#nextDueAtMs = clock.now();
  }

  /** The one way from state to state. From `closing` on, rings lead to another turn, and nothing waits for a slot. */
  #enter(state: TurnState): void {
    if (!this.#isReadyFor(state)) throw new Error(`A turn is not ready to be "${state}".`);
    this.#state = moveTo(this.#state, state);
    if (!this.#ends) return;
    this.#slot.onRing?.(null);
    this.#tools.slots.leave(this.#tryStart);
  }

  /** What holds on entry of each state. */
  #isReadyFor(state: TurnState): boolean {
    switch (state) {
      case "sending":
        return this.#claimer.partner !== null;
      case "finishing":
        return this.#claims.waiting > 0;
      case "idle":
        return this.#isDrained();
      case "over":
        return this.#attempts.inFlight === 0;
      case "opening":
      case "closing":
        return true;
    }
  }

  /** Nothing is started any more. */
  get #ends(): boolean {
    return this.#state === "closing" || this.#state === "over";
  }

  /** All that is due was sent and stored. */
  #isDrained(): boolean {
    return this.#attempts.inFlight === 0 && this.#claimer.drained;
  }

  #mayEnd(): boolean {
    if (this.#attempts.inFlight > 0) return false;
    // Claims and records may wait for a ledger that is away: an aborted turn does not wait with them.
    if (this.#slot.signal.aborted) return true;
    if (this.#claimer.asking || this.#claims.open > 0) return false;
    // What still waits was claimed without a change: it stays due, and another turn will read it.
    if (this.#state === "closing") return true;
    return (
      this.#state === "idle" && (this.#yields || this.#lease.lingersMs() === 0 || this.#slot.contended())
    );
  }

  /** Resolves at the next event worth looking at: an outcome stored, a claim answered, a ring, or the look-out time. */
  async #nextEvent(): Promise<void> {
    const { clock } = this.#tools;
    const idle = this.#state === "idle";
    const dueInMs = this.#state === "closing" ? idleLookMs : Math.max(1, this.#nextDueAtMs - clock.now());
    const lookInMs = Math.min(dueInMs, idle ? this.#claimer.places.lookInMs() : this.#claimer.lookInMs());
    const overInMs = idle ? this.#lease.lingersMs() : Number.POSITIVE_INFINITY;
    if (idle) this.#slot.idle?.(this.#yieldPlace);
    const timeIsOver = await this.#waker.wait(Math.min(lookInMs, overInMs));
    if (timeIsOver && lookInMs <= overInMs) this.#lookAgain(true);
    this.#slot.idle?.(null);
    if (idle && !this.#isDrained()) this.#tools.recentPartners.add(this.#slot.partnerNo, clock.monotonicMs());
    this.#endSlice();
    if (this.#state === "sending" && this.#isDrained()) this.#enter("idle");
  }

  /** Ends what is over by time: the slice if others wait, the turn if it lasted too long or the process stops. */
  #endSlice(): void {
    const now = this.#tools.clock.now();
    const lastedMs = this.#tools.clock.monotonicMs() - this.#startedAtMs;
    if (this.#slot.stopping()) return this.#close(now);
    if (this.#slot.contended() && lastedMs > sliceMs) {
      if (this.#claims.waiting === 0 || lastedMs > longestTurnMs) return this.#close(now);
      if (this.#state === "sending") this.#enter("finishing");
    }
    const afterMs = lastedMs > handOverMs ? this.#tools.handOverAfterMs() : null;
    // A turn that is only kept is handed over too: the partner's next events then find the other process.
    if (afterMs !== null && this.#isDrained()) this.#dueAt(now + afterMs);
    if (afterMs !== null) this.#close(now + afterMs);
  }

  /** Starts nothing more. Work that is left is due at `nextDueAtMs`. */
  #close(nextDueAtMs: number): void {
    if (this.#ends) return;
    if (this.#claims.waiting + this.#claims.parked > 0 || !this.#claimer.exhausted) this.#dueAt(nextDueAtMs);
    this.#enter("closing");
    this.#waker.wake();
  }

  #dueAt(atMs: number): void {
    if (atMs >= this.#nextDueAtMs) return;
    this.#nextDueAtMs = atMs;
    this.#waker.wake();
  }

  /** There may be more work, or other settings, than the last claim told. */
  #lookAgain(inAnyCase = false): void {
    this.#endSlice();
    // The lease is renewed for what is in flight, which another process would else send as well.
    if (this.#ends) return this.#claim(0);
    if (this.#nextDueAtMs <= this.#tools.clock.now()) this.#nextDueAtMs = Number.POSITIVE_INFINITY;
    this.#claimer.expectMore();
    this.#claimMore(inAnyCase);
  }

  #claimMore(inAnyCase = false): void {
    const finishes = this.#state === "finishing";
    const wantsMore = !this.#claimer.exhausted && this.#claims.waiting < this.#attempts.share.size * 2;
    if (finishes && this.#claims.waiting === 0) this.#close(this.#tools.clock.now());
    else if (wantsMore && !finishes)
      this.#claim(Math.min(largestPage, Math.max(smallestPage, this.#attempts.share.size * 4)));
    else if (inAnyCase || this.#claimer.settingsAreOld()) this.#claim(0);
  }

  /** Claims a page ahead of need; with a limit of 0 it only learns whether the turn and its settings still hold. */
  #claim(limit: number): void {
    if (this.#claimer.asking || (this.#ends && limit > 0)) return;
    if (this.#state === "idle") this.#enter("sending");
    void this.#claimer.ask(limit);
  }

  /** The ledger has given the turn to this process. */
  #open({ partnerNo, fence, circuits, limiterCursorMs }: Claimed): void {
    this.#attempts.circuits.load(partnerNo, fence, circuits);
    this.#pace = new Pace(limiterCursorMs, {
      save: (cursorMs) => this.#tools.recorder.saveCursor({ partnerNo, fence, cursorMs }),
      goOn: this.#tryStart,
    });
    this.#slot.held?.();
  }

  /** Goes on by what a claim said. */
  #takeOver({ standing, nextDueAtMs }: Claimed, askedAtMs: number): void {
    if (nextDueAtMs !== null) this.#dueAt(nextDueAtMs);
    if (standing === "unclear") this.#dueAt(askedAtMs + unclearMs);
    if (standing !== "held" || this.#claimer.partner === null) this.#close(Number.POSITIVE_INFINITY);
    else if (this.#state === "opening") this.#enter("sending");
    this.#fill();
    this.#waker.wake();
  }

  /** What is in flight is still recorded; then the turn ends with the fault. */
  #fail(error: unknown): void {
    this.#fault = { error };
    this.#close(Number.POSITIVE_INFINITY);
    this.#waker.wake();
  }

  /** Starts attempts while the share, the slots and the rate allow. */
  #fill(): void {
    const partner = this.#claimer.partner;
    if (partner === null || this.#ends || this.#slot.signal.aborted) return;
    if (this.#slot.stopping()) return this.#endSlice();
    if (!this.#lease.holds() || (this.#claims.waiting > 0 && this.#claimer.settingsAreOld()))
      return this.#claim(0);
    while (this.#claims.waiting > 0 && this.#attempts.hasRoom(partner)) {
      const delivery = this.#claims.first;
      const endpoint = partner.endpoints.get(delivery.endpointNo);
      if (endpoint && endpoint.fanOut !== null && this.#attempts.split(delivery, partner, endpoint)) {
        this.#claims.shift();
        continue;
      }
      if (endpoint && this.#attempts.circuits.room(endpoint) <= 0) {
        this.#claims.park();
        continue;
      }
      if (endpoint) {
        if (!this.#mayGo(partner) || !this.#tools.slots.take(this.#tryStart)) break;
        this.#attempts.start(delivery, partner, endpoint);
      } else this.#claims.release(delivery.id); // deleted since it was claimed
      this.#claims.shift();
    }
    if (this.#claims.waiting === 0) this.#tools.slots.leave(this.#tryStart);
    this.#claimMore();
  }

  /** Whether the rate lets one more go now; if not, sees to it that the turn goes on, or closes, in time. */
  #mayGo({ rate }: DispatchPartner): boolean {
    if (rate === null || this.#pace === null) return true;
    const now = this.#tools.clock.now();
    const waitMs = this.#pace.waitMs(rate, now);
    if (waitMs === 0) return true;
    if (this.#pace.refused) this.#close(now + idleLookMs);
    else if (waitMs === Number.POSITIVE_INFINITY) return false;
    else if (waitMs > longestPermitWaitMs && this.#attempts.inFlight === 0) this.#close(now + waitMs);
    else this.#permitTimer.in(waitMs);
    return false;
  }

  #takePermit(): void {
    const rate = this.#claimer.partner?.rate;
    if (rate) this.#pace?.take(rate, this.#tools.clock.now());
  }

  /** An attempt is over: others may start. */
  #goOn(): void {
    this.#fill();
    if (this.#attempts.inFlight === 0) this.#waker.wake();
  }

  /** An outcome is stored. */
  #afterRecord({ orderKey }: DueDelivery, dueAtMs: number): void {
    this.#dueAt(dueAtMs);
    if (orderKey !== null) this.#nextOfKey();
    if (this.#attempts.inFlight === 0 && this.#claims.open === 0) this.#waker.wake();
  }

  /** A delivery was split: its items are due in front of where the last page ended. */
  #afterSplit(): void {
    this.#claimer.readAgain();
    this.#nextOfKey();
    if (this.#attempts.inFlight === 0 && this.#claims.open === 0) this.#waker.wake();
  }

  /** A delivery with an order key was recorded: the next of its key may be due now. */
  #nextOfKey(): void {
    if (this.#ends) this.#dueAt(this.#tools.clock.now());
    else this.#lookAgain();
  }
}
