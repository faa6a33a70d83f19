/**
 * Who is told what operators should hear of. Declared by dispatch; `dispatch/operator-events.ts` sends it on as
 * ordinary events, and to the log.
 */
import type { OperatorEvent } from "../core/operator-events.ts";

export interface OperatorEvents {
  /** Returns at once, and never throws: telling operators must not disturb the deliveries it is about. */
  tell(event: OperatorEvent): void;
  /** The length of the windows in which a repeated event counts as one. */
  readonly windowMs: number;
}

/** Tells nobody. */
export const noOperatorEvents: OperatorEvents = { tell() {}, windowMs: 3_600_000 };
