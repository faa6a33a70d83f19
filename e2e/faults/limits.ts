import { type Sent, transitMs, worstExcess } from "./checks.ts";
import type { Receipt } from "./sink-process.ts";

/** How a partner's limit was kept, twice: by the ledger's times of sending and by the sink's times of arrival. */
export interface LimitFigures {
  readonly fullestWindowExcess: number;
  readonly fullestWindowExcessAtArrival: number;
  /** The longest that a recorded request took from its sending to the sink's clock, in ms. */
  readonly longestTransitMs: number;
}

/** Times in the ledger are whole milliseconds. */
const ledgerJitterMs = 1;
const least = 20;

/**
 * Requests that a worker lost with its life are among the arrivals alone. Arrivals may be closer together than
 * the requests were sent by as much as the slowest of the recorded ones was late: that is allowed for, and shown.
 */
export function limitFigures(
  sent: readonly Sent[],
  receipts: readonly Receipt[],
  rate: { readonly perSecond: number; readonly burst: number },
): LimitFigures {
  const transit = Math.max(least, ...transitMs(sent, receipts));
  const rounded = (excess: number) => Math.round(excess * 100) / 100;
  return {
    fullestWindowExcess: rounded(
      worstExcess(
        sent.map(({ atMs }) => atMs),
        rate,
        ledgerJitterMs,
      ),
    ),
    fullestWindowExcessAtArrival: rounded(
      worstExcess(
        receipts.map(({ atMs }) => atMs),
        rate,
        transit,
      ),
    ),
    longestTransitMs: Math.round(transit),
  };
}

/** Whole requests over the limit, for the table; 0 or less is right. */
export function overLimit({ fullestWindowExcess, fullestWindowExcessAtArrival }: LimitFigures): number {
  return Math.ceil(Math.max(fullestWindowExcess, fullestWindowExcessAtArrival));
}
