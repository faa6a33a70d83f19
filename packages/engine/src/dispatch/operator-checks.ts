import { backlogEvent, silentEvent } from "../core/operator-events.ts";
import type { WatchLedger } from "../ports/ledger.ts";
import type { OperatorEvents } from "../ports/operator-events.ts";

export interface OperatorChecksOptions {
  readonly ledger: WatchLedger;
  readonly operatorEvents: OperatorEvents;
  readonly backlogOldAfterMs: number;
}

/** Looks for old backlogs and silent partners. No outcome shows them, because there is none. */
export function createOperatorChecks({ ledger, operatorEvents, backlogOldAfterMs }: OperatorChecksOptions) {
  const { windowMs } = operatorEvents;
  return async (nowMs: number): Promise<void> => {
    for (const { partner, oldestDueMs } of await ledger.oldBacklogs(nowMs - backlogOldAfterMs))
      operatorEvents.tell(backlogEvent(partner, oldestDueMs, windowMs, nowMs));
    for (const { partner, silentAfterMs } of await ledger.silentPartners(nowMs))
      operatorEvents.tell(silentEvent(partner, silentAfterMs, windowMs, nowMs));
  };
}
