/**
 * Turns: the exclusive right to dispatch for one partner for a time slice. Declared by the dispatcher;
 * `turns/` has the adapters. A turn carries no data: every turn can be derived from the ledger.
 */

/** What a running turn is told by its adapter. */
export interface TurnSlot {
  readonly partnerNo: number;
  /** Aborts when the turn must end at once: the lock was lost or the process is stopping. */
  readonly signal: AbortSignal;
  /** True while other partners wait for a slot, so that a turn past its slice should close. */
  contended(): boolean;
  /** True once the process is stopping: nothing new may be started. */
  stopping(): boolean;
  /**
   * Calls back when the partner is rung while this turn is active, which the turn answers by looking again: no
   * further turn follows for that ring. After `null`, and where the adapter cannot tell, another turn follows.
   */
  onRing?(listener: (() => void) | null): void;
  /**
   * To be called when the turn has nothing to do and is kept for the partner's next ring: `yieldPlace` is called when
   * another partner wants its place. Null when it has work again.
   */
  idle?(yieldPlace: (() => void) | null): void;
  /**
   * To be called with true when all that the turn has in flight waits for name servers, and with false when that is over:
   * meanwhile another turn may have its place.
   */
  waits?(waiting: boolean): void;
  /** To be called when the ledger has said that the turn is this process's: rings may then come straight here. */
  held?(): void;
}

/** How a turn ended. */
export interface TurnEnd {
  /** When the partner next has work (epoch ms), or null. */
  readonly nextDueAtMs: number | null;
  /** Another process holds the partner's turn and was told: asking again soon is of no use. Default false. */
  readonly elsewhere?: boolean;
}

/** Runs one turn to its end. */
export type RunTurn = (slot: TurnSlot) => Promise<TurnEnd>;

export interface Turns {
  /**
   * "These partners have work": asks for a turn each. Idempotent; may be lost without harm (the sweep heals).
   * A ring during an active turn of the partner leads to one more turn after it.
   */
  ring(partnerNos: readonly number[]): void;
  /** A turn for each in this process and no other: somebody else was asked first, and cannot serve them. */
  serve(partnerNos: readonly number[]): void;
  /** Rings at a later time (epoch ms). The earliest of several wins. May be lost without harm. */
  ringAt(partnerNo: number, atMs: number): void;
  /** Tells the turns of these partners that are active in this process to look again. Leads to no turn. */
  look(partnerNos: readonly number[]): void;
  /**
   * `cluster`: a ring may lead to a turn in any process, so that one sweeps for all. `process`: only in this one. May
   * change from call to call.
   */
  reach(): "process" | "cluster";
  /** Why turns do not reach the cluster though they should, in words with the remedy; null if nothing is wrong. */
  fault(): string | null;
  /** Begins to hand out turns. */
  start(run: RunTurn): Promise<void>;
  /** Hands out no new turn, aborts the active ones after `graceMs`, and resolves when all have ended. */
  stop(graceMs: number): Promise<void>;
  /** Turns active and waiting in this process (as far as it knows), for metrics and fairness. */
  load(): { readonly active: number; readonly waiting: number };
}
