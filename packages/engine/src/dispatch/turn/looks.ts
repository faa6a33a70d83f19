/** While a turn waits for an answer, it looks this often for work that it was not told of. */
export const idleLookMs = 500;
/**
 * The same, after a look that found nothing: every second one still renews the lease in time. Each partner has its own
 * step, and looks of one step share a statement: with 300 partners that do not answer, separate looks each half a second were
 * a third of all statements.
 */
const vainLookMs = 1_800;
const lookStepMs = 25;

/**
 * How long until the next look after one that found nothing.
 *
 * @param claimedAtMs when that one was answered; both times are monotonic milliseconds
 * @example vainLookInMs(3, 10_000, 9_990) // 875: the steps of partner 3 are at 75, 1,875, … 10,875
 */
export function vainLookInMs(partnerNo: number, nowMs: number, claimedAtMs: number): number {
  const stepMs = (partnerNo * lookStepMs) % vainLookMs;
  const fromMs = Math.max(nowMs + 1, claimedAtMs + lookStepMs);
  return Math.ceil((fromMs - stepMs) / vainLookMs) * vainLookMs + stepMs - nowMs;
}
