/** What the sweep does for all partners: it finds due work, moves replays on, and keeps the tables small. */

/** How long ended deliveries are kept, with their events and attempts. */
export interface Retention {
  readonly deliveredMs: number;
  /** Of those that ended otherwise; not shorter. */
  readonly undeliveredMs: number;
}

/** Due work, replays and upkeep. Used by the sweep. */
export interface SweepLedger {
  /**
   * Partners with work due until `untilMs` that no turn holds, and when. Costs one index probe per endpoint and lane
   * with waiting deliveries, whatever the size of their backlogs. `skipHeld` (default false): and none for partners that
   * a turn holds, for a read of all leases. The answer is the same.
   */
  duePartners(
    untilMs: number,
    skipHeld?: boolean,
  ): Promise<readonly { readonly partnerNo: number; readonly dueAtMs: number }[]>;
  /**
   * Moves running replays on: puts back up to `limit` deliveries each, within their rates. Also makes deliveries due
   * that are parked behind one of their order key which has ended. Resolves to partners to ring.
   */
  advanceReplays(
    limit: number,
    nowMs: number,
  ): Promise<{ readonly partnerNos: readonly number[]; readonly running: number }>;
  /**
   * Brings back what lies further ahead than its own rule could have put it: retries, holds, and what was accepted or replayed at
   * a time that is not yet. A `not_before` stays. Resolves to how many; they are due by then. Nothing is done if by the ledger's
   * clock `nowMs` is over for `staleAfterMs` (default: however old it is), or while another process does the same.
   */
  cutBack(nowMs: number, staleAfterMs?: number): Promise<number>;
  /**
   * Makes the partitions to come, removes what is past retention, ends what waits for deleted endpoints. May take
   * minutes, in steps; ends after one of them once `signal` is aborted.
   */
  keepUp(nowMs: number, retention: Retention, signal?: AbortSignal): Promise<void>;
}

/** What operators should hear of, and no outcome reports. Read by the operator checks. */
export interface WatchLedger {
  /** Active partners whose oldest due delivery, of an endpoint that is not paused or disabled, was due before `beforeMs`. */
  oldBacklogs(
    beforeMs: number,
  ): Promise<readonly { readonly partner: string; readonly oldestDueMs: number }[]>;
  /** Active partners with `silent_after` of whose deliveries none that was accepted since then is delivered. */
  silentPartners(
    nowMs: number,
  ): Promise<readonly { readonly partner: string; readonly silentAfterMs: number }[]>;
}
