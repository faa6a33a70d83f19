import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { RunTurn, TurnEnd, TurnSlot } from "../ports/turns.ts";

/** The turns of this process: at most one per partner and `maxActive` in all, in the order in which they were asked for. */
export interface TurnRunner {
  readonly active: number;
  /** Active, not kept for the partner's next ring, and not waiting for name servers. */
  readonly busy: number;
  /** Partners that wait for a turn. */
  readonly waiting: number;
  readonly stopping: boolean;
  /** Takes no turn before this. */
  begin(run: RunTurn): void;
  /** A turn for each as soon as there is room. One that is active is told, and a partner that rests waits for its time. */
  serve(partnerNos: Iterable<number>): void;
  /**
   * True if nothing is left to do for a ring: a turn of the partner is active here and was told, or waits, or the
   * partner rests and is rung at the end of it.
   */
  takes(partnerNo: number): boolean;
  /** Tells an active turn to look again, and nothing else. */
  look(partnerNo: number): void;
  /** True if a turn of the partner is active and known to be this process's. */
  holds(partnerNo: number): boolean;
  /** Partners that still wait, which begin here no more. */
  letGo(): readonly number[];
  /** Tells the active turns, aborts them after `graceMs`, and resolves when all have ended. */
  stop(graceMs: number): Promise<void>;
}

export interface TurnRunnerOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly maxActive: number;
  /** True while others wait for a turn that this process does not know of. Default: never. */
  readonly othersWait?: () => boolean;
  /** The turn is this process's: told when its claim has said so. */
  readonly onHeld?: (partnerNo: number) => void;
  /** The partner was rung when its turn no longer listened. */
  readonly onRung: (partnerNo: number) => void;
  /** The partner next has work, or ends its rest, at this time (epoch ms), which may be now. */
  readonly onDue: (partnerNo: number, atMs: number) => void;
  /** A turn ended or could begin: there may be room. */
  readonly onRoom?: () => void;
}

interface ActiveTurn {
  /** Rung while active and nobody took notice: one more turn follows. */
  rung: boolean;
  /** Its claim has said that it is this process's. */
  held: boolean;
  listener: (() => void) | null;
}

interface Rest {
  readonly waitMs: number;
  /** In the clock's monotonic time. */
  readonly untilMs: number;
  /** After a turn that failed: the next failure doubles the wait. */
  readonly failed: boolean;
}

/** A turn that failed is tried again after the first wait, which doubles with each failure up to the last. */
const firstFaultWaitMs = 100;
const lastFaultWaitMs = 5_000;
/** Most turns that only wait for name servers and leave their places to others: each holds what it claimed. */
const mostParked = 2_000;
/** The holder of a turn was told of new work: another ring within this time would only have it told again. */
const elsewhereWaitMs = 50;

/**
 * Which partners rest. A flood of rings must not cause a flood of failed turns, or of questions for a turn that
 * another process holds.
 */
function createRests(clock: Clock) {
  const rests = new Map<number, Rest>();
  return {
    /** The time (epoch ms) until which a partner rests; null if it does not. */
    untilMs(partnerNo: number): number | null {
      const rest = rests.get(partnerNo);
      if (rest === undefined) return null;
      const leftMs = rest.untilMs - clock.monotonicMs();
      if (leftMs > 0) return clock.now() + leftMs;
      if (!rest.failed) rests.delete(partnerNo);
      return null;
    },
    elsewhere(partnerNo: number): void {
      const untilMs = clock.monotonicMs() + elsewhereWaitMs;
      rests.set(partnerNo, { waitMs: elsewhereWaitMs, untilMs, failed: false });
    },
    failed(partnerNo: number): { readonly first: boolean; readonly waitMs: number } {
      const before = rests.get(partnerNo);
      const first = !before?.failed;
      const waitMs = first ? firstFaultWaitMs : Math.min(before.waitMs * 2, lastFaultWaitMs);
      rests.set(partnerNo, { waitMs, untilMs: clock.monotonicMs() + waitMs, failed: true });
      return { first, waitMs };
    },
    over: (partnerNo: number) => void rests.delete(partnerNo),
  };
}

/** Turns that only wait for name servers, at most `most`. */
function createParked(most: number) {
  const parked = new Set<number>();
  return {
    get size() {
      return parked.size;
    },
    /** True if there is more room now. */
    set(partnerNo: number, waiting: boolean): boolean {
      if (!waiting) parked.delete(partnerNo);
      if (!waiting || parked.has(partnerNo) || parked.size >= most) return false;
      parked.add(partnerNo);
      return true;
    },
    delete: (partnerNo: number) => void parked.delete(partnerNo),
  };
}

export function createTurnRunner(options: TurnRunnerOptions): TurnRunner {
  return new Runner(options);
}

