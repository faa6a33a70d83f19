/**
 * How many requests a partner may have in flight in this process: its share. It starts small, grows by one with each
 * success (so it doubles per round trip), halves with each failure, and never falls below one, so a dead partner
 * holds a sliver of the process and a healthy one gets what it can take. Additive increase, multiplicative decrease:
 * Chiu and Jain, 1989.
 */
export const initialShare = 2;

/** The share after a request that the partner answered well. */
export function grownShare(share: number, maxInFlight: number): number {
  return Math.min(share + 1, maxInFlight);
}

/** The share after a request that failed or was told to slow down. */
export function shrunkShare(share: number): number {
  return Math.max(1, Math.floor(share / 2));
}

/** Below this the process has room, and a backlog drains as fast as its partner takes it. */
const calm = 0.3;
const [roomy, crowded] = [0.5, 0.6] as const;
/** Between two changes of a share in a process that others use too: the load must answer before the next. */
export const crowdedStepMs = 50;

/**
 * The share of a partner with a backlog while others are active, after a success: it stops growing before the process
 * is full, because what the event loop works through for one partner the others wait for. Measured: one partner
 * draining 100,000 deliveries over 64 connections put 11 ms of loop time before everybody else's every step.
 *
 * @param busy how busy the process is, 0 to 1
 * @param stepDue whether `crowdedStepMs` have passed since the last change
 */
export function sharedShare(share: number, maxInFlight: number, busy: number, stepDue: boolean): number {
  if (busy < calm) return grownShare(share, maxInFlight);
  if (!stepDue) return share;
  if (busy > crowded) return Math.max(1, Math.floor(share * 0.75));
  return busy < roomy ? grownShare(share, maxInFlight) : share;
}
