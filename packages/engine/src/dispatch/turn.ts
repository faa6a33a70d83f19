import { grownShare, initialShare, shrunkShare } from "../core/concurrency.ts";
import { cursorAfter, cursorReturned, permittedAtMs } from "../core/rate-limit.ts";
import type { Clock } from "../ports/clock.ts";
import type { Claimed, ClaimRequest, DueDelivery } from "../ports/ledger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TurnSlot } from "../ports/turns.ts";
import { attempt, type Attempted, type AttemptTools, type Job } from "./attempt.ts";
import { attemptEvent, holdOf, outcomeOf } from "./outcome.ts";
import type { DispatchPartner } from "./partner.ts";
import type { Recorder } from "./recorder.ts";
import type { Slots } from "./slots.ts";

/** What a turn needs of its process. */
export interface TurnTools extends AttemptTools {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly recorder: Recorder;
  readonly slots: Slots;
  /** Claims for one partner; `busyIds` are left out. Batched over all turns of the process. */
  claim(request: ClaimRequest, busyIds: Iterable<string>): Promise<Claimed>;
  /** The partner's settings at a version, cached. Null where they are gone. */
  partner(partnerNo: number, version: number): Promise<DispatchPartner | null>;
  /** Each partner's share of the process's requests in flight, kept between turns. */
  readonly shares: Map<number, number>;
}

/** After this time a turn closes if others wait, and reads its partner's settings again if none do. */
export const sliceMs = 500;
/** A turn that would wait longer than this for a permit gives its place back and is rung in time. */
const longestPermitWaitMs = 100;
/** While an answer is awaited and nothing is due, a turn looks again this often for what it was not told of. */
const idleLookMs = 500;
const smallestPage = 16;
const largestPage = 512;

/**
 * One turn: pages of due deliveries are claimed ahead of need, attempted as the share, the process's slots and the
 * rate allow, and their outcomes recorded, until the slice ends or nothing is due.
 */
export class Turn {
  readonly #slot: TurnSlot;
  readonly #tools: TurnTools;
  readonly #startedAtMs: number;
  readonly #tryStart = () => this.#fill();
  /** Claimed and not recorded: in the queue, in flight, or in the recorder's hands. */
  readonly #busy = new Set<string>();
  readonly #heldEndpoints = new Map<number, number>();

  #partner: DispatchPartner | null = null;
  #fence = 0;
  #queue: DueDelivery[] = [];
  #next = 0;
  #inFlight = 0;
  #share: number;
  #attempts = 0;
  #nextDueAtMs = Number.POSITIVE_INFINITY;

  #claiming = false;
  #exhausted = false;
  #closing = false;
  #claimedAtMs = 0;

  #cursorMs = 0;
  /** How far the ledger already lets the cursor go: permits up to here survive a crash of this process. */
  #reservedMs = 0;
  #reserving = false;
  #permitTimer: AbortController | null = null;
  #wake: () => void = () => {};

  constructor(slot: TurnSlot, tools: TurnTools) {
    this.#slot = slot;
    this.#tools = tools;
    this.#startedAtMs = tools.clock.now();
    this.#share = tools.shares.get(slot.partnerNo) ?? initialShare;
  }