class Runner implements TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #active = new Map<number, ActiveTurn>();
  readonly #waiting = new Set<number>();
  readonly #rests: ReturnType<typeof createRests>;
  /** Turns with nothing to do, those that have been so for longest first. */
  readonly #idle = new Map<number, () => void>();
  readonly #yielding = new Set<number>();
  readonly #parked = createParked(mostParked);
  readonly #aborted = new AbortController();
  readonly #ended = new Set<() => void>();
  #run: RunTurn | null = null;
  #stopping = false;

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
    this.#rests = createRests(options.clock);
  }

  get active(): number {
    return this.#active.size;
  }

  get busy(): number {
    return this.#active.size - this.#idle.size - this.#yielding.size - this.#parked.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  begin(run: RunTurn): void {
    this.#run = run;
    this.#fillUp();
  }

  serve(partnerNos: Iterable<number>): void {
    for (const partnerNo of partnerNos) if (!this.takes(partnerNo)) this.#waiting.add(partnerNo);
    this.#fillUp();
  }

  takes(partnerNo: number): boolean {
    if (this.#tell(partnerNo) || this.#waiting.has(partnerNo)) return true;
    const untilMs = this.#rests.untilMs(partnerNo);
    if (untilMs !== null) this.#options.onDue(partnerNo, untilMs);
    return untilMs !== null;
  }

  look(partnerNo: number): void {
    this.#active.get(partnerNo)?.listener?.();
  }

  holds(partnerNo: number): boolean {
    return this.#active.get(partnerNo)?.held ?? false;
  }

  letGo(): readonly number[] {
    const left = [...this.#waiting];
    this.#waiting.clear();
    return left;
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    for (const turn of this.#active.values()) turn.listener?.();
    if (this.#active.size === 0) return;
    const over = new AbortController();
    const allEnded = new Promise<void>((resolve) => this.#ended.add(resolve)).then(() => over.abort());
    await Promise.race([allEnded, this.#options.clock.sleep(graceMs, over.signal)]);
    this.#aborted.abort();
    await allEnded;
  }

  /** True if a turn of the partner is active, which then knows of the ring. */
  #tell(partnerNo: number): boolean {
    const turn = this.#active.get(partnerNo);
    if (!turn) return false;
    if (turn.listener) turn.listener();
    else turn.rung = true;
    return true;
  }

  #fillUp(): void {
    if (this.#run === null || this.#stopping) return;
    for (const partnerNo of this.#waiting) {
      if (this.#active.size - this.#parked.size >= this.#options.maxActive) return this.#makeRoom();
      this.#waiting.delete(partnerNo);
      void this.#runOne(partnerNo, this.#run);
    }
    this.#options.onRoom?.();
  }

  /** Has as many turns with nothing to do end as partners wait. */
  #makeRoom(): void {
    for (const [partnerNo, yieldPlace] of this.#idle) {
      if (this.#yielding.size >= this.#waiting.size) return;
      this.#idle.delete(partnerNo);
      this.#yielding.add(partnerNo);
      yieldPlace();
    }
  }

  async #runOne(partnerNo: number, run: RunTurn): Promise<void> {
    const turn: ActiveTurn = { rung: false, held: false, listener: null };
    this.#active.set(partnerNo, turn);
    let nextDueAtMs: number | null;
    try {
      nextDueAtMs = this.#endWell(partnerNo, await run(this.#slotOf(partnerNo, turn)));
    } catch (error) {
      nextDueAtMs = this.#restAfter(partnerNo, error);
    }
    this.#active.delete(partnerNo);
    this.#idle.delete(partnerNo);
    this.#yielding.delete(partnerNo);
    this.#parked.delete(partnerNo);
    if (this.#active.size === 0) for (const say of this.#ended) say();
    if (nextDueAtMs !== null) this.#options.onDue(partnerNo, nextDueAtMs);
    if (turn.rung) this.#options.onRung(partnerNo);
    this.#fillUp();
  }

  /** When the partner next has work. */
  #endWell(partnerNo: number, { nextDueAtMs, elsewhere }: TurnEnd): number | null {
    if (elsewhere) this.#rests.elsewhere(partnerNo);
    else this.#rests.over(partnerNo);
    return nextDueAtMs;
  }

  /** When a turn that failed is tried again. */
  #restAfter(partnerNo: number, error: unknown): number {
    const { clock, telemetry } = this.#options;
    const { first, waitMs } = this.#rests.failed(partnerNo);
    if (first && !this.#stopping) telemetry.fault({ where: "turn", error, retryInMs: waitMs });
    return clock.now() + waitMs;
  }

  #slotOf(partnerNo: number, turn: ActiveTurn): TurnSlot {
    return {
      partnerNo,
      signal: this.#aborted.signal,
      contended: () => this.#waiting.size > 0 || (this.#options.othersWait?.() ?? false),
      stopping: () => this.#stopping,
      onRing(listener) {
        turn.listener = listener;
        if (listener && turn.rung) {
          turn.rung = false;
          listener();
        }
      },
      idle: (yieldPlace) => {
        this.#idle.delete(partnerNo);
        if (yieldPlace) this.#idle.set(partnerNo, yieldPlace);
      },
      waits: (waiting) => this.#parked.set(partnerNo, waiting) && this.#fillUp(),
      held: () => {
        turn.held = true;
        this.#options.onHeld?.(partnerNo);
      },
    };
  }
}
