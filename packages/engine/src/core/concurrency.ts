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