  /** Runs to the end. Resolves with the time at which the partner next has work, as far as this turn knows. */
  async run(): Promise<{ readonly nextDueAtMs: number | null }> {
    await this.#claim(smallestPage);
    this.#slot.onRing?.(() => this.#lookAgain());
    while (!this.#over()) await this.#somethingHappened();
    // In the same step as the last look at the state: a ring from here on leads to another turn.
    this.#slot.onRing?.(null);
    this.#tools.slots.leave(this.#tryStart);
    this.#permitTimer?.abort();
    if (this.#partner?.rate && this.#reservedMs !== this.#cursorMs && !this.#slot.signal.aborted) {
      await this.#tools.recorder.saveCursor({ partnerNo: this.#slot.partnerNo, fence: this.#fence, cursorMs: this.#cursorMs });
    }
    this.#tools.shares.set(this.#slot.partnerNo, this.#share);
    const now = this.#tools.clock.now();
    if (this.#partner) this.#tools.telemetry.turn({ partner: this.#partner.id, attempts: this.#attempts, durationMs: now - this.#startedAtMs });
    return { nextDueAtMs: Number.isFinite(this.#nextDueAtMs) ? this.#nextDueAtMs : null };
  }

  get #waiting(): number {
    return this.#queue.length - this.#next;
  }

  #over(): boolean {
    if (this.#inFlight > 0 || this.#claiming || this.#reserving) return false;
    // What is still in the queue was claimed without a change: it stays due, and another turn will read it.
    if (this.#closing || this.#slot.signal.aborted) return this.#busy.size === this.#waiting || this.#slot.signal.aborted;
    return this.#busy.size === 0 && this.#exhausted;
  }

  /** Resolves at the next event worth looking at: an outcome stored, a claim answered, a ring, or the look-out time. */
  async #somethingHappened(): Promise<void> {
    const lookOut = new AbortController();
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        lookOut.abort();
        resolve();
      };
      void this.#tools.clock.sleep(idleLookMs, lookOut.signal).then(() => {
        if (lookOut.signal.aborted) return;
        this.#lookAgain();
        resolve();
      });
    });
    this.#endSlice();
  }

  #endSlice(): void {
    const now = this.#tools.clock.now();
    if (this.#slot.stopping() || (this.#slot.contended() && now - this.#startedAtMs > sliceMs)) this.#close(now);
  }

  /** Starts nothing more. Work that is left is due at `nextDueAtMs`. */
  #close(nextDueAtMs: number): void {
    if (!this.#closing && (this.#waiting > 0 || !this.#exhausted)) this.#nextDueAtMs = Math.min(this.#nextDueAtMs, nextDueAtMs);
    this.#closing = true;
    this.#slot.onRing?.(null);
    this.#wake();
  }

  /** There may be more work, or other settings, than the last claim told. */
  #lookAgain(): void {
    this.#endSlice();
    this.#exhausted = false;
    if (this.#waiting < this.#lowWater) void this.#claim(this.#page);
    else if (this.#tools.clock.now() - this.#claimedAtMs > sliceMs) void this.#claim(0);
  }

  get #lowWater(): number {
    return this.#share * 2;
  }

  get #page(): number {
    return Math.min(largestPage, Math.max(smallestPage, this.#share * 4));
  }

  /** Claims a page ahead of need; with a limit of 0 it only learns whether the turn and its settings still hold. */
  async #claim(limit: number): Promise<void> {
    if (this.#claiming || this.#closing) return;
    this.#claiming = true;
    try {
      const claimed = await this.#tools.claim({ partnerNo: this.#slot.partnerNo, fence: this.#fence || null, limit }, this.#busy);
      if (!(await this.#settle(claimed))) return;
      for (const delivery of claimed.deliveries) {
        if (this.#busy.has(delivery.id)) continue;
        this.#busy.add(delivery.id);
        this.#queue.push(delivery);
      }
      if (limit > 0) this.#exhausted = claimed.deliveries.length < limit;
      this.#claimedAtMs = this.#tools.clock.now();
    } catch (error) {
      this.#tools.telemetry.fault({ where: "claim", error, retryInMs: null });
      this.#close(this.#tools.clock.now() + idleLookMs);
    } finally {
      this.#claiming = false;
    }
    this.#fill();
    this.#wake();
  }

  /** Takes over what a claim says of the turn itself; false where the turn may go no further. */
  async #settle(claimed: Claimed): Promise<boolean> {
    if (!claimed.active) {
      this.#exhausted = true;
      this.#close(Number.POSITIVE_INFINITY);
      return false;
    }
    if (this.#fence === 0) {
      this.#fence = claimed.fence;
      this.#cursorMs = this.#reservedMs = claimed.limiterCursorMs;
    }
    if (this.#partner?.version !== claimed.version) this.#partner = await this.#tools.partner(this.#slot.partnerNo, claimed.version);
    return this.#partner !== null;
  }

  /** Starts attempts while the share, the slots and the rate allow. */
  #fill(): void {
    if (this.#partner === null || this.#slot.signal.aborted) return;
    while (!this.#closing && this.#waiting > 0 && this.#inFlight < Math.min(this.#share, this.#partner.maxInFlight)) {
      const job = this.#peek(this.#partner);
      if (job === null) continue;
      if (!this.#mayGo(this.#partner) || !this.#tools.slots.take(this.#tryStart)) break;
      if (this.#partner.rate) this.#cursorMs = cursorAfter(this.#partner.rate, this.#cursorMs, this.#tools.clock.now());
      this.#next += 1;
      void this.#attempt(job);
    }
    if (this.#waiting === 0) this.#tools.slots.leave(this.#tryStart);
    if (!this.#exhausted && this.#waiting < this.#lowWater) void this.#claim(this.#page);
    else if (this.#tools.clock.now() - this.#claimedAtMs > sliceMs) void this.#claim(0);
  }

  /** The next delivery with its endpoint, or null after passing over one that must wait. */
  #peek(partner: DispatchPartner): Job | null {
    const delivery = this.#queue[this.#next]!;
    if (this.#next > largestPage) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    const endpoint = partner.endpoints.get(delivery.endpointNo);
    const heldUntilMs = this.#heldEndpoints.get(delivery.endpointNo);
    if (endpoint && (heldUntilMs === undefined || heldUntilMs <= this.#tools.clock.now())) {
      return { delivery, partner, endpoint, n: delivery.attemptsMade + 1 };
    }
    this.#next += 1;
    this.#busy.delete(delivery.id);
    return null;
  }

  /** Whether the rate lets one more go now; if not, sees to it that the turn goes on, or closes, in time. */
  #mayGo({ rate }: DispatchPartner): boolean {
    if (rate === null) return true;
    const now = this.#tools.clock.now();
    const waitMs = permittedAtMs(rate, this.#cursorMs) - now;
    if (waitMs > longestPermitWaitMs) {
      this.#close(now + waitMs);
      return false;
    }
    if (waitMs > 0) {
      this.#fillAfter(waitMs);
      return false;
    }
    if (cursorAfter(rate, this.#cursorMs, now) <= this.#reservedMs) return true;
    void this.#reserve(rate.intervalMs, now);
    return false;
  }

  #fillAfter(waitMs: number): void {
    if (this.#permitTimer) return;
    const timer = new AbortController();
    this.#permitTimer = timer;
    void this.#tools.clock.sleep(Math.ceil(waitMs), timer.signal).then(() => {
      this.#permitTimer = null;
      if (!timer.signal.aborted) this.#fill();
      this.#wake();
    });
  }

  /** Moves the ledger's cursor ahead by a slice's worth of permits before any of them is used. */
  async #reserve(intervalMs: number, nowMs: number): Promise<void> {
    if (this.#reserving) return;
    this.#reserving = true;
    const permits = Math.max(1, Math.min(this.#waiting, Math.ceil((2 * sliceMs) / intervalMs) + this.#share));
    const reservedMs = Math.max(this.#cursorMs, nowMs) + permits * intervalMs + sliceMs;
    await this.#tools.recorder.saveCursor({ partnerNo: this.#slot.partnerNo, fence: this.#fence, cursorMs: reservedMs });
    this.#reservedMs = reservedMs;
    this.#reserving = false;
    this.#fill();
    this.#wake();
  }

  async #attempt(job: Job): Promise<void> {
    this.#inFlight += 1;
    const attempted = await attempt(job, this.#tools, this.#slot.signal);
    this.#inFlight -= 1;
    this.#tools.slots.give();
    if (attempted === null) this.#busy.delete(job.delivery.id);
    else this.#conclude(job, attempted);
    this.#fill();
    if (this.#inFlight === 0) this.#wake();
  }

  #conclude(job: Job, attempted: Attempted): void {
    this.#attempts += 1;
    this.#adapt(job.partner, attempted);
    const hold = holdOf(job, attempted);
    if (hold) {
      this.#heldEndpoints.set(hold.endpointNo, hold.untilMs ?? Number.POSITIVE_INFINITY);
      this.#tools.recorder.hold(hold);
    }
    const outcome = outcomeOf(job, attempted, this.#fence);
    if (outcome.change.kind === "retry" && hold?.untilMs !== null) {
      this.#nextDueAtMs = Math.min(this.#nextDueAtMs, Math.max(outcome.change.dueAtMs, hold?.untilMs ?? 0));
    }
    this.#tools.recorder.record(outcome, () => {
      this.#busy.delete(job.delivery.id);
      if (this.#inFlight === 0 && this.#busy.size === this.#waiting) this.#wake();
    });
    this.#tools.telemetry.attempt(attemptEvent(job, attempted, outcome));
  }

  #adapt({ rate, maxInFlight }: DispatchPartner, { exchange, verdict }: Attempted): void {
    if (exchange === null && rate) this.#cursorMs = cursorReturned(rate, this.#cursorMs);
    if (verdict?.kind === "accepted") this.#share = grownShare(this.#share, maxInFlight);
    else if (verdict?.kind === "retryable") this.#share = shrunkShare(this.#share);
  }
}
