import type { Claimed } from "../../ports/ledger.ts";
import type { TurnEnd, TurnSlot } from "../../ports/turns.ts";
import { attempt, type Attempted, broken, type Job } from "../attempt.ts";
import { Circuits } from "./circuits.ts";
import { Claims } from "./claims.ts";
import { EarliestTimer } from "./earliest-timer.ts";
import { attemptEvent, outcomeOf } from "../outcome.ts";
import { Pace } from "./pace.ts";
import { Lease } from "./lease.ts";
import type { DispatchPartner } from "../partner.ts";
import { LookUps } from "./look-ups.ts";
import { idleLookMs, vainLookInMs } from "./looks.ts";
import { unlessAborted } from "../patience.ts";
import { Places } from "./places.ts";
import { Share } from "./share.ts";
import type { TurnTools } from "./tools.ts";
import { Waker } from "./waker.ts";

/** After this time a turn claims no more if others wait, and reads its partner's settings again if none do. */
export const sliceMs = 500;
/**
 * What was claimed within the slice goes out first, until this time: handed back it would be read again and again.
 * With 10,000 partners in turn each delivery was read 12 times when it was.
 */
const longestTurnMs = 2_500;
/** A turn of this length is handed over where another process has more time for it. */
const handOverMs = 2_000;
/** A turn with nothing in flight that would wait longer than this for a permit closes, and is rung in time. */
const longestPermitWaitMs = 100;
/** Nothing is begun by settings that were read longer ago. */
const settingsHoldMs = 1_000;
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
  readonly #claims = new Claims();
  readonly #places: Places;
  readonly #circuits: Circuits;
  readonly #lease: Lease;
  readonly #share: Share;
  readonly #waker: Waker;
  readonly #lookUps: LookUps;
  readonly #tryStart = () => this.#fill();
  readonly #yieldPlace = () => {
    this.#yields = true;
    this.#waker.wake();
  };

  #partner: DispatchPartner | null = null;
  #pace: Pace | null = null;
  #elsewhere = false;
  #inFlight = 0;
  #attempts = 0;

  #claiming = false;
  #claimedAtMs = 0;
  /** The last claim brought nothing. */
  #inVain = false;
  /** There was a call to look again while a claim was under way, which may have read before what it was about. */
  #rungMeanwhile = false;
  /** Another partner wants the place of this turn when it has nothing to do. */
  #yields = false;
  /** The last claim read all that was due. */
  #exhausted = false;
  /** Claims nothing more: others wait. */
  #sliceOver = false;
  #closing = false;
  #fault: { readonly error: unknown } | null = null;
  /** When the partner next has work, as far as this turn knows. */
  #nextDueAtMs = Number.POSITIVE_INFINITY;

  readonly #permitTimer: EarliestTimer;

  constructor(slot: TurnSlot, tools: TurnTools) {
    this.#slot = slot;
    this.#tools = tools;
    this.#places = new Places(tools.clock);
    this.#permitTimer = new EarliestTimer(tools.clock, this.#tryStart);
    this.#circuits = new Circuits(tools);
    this.#lease = new Lease(tools);
    this.#waker = new Waker(tools.clock);
    this.#startedAtMs = tools.clock.monotonicMs();
    this.#share = new Share(tools.shares.get(slot.partnerNo));
    this.#lookUps = new LookUps(tools.slots, () => slot.waits?.(this.#lookUps.open >= this.#inFlight));
  }

  /**
   * Runs to the end. Resolves with the time at which the partner next has work, as far as this turn knows.
   *
   * @throws what the claim or the settings failed with, after everything in flight has been recorded
   */
  async run(): Promise<TurnEnd> {
    const { clock, shares, slots, telemetry } = this.#tools;
    this.#slot.onRing?.(() => this.#lookAgain());
    this.#tools.company.came(this.#slot.partnerNo, this.#startedAtMs);
    void this.#claim(smallestPage);
    while (!this.#over()) await this.#somethingHappened();
    // In the same step as the last look at the state: a ring from here on leads to another turn.
    this.#slot.onRing?.(null);
    this.#closing = true;
    slots.leave(this.#tryStart);
    this.#waker.close();
    this.#permitTimer.cancel();
    shares.set(this.#slot.partnerNo, this.#share.size);
    if (this.#lease.fence > 0) await unlessAborted(this.#giveBack(), this.#slot.signal);
    if (this.#partner)
      telemetry.turn({
        partner: this.#partner.id,
        attempts: this.#attempts,
        durationMs: clock.monotonicMs() - this.#startedAtMs,
      });
    if (this.#fault) throw this.#fault.error;
    this.#dueAt(clock.now() + this.#places.lookInMs());
    const nextDueAtMs = Number.isFinite(this.#nextDueAtMs) ? this.#nextDueAtMs : null;
    return { nextDueAtMs, elsewhere: this.#elsewhere };
  }

  /** Gives the turn back, where there is anything to give: what another process had work for meanwhile is due now. */
  async #giveBack(): Promise<void> {
    const { clock, recorder } = this.#tools;
    await this.#circuits.close();
    const cursorMs = (await this.#pace?.close()) ?? null;
    const { fence, shared, taken } = this.#lease;
    if (cursorMs === null && !(shared && taken)) return;
    const rung = await recorder.closeTurn({ partnerNo: this.#slot.partnerNo, fence, cursorMs });
    if (rung) this.#nextDueAtMs = clock.now();
  }

  #over(): boolean {
    if (this.#inFlight > 0) return false;
    // Claims and records may wait for a ledger that is away: an aborted turn does not wait with them.
    if (this.#slot.signal.aborted) return true;
    if (this.#claiming || this.#claims.open > 0) return false;
    // What still waits was claimed without a change: it stays due, and another turn will read it.
    if (this.#closing) return true;
    return this.#idle() && (this.#yields || this.#lease.lingersMs() === 0 || this.#slot.contended());
  }

  /** All that is due was sent and stored. */
  #idle(): boolean {
    const nothingOpen = this.#inFlight === 0 && !this.#claiming && this.#claims.open === 0;
    return nothingOpen && this.#exhausted && this.#claims.waiting === 0;
  }

  /** Resolves at the next event worth looking at: an outcome stored, a claim answered, a ring, or the look-out time. */
  async #somethingHappened(): Promise<void> {
    const { clock } = this.#tools;
    const dueInMs = this.#closing ? idleLookMs : Math.max(1, this.#nextDueAtMs - clock.now());
    const idle = this.#idle();
    const lookInMs = Math.min(dueInMs, idle ? this.#places.lookInMs() : this.#lookInMs());
    const overInMs = idle ? this.#lease.lingersMs() : Number.POSITIVE_INFINITY;
    if (idle) this.#slot.idle?.(this.#yieldPlace);
    const timeIsOver = await this.#waker.wait(Math.min(lookInMs, overInMs));
    if (timeIsOver && lookInMs <= overInMs) this.#lookAgain(true);
    this.#slot.idle?.(null);
    if (idle && !this.#idle()) this.#tools.company.came(this.#slot.partnerNo, clock.monotonicMs());
    this.#endSlice();
  }

  /** How long until the next look. */
  #lookInMs(): number {
    if (this.#claiming || !this.#inVain) return idleLookMs;
    return vainLookInMs(this.#slot.partnerNo, this.#tools.clock.monotonicMs(), this.#claimedAtMs);
  }

  #endSlice(): void {
    const now = this.#tools.clock.now();
    const lastedMs = this.#tools.clock.monotonicMs() - this.#startedAtMs;
    if (this.#slot.stopping()) return this.#close(now);
    if (this.#slot.contended() && lastedMs > sliceMs) {
      this.#sliceOver = true;
      if (this.#claims.waiting === 0 || lastedMs > longestTurnMs) return this.#close(now);
    }
    const afterMs = lastedMs > handOverMs ? this.#tools.handOverAfterMs() : null;
    // A turn that is only kept is handed over too: the partner's next events then find the other process.
    if (afterMs !== null && this.#idle()) this.#dueAt(now + afterMs);
    if (afterMs !== null) this.#close(now + afterMs);
  }

  /** Starts nothing more. Work that is left is due at `nextDueAtMs`. */
  #close(nextDueAtMs: number): void {
    if (this.#closing) return;
    if (this.#claims.waiting + this.#claims.parked > 0 || !this.#exhausted) this.#dueAt(nextDueAtMs);
    this.#closing = true;
    this.#slot.onRing?.(null);
    this.#tools.slots.leave(this.#tryStart);
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
    if (this.#closing) return void this.#claim(0);
    if (this.#nextDueAtMs <= this.#tools.clock.now()) this.#nextDueAtMs = Number.POSITIVE_INFINITY;
    this.#exhausted = false;
    this.#rungMeanwhile = this.#claiming;
    this.#claimMore(inAnyCase);
  }

  #claimMore(inAnyCase = false): void {
    const wantsMore = !this.#exhausted && this.#claims.waiting < this.#share.size * 2;
    if (this.#sliceOver && this.#claims.waiting === 0) this.#close(this.#tools.clock.now());
    else if (wantsMore && !this.#sliceOver) {
      void this.#claim(Math.min(largestPage, Math.max(smallestPage, this.#share.size * 4)));
    } else if (inAnyCase || this.#settingsAreOld()) void this.#claim(0);
  }

  /** Claims a page ahead of need; with a limit of 0 it only learns whether the turn and its settings still hold. */
  async #claim(limit: number): Promise<void> {
    if (this.#claiming || (this.#closing && limit > 0)) return;
    if (this.#lease.doubted) this.#forget();
    [this.#claiming, this.#rungMeanwhile] = [true, false];
    const [answer, page] = [this.#claims.ask(), this.#places.ask(limit)];
    const askedAtMs = this.#tools.clock.now();
    const settleLease = this.#lease.asking();
    try {
      const claimed = await this.#tools.claim({
        partnerNo: this.#slot.partnerNo,
        fence: this.#lease.fence || null,
        limit,
        busyIds: [...this.#claims.busyIds],
        passOver: this.#claims.parkedEndpoints,
        from: page.from,
      });
      const held = claimed.standing === "held";
      const opens = this.#lease.fence === 0;
      settleLease(claimed);
      if (opens && this.#lease.taken) {
        this.#circuits.load(claimed.partnerNo, claimed.fence, claimed.circuits);
        this.#slot.held?.();
      }
      this.#elsewhere = claimed.standing === "elsewhere";
      if (held) await this.#settle(claimed);
      const saysAll = page.ended(claimed, answer(claimed.deliveries));
      if (claimed.nextDueAtMs !== null) this.#dueAt(claimed.nextDueAtMs);
      this.#inVain = claimed.deliveries.length === 0;
      if (limit > 0) this.#exhausted = saysAll && claimed.deliveries.length < limit && !this.#rungMeanwhile;
      if (claimed.standing === "unclear") this.#dueAt(askedAtMs + unclearMs);
      if (!held || this.#partner === null) this.#close(Number.POSITIVE_INFINITY);
      this.#claimedAtMs = this.#tools.clock.monotonicMs();
    } catch (error) {
      this.#fault = { error };
      this.#close(Number.POSITIVE_INFINITY);
    }
    this.#claiming = false;
    this.#fill();
    this.#waker.wake();
  }

  /** What was read from a server that was lost need not be in the ledger any more: it is read again before anything goes. */
  #forget(): void {
    this.#claims.letGo();
    this.#places.forget();
    this.#partner = null;
    this.#exhausted = false;
  }

  /** Takes over what a claim says of the turn and its settings. */
  async #settle({ fence, limiterCursorMs, version, partnerNo }: Claimed): Promise<void> {
    this.#pace ??= new Pace(limiterCursorMs, {
      save: (cursorMs) => this.#tools.recorder.saveCursor({ partnerNo, fence, cursorMs }),
      goOn: this.#tryStart,
    });
    if (this.#partner?.version === version) return;
    if (this.#partner) this.#places.forget(); // An endpoint may have been resumed.
    this.#partner = await this.#tools.partner(partnerNo, version);
  }

  /** Starts attempts while the share, the slots and the rate allow. */
  #fill(): void {
    const partner = this.#partner;
    if (partner === null || this.#closing || this.#slot.signal.aborted) return;
    if (this.#slot.stopping()) return this.#endSlice();
    if (!this.#lease.holds() || (this.#claims.waiting > 0 && this.#settingsAreOld()))
      return void this.#claim(0);
    while (this.#claims.waiting > 0 && this.#roomIn(partner)) {
      const delivery = this.#claims.first;
      const endpoint = partner.endpoints.get(delivery.endpointNo);
      if (endpoint && this.#circuits.room(endpoint) <= 0) {
        this.#claims.park();
        continue;
      }
      if (endpoint) {
        if (!this.#mayGo(partner) || !this.#tools.slots.take(this.#tryStart)) break;
        const permit = this.#circuits.begin(partner.id, endpoint);
        void this.#attempt({ delivery, partner, endpoint, n: delivery.attemptsMade + 1, permit });
      } else this.#claims.done(delivery.id); // deleted since it was claimed
      this.#claims.shift();
    }
    if (this.#claims.waiting === 0) this.#tools.slots.leave(this.#tryStart);
    this.#claimMore();
  }

  #settingsAreOld(): boolean {
    return this.#tools.clock.monotonicMs() - this.#claimedAtMs > settingsHoldMs;
  }

  /** Probes and ramps have limits of their own: a probe that hangs must not hold the one place of a small share. */
  #roomIn({ maxInFlight }: DispatchPartner): boolean {
    return this.#inFlight < maxInFlight && this.#inFlight - this.#circuits.inFlight < this.#share.size;
  }

  /** Whether the rate lets one more go now; if not, sees to it that the turn goes on, or closes, in time. */
  #mayGo({ rate }: DispatchPartner): boolean {
    if (rate === null || this.#pace === null) return true;
    const now = this.#tools.clock.now();
    const waitMs = this.#pace.waitMs(rate, now);
    if (waitMs === 0) return true;
    if (this.#pace.refused) this.#close(now + idleLookMs);
    else if (waitMs === Number.POSITIVE_INFINITY) return false;
    else if (waitMs > longestPermitWaitMs && this.#inFlight === 0) this.#close(now + waitMs);
    else this.#permitTimer.in(waitMs);
    return false;
  }

  async #attempt(job: Job): Promise<void> {
    this.#inFlight += 1;
    this.#lookUps.check();
    const { signal } = this.#slot;
    const attempted = await attempt(job, this.#tools, signal, this.#takePermit, this.#lookUps).catch(
      (error: unknown) => broken(job, error, this.#tools),
    );
    this.#inFlight -= 1;
    this.#lookUps.check();
    this.#tools.slots.give();
    this.#lease.used();
    this.#circuits.end(job);
    if (attempted === null) this.#claims.done(job.delivery.id);
    else this.#conclude(job, attempted);
    // A claim may have passed over the endpoint whose last parked delivery goes on now.
    if (
      this.#claims.parked > 0 &&
      this.#claims.unpark(job.endpoint.endpointNo, this.#circuits.room(job.endpoint))
    ) {
      this.#exhausted = false;
      this.#places.forget();
    }
    this.#fill();
    if (this.#inFlight === 0) this.#waker.wake();
  }

  readonly #takePermit = () => {
    if (this.#partner?.rate) this.#pace?.take(this.#partner.rate, this.#tools.clock.now());
  };

  #conclude(job: Job, ended: Attempted): void {
    const { recorder, telemetry } = this.#tools;
    const { attempted, hold } = this.#circuits.conclude(job, ended);
    this.#attempts += 1;
    if (attempted.verdict?.kind === "accepted") this.#succeeded(job.partner);
    else if (attempted.verdict?.kind === "retryable" && !job.permit) this.#share.failed();

    if (hold) {
      this.#claims.hold(hold.endpointNo);
      recorder.hold(hold, () => this.#claims.holdStored(hold.endpointNo));
    }
    const outcome = outcomeOf(job, attempted, this.#lease.fence);
    const retryAtMs = outcome.change.kind === "retry" ? outcome.change.dueAtMs : Number.POSITIVE_INFINITY;
    recorder.record(outcome, () => {
      this.#claims.done(job.delivery.id);
      // Once stored, since a claim before that would leave it out. A paused endpoint is due when it is resumed.
      this.#dueAt(hold ? (hold.untilMs ?? Number.POSITIVE_INFINITY) : retryAtMs);
      if (job.delivery.orderKey !== null) this.#nextOfKey();
      if (this.#inFlight === 0 && this.#claims.open === 0) this.#waker.wake();
    });
    if (!attempted.putBack) telemetry.attempt(attemptEvent(job, attempted, outcome));
    else if (this.#tools.leaves(this.#slot.partnerNo)) this.#close(this.#tools.clock.now());
  }

  /** A delivery with an order key was recorded: the next of its key may be due now. */
  #nextOfKey(): void {
    if (this.#closing) this.#dueAt(this.#tools.clock.now());
    else this.#lookAgain();
  }

  #succeeded({ maxInFlight }: DispatchPartner): void {
    const { company, load } = this.#tools;
    const nowMs = this.#lease.usedAtMs;
    const drained = this.#exhausted && this.#claims.waiting === 0;
    const others = !drained && company.around(this.#slot.partnerNo, nowMs);
    this.#share.succeeded(maxInFlight, others ? load.busy() : null, nowMs);
  }
}
